"""Stands in for `az` where azure-cli is not installed: reads the commands that our errors and documents print and sends
the requests that azure-cli 2.91 sends for them. What it does not know it refuses, as az refuses a misspelling.

Run as a program; state (the cloud, the token) is in AZURE_CONFIG_DIR. Only what our texts use is here.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import ssl
import sys
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

STATE = Path(os.environ.get("AZURE_CONFIG_DIR", ".az")) / "stand-in.json"
COMPUTE, RESOURCES, LOCKS, ROLES = "2024-03-02", "2022-09-01", "2020-05-01", "2022-04-01"
PATIENCE = 120.0
_OF_URLS = "!#$%&'()*+,/:;=?@[]~"  # all else in what was typed is quoted


class Refused(Exception):
    """What az prints to stderr before it exits with 1."""


def state() -> dict[str, Any]:
    return json.loads(STATE.read_text()) if STATE.exists() else {}


def keep(**changes: Any) -> None:
    STATE.parent.mkdir(parents=True, exist_ok=True)
    STATE.write_text(json.dumps({**state(), **changes}))


def send(method: str, path: str, body: Any = None, *, version: str = "", **query: str) -> Any:
    """One request with the token of whoever signed in, and the result of what it begins."""
    base = state()["clouds"][state()["cloud"]]
    url = path if path.startswith("http") else f"{base}{path}"
    if version:
        query["api-version"] = version
    try:
        return ask(method, url, query, body, Authorization=f"Bearer {state()['token']}")
    except urllib.error.HTTPError as refusal:
        error = json.loads(refusal.read())["error"]
        raise Refused(f"({error['code']}) {error['message']}") from refusal


def ask(method: str, url: str, query: dict[str, str], body: Any = None, **headers: str) -> Any:
    """By the standard library: each command is a process of its own, and `requests` takes three times as long to
    import. Raises HTTPError."""
    whole = quote(url, safe=_OF_URLS) + (f"{'&' if '?' in url else '?'}{urlencode(query)}" if query else "")
    content = None if body is None else json.dumps(body).encode()
    headers |= {} if content is None else {"Content-Type": "application/json"}
    request = urllib.request.Request(whole, content, headers, method=method)
    trusted = ssl.create_default_context(cafile=os.environ.get("REQUESTS_CA_BUNDLE"))
    with urllib.request.urlopen(request, timeout=60, context=trusted) as answer:
        text = answer.read()
    return json.loads(text) if text else None


def subscription() -> str:
    return str(state()["subscriptions"][0])


def group(name: str) -> str:
    return f"/subscriptions/{subscription()}/resourceGroups/{name}"


# ---------------------------------------------------------------- commands: what each takes, and what it sends


def cloud_register(given: argparse.Namespace) -> None:
    keep(clouds={**state().get("clouds", {}), given.name: given.endpoint_resource_manager.rstrip("/")})


def cloud_set(given: argparse.Namespace) -> None:
    keep(cloud=given.name)


def login(given: argparse.Namespace) -> Any:
    assert given.identity, "only a managed identity signs in here"
    front_door = state()["clouds"][state()["cloud"]]
    query = {"resource": front_door, "api-version": "2019-08-01"}
    secret = {"X-IDENTITY-HEADER": os.environ["IDENTITY_HEADER"]}
    keep(token=ask("GET", os.environ["IDENTITY_ENDPOINT"], query, **secret)["access_token"])
    found = send("GET", "/subscriptions", version="2022-12-01")["value"]
    keep(subscriptions=[each["subscriptionId"] for each in found])
    return found


def account_list(_given: argparse.Namespace) -> Any:
    return send("GET", "/subscriptions", version="2022-12-01")["value"]


def list_locations(_given: argparse.Namespace) -> Any:
    return send("GET", f"/subscriptions/{subscription()}/locations", version="2022-12-01")["value"]


def provider_register(given: argparse.Namespace) -> Any:
    return send("POST", f"/subscriptions/{subscription()}/providers/{given.namespace}/register", version=RESOURCES)


def provider_show(given: argparse.Namespace) -> Any:
    return send("GET", f"/subscriptions/{subscription()}/providers/{given.namespace}", version=RESOURCES)


def group_create(given: argparse.Namespace) -> Any:
    return send("PUT", group(given.name), {"location": given.location}, version=RESOURCES)


def disk_list(given: argparse.Namespace) -> Any:
    return send("GET", f"{group(given.resource_group)}/providers/Microsoft.Compute/disks", version=COMPUTE)["value"]


def disk_create(given: argparse.Namespace) -> Any:
    path = f"{group(given.resource_group)}/providers/Microsoft.Compute/disks/{given.name}"
    data = {"createOption": "Copy", "sourceResourceId": given.source}
    return send("PUT", path, {"location": given.location, "properties": {"creationData": data}}, version=COMPUTE)


def disk_show(given: argparse.Namespace) -> Any:
    path = f"{group(given.resource_group)}/providers/Microsoft.Compute/disks/{given.name}"
    return send("GET", path, version=COMPUTE)


def disk_wait(given: argparse.Namespace) -> None:
    """What is not there yet is waited for, as az does."""
    assert given.created

    def found() -> Any:
        try:
            return disk_show(given)
        except Refused as refusal:
            if "ResourceNotFound" in str(refusal):
                return None
            raise

    until(found, "provisioningState=='Succeeded'", within="properties")


def snapshot_list(given: argparse.Namespace) -> Any:
    scope = group(given.resource_group) if given.resource_group else f"/subscriptions/{subscription()}"
    return send("GET", f"{scope}/providers/Microsoft.Compute/snapshots", version=COMPUTE)["value"]


def resource_create(given: argparse.Namespace) -> Any:
    body = {"location": given.location, "properties": json.loads(given.properties)}
    return send("PUT", given.id, body, version=given.api_version)


def resource_show(given: argparse.Namespace) -> Any:
    return send("GET", given.ids, version=given.api_version)


def resource_wait(given: argparse.Namespace) -> None:
    until(lambda: send("GET", given.ids, version=given.api_version), given.custom)


def resource_list(given: argparse.Namespace) -> Any:
    kind = f"resourceType eq '{given.resource_type}'" if given.resource_type else ""
    return send("GET", f"/subscriptions/{subscription()}/resources", version=RESOURCES, **{"$filter": kind})["value"]


def tag_create(given: argparse.Namespace) -> Any:
    tags = dict(pair.split("=", 1) for pair in given.tags.split())
    path = f"{given.resource_id}/providers/Microsoft.Resources/tags/default"
    return send("PUT", path, {"properties": {"tags": tags}}, version=RESOURCES)


def rest(given: argparse.Namespace) -> Any:
    body = given.body
    if body and body.startswith("@"):
        body = Path(body[1:]).read_text()
    return send(given.method.upper(), given.url, json.loads(body) if body else None)


def role_assignment_create(given: argparse.Namespace) -> Any:
    """The role is looked up by its name where the assignment is to be, as az does."""
    definitions = f"{given.scope}/providers/Microsoft.Authorization/roleDefinitions"
    found = send("GET", definitions, version=ROLES, **{"$filter": f"roleName eq '{given.role}'"})["value"]
    if len(found) != 1:
        raise Refused(f"{len(found)} roles are named '{given.role}'.")
    properties = {
        "roleDefinitionId": found[0]["id"],
        "principalId": given.assignee_object_id,
        "principalType": given.assignee_principal_type,
    }
    path = f"{given.scope}/providers/Microsoft.Authorization/roleAssignments/{uuid.uuid4()}"
    return send("PUT", path, {"properties": properties}, version=ROLES)


def lock_delete(given: argparse.Namespace) -> None:
    send("DELETE", given.ids, version=LOCKS)


COMMANDS: dict[str, tuple[Callable[[argparse.Namespace], Any], str, str]] = {
    # words: what it does, options that are needed, options that may be given
    "cloud register": (
        cloud_register,
        "name endpoint-resource-manager",
        "skip-endpoint-discovery! endpoint-active-directory endpoint-active-directory-resource-id",
    ),
    "cloud set": (cloud_set, "name", ""),
    "login": (login, "identity!", ""),
    "account list": (account_list, "", ""),
    "account list-locations": (list_locations, "", ""),
    "provider register": (provider_register, "namespace", ""),
    "provider show": (provider_show, "namespace", ""),
    "group create": (group_create, "name location", ""),
    "disk create": (disk_create, "resource-group name location source", ""),
    "disk list": (disk_list, "resource-group", ""),
    "disk show": (disk_show, "resource-group name", ""),
    "disk wait": (disk_wait, "resource-group name created!", "interval"),
    "snapshot list": (snapshot_list, "", "resource-group"),
    "resource create": (resource_create, "id api-version location properties", ""),
    "resource list": (resource_list, "", "resource-type"),
    "tag create": (tag_create, "resource-id tags", ""),
    "resource show": (resource_show, "ids api-version", ""),
    "resource wait": (resource_wait, "ids api-version custom", "interval"),
    "rest": (rest, "method url", "body resource"),
    "role assignment create": (role_assignment_create, "role scope assignee-object-id assignee-principal-type", ""),
    "lock delete": (lock_delete, "ids", ""),
}


# ---------------------------------------------------------------- what is printed


def until(read: Callable[[], Any], condition: str, *, within: str = "") -> None:
    """Reads until `a.b=='c'` holds."""
    match = re.fullmatch(r"([\w.]+)=='([^']*)'", condition)
    assert match is not None, condition
    ends = time.monotonic() + PATIENCE
    while search(read(), f"{within}.{match[1]}".strip(".")) != match[2]:
        if time.monotonic() > ends:
            raise Refused(f"{condition} did not come true in {PATIENCE} s")
        time.sleep(0.5)


def search(value: Any, query: str) -> Any:
    """The few forms of JMESPath that our documents use; anything else fails."""
    for part in query.split(" | "):
        for step in re.findall(r"\{[^}]*\}|\[[^\]]*\]|\w+", part):
            value = _step(value, step)
    return value


def _step(value: Any, step: str) -> Any:
    if isinstance(value, list) and not step.startswith("["):
        return [_step(each, step) for each in value]
    if step.startswith("{"):
        fields = (pair.split(":") for pair in step[1:-1].split(","))
        return {name.strip(): search(value, path.strip()) for name, path in fields}
    if step == "[]":
        return value
    if match := re.fullmatch(r"\[(\d+)\]", step):
        return value[int(match[1])] if int(match[1]) < len(value) else None
    if match := re.fullmatch(r"\[\?([\w.]+)=='([^']*)'\]", step):
        return [each for each in value if search(each, match[1]) == match[2]]
    return value.get(step) if isinstance(value, dict) else None


def shown(value: Any, output: str) -> str:
    if value is None or output == "none":
        return ""
    if output == "json":
        return json.dumps(value, indent=2)
    rows = value if isinstance(value, list) else [value]
    return "\n".join("\t".join(map(str, row.values())) if isinstance(row, dict) else str(row) for row in rows)


def parser_of(words: str) -> argparse.ArgumentParser:
    _, needed, free = COMMANDS[words]
    parser = argparse.ArgumentParser(prog=f"az {words}", allow_abbrev=False)
    for option in (*needed.split(), *free.split()):
        kind: dict[str, Any] = {"action": "store_true"} if option.endswith("!") else {}
        parser.add_argument(f"--{option.rstrip('!')}", required=option in needed.split(), **kind)
    parser.add_argument("--query")
    parser.add_argument("--output", default="json")
    return parser


def words_of(arguments: list[str]) -> str:
    """The longest command that the arguments begin with, or ""."""
    leading = arguments[: next((at for at, each in enumerate(arguments) if each.startswith("-")), len(arguments))]
    return " ".join(leading) if " ".join(leading) in COMMANDS else ""


def main(arguments: list[str]) -> int:
    words = words_of(arguments)
    if not words:
        print(f"'{' '.join(arguments)}' is misspelled or not recognized.", file=sys.stderr)
        return 2
    given = parser_of(words).parse_args(arguments[len(words.split()) :])
    try:
        value = COMMANDS[words][0](given)
    except Refused as refusal:
        print(f"ERROR: {refusal}", file=sys.stderr)
        return 1
    text = shown(search(value, given.query) if given.query else value, given.output)
    if text:
        print(text)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
