"""Azure's errors, one function each, in the words in which they were recorded or reported.

Where the real code is not known (COVERAGE.md lists them), `not_allowed` answers 409 OperationNotAllowed with
wording of our own: Compute uses that code for conflicts and limits.
"""

from __future__ import annotations

import time

from infra.local.arm.wire import ArmError, stamp

LOGIN = "https://login.windows.net/"


def resource_not_found(type_name: str, name: str, group: str) -> ArmError:
    message = (
        f"The Resource '{type_name}/{name}' under resource group '{group}' was not found. "
        "For more details please go to https://aka.ms/ARMResourceNotFoundFix"
    )
    return ArmError(404, "ResourceNotFound", message, gateway=True)


def group_not_found(group: str) -> ArmError:
    return ArmError(404, "ResourceGroupNotFound", f"Resource group '{group}' could not be found.", gateway=True)


def subscription_not_found(subscription: str) -> ArmError:
    message = f"The subscription '{subscription}' could not be found."
    return ArmError(404, "SubscriptionNotFound", message, gateway=True)


def source_not_found(kind: str, name: str) -> ArmError:
    return ArmError(404, "NotFound", f"{kind.capitalize()} {name} is not found.")


def operation_not_found() -> ArmError:
    return ArmError(404, "NotFound", "The entity was not found in this Azure location.")


def unknown_type(resource_type: str, namespace: str, api_version: str) -> ArmError:
    message = (
        f"Resource type '{resource_type}' of provider namespace '{namespace}' was not found in global location for "
        f"api version '{api_version}'."
    )
    return ArmError(404, "InvalidResourceType", message, gateway=True)


def method_not_allowed(method: str) -> ArmError:
    message = f"The requested resource does not support http method '{method}'."
    return ArmError(405, "HttpMethodNotAllowed", message, gateway=True)


def missing_api_version(seen: str) -> ArmError:
    if not seen:
        message = "The api-version query parameter (?api-version=) is required for all requests."
        return ArmError(400, "MissingApiVersionParameter", message, gateway=True)
    return ArmError(400, "InvalidApiVersionParameter", f"The api-version '{seen}' is invalid.", gateway=True)


def unauthenticated(code: str, message: str) -> ArmError:
    challenge = f'Bearer authorization_uri="{LOGIN}", error="invalid_token", error_description="{message}"'
    return ArmError(401, code, message, gateway=True, headers={"WWW-Authenticate": challenge})


def authorization_failed(principal: str, action: str, scope: str) -> ArmError:
    message = (
        f"The client '{principal}' with object id '{principal}' does not have authorization to perform action "
        f"'{action}' over scope '{scope}' or the scope is invalid. If access was recently granted, please refresh "
        "your credentials."
    )
    return ArmError(403, "AuthorizationFailed", message, gateway=True)


def linked_authorization_failed(principal: str, action: str, scope: str, link: str, linked_scope: str) -> ArmError:
    message = (
        f"The client '{principal}' with object id '{principal}' has permission to perform action '{action}' on scope "
        f"'{scope}'; however, it does not have permission to perform action '{link}' on the linked scope(s) "
        f"'{linked_scope}' or the linked scope(s) are invalid."
    )
    return ArmError(403, "LinkedAuthorizationFailed", message, gateway=True)


def scope_locked(scope: str, verb: str, locked: str) -> ArmError:
    message = (
        f"The scope '{scope}' cannot perform {verb} operation because following scope(s) are locked: '{locked}'. "
        "Please remove the lock and try again."
    )
    return ArmError(409, "ScopeLocked", message, gateway=True)


def disallowed_by_policy(name: str) -> ArmError:
    assignment = "/providers/Microsoft.Authorization/policyAssignments/simulated"
    definition = "/providers/Microsoft.Authorization/policyDefinitions/simulated"
    identifiers = (
        f'[{{"policyAssignment":{{"name":"simulated","id":"{assignment}"}},'
        f'"policyDefinition":{{"name":"simulated","id":"{definition}"}}}}]'
    )
    violation = {
        "type": "PolicyViolation",
        "info": {
            "policyAssignmentId": assignment,
            "policyAssignmentName": "simulated",
            "policyDefinitionId": definition,
            "policyDefinitionName": "simulated",
            "policyDefinitionEffect": "deny",
        },
    }
    message = f"Resource '{name}' was disallowed by policy. Policy identifiers: '{identifiers}'."
    return ArmError(403, "RequestDisallowedByPolicy", message, gateway=True, target=name, additional=[violation])


def invalid_parameter(target: str, message: str) -> ArmError:
    return ArmError(400, "InvalidParameter", message, target=target)


def missing_parameter(target: str) -> ArmError:
    return invalid_parameter(target, f"Required parameter '{target}' is missing (null).")


def bad_request(message: str) -> ArmError:
    return ArmError(400, "BadRequest", message)


def source_changed(name: str) -> ArmError:
    # Azure says "disk" for snapshots too.
    message = f"Changing property 'sourceResourceId' is not allowed for existing disk '{name}'."
    return ArmError(400, "BadRequest", message)


def location_changed(name: str, present: str, group: str, wished: str) -> ArmError:
    message = (
        f"The resource '{name}' already exists in location '{present}' in resource group '{group}'. "
        f"A resource with the same name cannot be created in location '{wished}'. Please select a new resource name."
    )
    return ArmError(409, "InvalidResourceLocation", message, gateway=True)


def too_many_snapshots() -> ArmError:
    """Code and text reported (Azure/azure-sdk-for-python#14282, of an operation that failed); the status remembered."""
    message = "The snapshot count was exceeded for a disk. Please retry the request after sometime."
    return ArmError(409, "SnapshotsLimitReached", message)


def over_quota(counter: str, location: str, limit: int) -> ArmError:
    """The wording for cores [reported: google/cloud-forensics-utils#488]; that disks and snapshots have it too is
    remembered."""
    message = (
        f"Operation could not be completed as it results in exceeding approved {counter} quota. Additional details - "
        f"Deployment Model: Resource Manager, Location: {location}, Current Limit: {limit}, Current Usage: {limit}, "
        f"Additional Required: 1, (Minimum) New Limit Required: {limit + 1}."
    )
    return not_allowed(message)


def not_allowed(message: str) -> ArmError:
    return ArmError(409, "OperationNotAllowed", message)


def copy_starts_limit(limit: int, location: str) -> ArmError:
    """Reported are the words "CopyStart requests limit" (ruifelixpereira/azure-snapshots-control-plane); the code is
    not known."""
    return not_allowed(
        f"The CopyStart requests limit of {limit} for location {location} is reached. Try again when one is complete."
    )


def access_granted(kind: str, name: str) -> ArmError:
    """In the words that are documented of disk restore points; their own code is another."""
    message = f"There is an active shared access signature outstanding for {kind} {name}."
    return not_allowed(f"{message} Call EndGetAccess before deleting the {kind}.")


def wrong_place() -> ArmError:
    """A snapshot in another region than its disk [reported: Azure/azure-cli#22370, which shows no target]."""
    return ArmError(400, "InvalidParameter", "Entity not of expected type")


def unknown_sku(sku: str) -> ArmError:
    """Reported: ansible-collections/azure#792."""
    return invalid_parameter("sku", f"SKU {sku} is not available.")


def sku_elsewhere(sku: str, offered: list[str]) -> ArmError:
    """The text is reported (hashicorp/terraform-provider-azurerm#18520, Azure/azure-cli#22732), its code remembered."""
    message = (
        f"SKU {sku} is not supported for resource type Disk in this region. Supported SKUs for this region are "
        f"{','.join(offered)}"
    )
    return invalid_parameter("sku", message)


def attached(name: str, machine: str) -> ArmError:
    return not_allowed(f"Disk {name} is attached to VM {machine}.")


def not_imitated(what: str) -> ArmError:
    return ArmError(501, "NotImitated", f"The simulator does not imitate {what}; see COVERAGE.md.")


def arm_throttled(
    *, verb: str, subscription: str, limit: int, interval_seconds: float, retry_after: int | None
) -> ArmError:
    wait = retry_after if retry_after is not None else 1
    interval = time.strftime("%H:%M:%S", time.gmtime(interval_seconds))
    message = (
        f"Number of {verb} requests for subscription '{subscription}' exceeded the limit of '{limit}' for time "
        f"interval '{interval}'. Please try again after '{wait}' seconds."
    )
    headers = _retry_after(retry_after)
    return ArmError(429, "SubscriptionRequestsThrottled", message, gateway=True, headers=headers)


def compute_throttled(
    *, policy: str, start: float, end: float, limit: int, measured: int, retry_after: int | None
) -> ArmError:
    """`policy` with its window, such as 'HighCostGet30Min'. `start` and `end` bound the window, in seconds."""
    counted = (
        f'{{"operationGroup":"{policy}","startTime":"{stamp(start)}","endTime":"{stamp(end)}",'
        f'"allowedRequestCount":{limit},"measuredRequestCount":{measured}}}'
    )
    headers = {**_retry_after(retry_after), "x-ms-ratelimit-remaining-resource": f"Microsoft.Compute/{policy};0"}
    message = "The server rejected the request because too many requests have been received for this subscription."
    details = [{"code": "TooManyRequests", "target": policy, "message": counted}]
    return ArmError(429, "OperationNotAllowed", message, details=details, headers=headers)


def _retry_after(seconds: int | None) -> dict[str, str]:
    return {} if seconds is None else {"Retry-After": str(seconds)}
