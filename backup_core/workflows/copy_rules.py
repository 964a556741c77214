"""Copy rules of a vault: written into its own record, where whoever records a point finds them, and looked at before
anything is to be copied by them: what is missing in the other region is found when a rule is made, not at night.

Leaves to others: what a rule says (domain/copying.py), and copying (workflows/copying.py).
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from backup_core.domain import permissions as rights
from backup_core.domain import validation as rules
from backup_core.domain.acting import Place, check_bounds
from backup_core.domain.copying import CopyRule, check_beside, find_rule, shortened
from backup_core.domain.errors import Fault, InvalidInput, NotFound
from backup_core.domain.guard import Critical
from backup_core.domain.instance import BackupInstance
from backup_core.domain.policy import BackupPolicy
from backup_core.domain.recovery_point import RecoveryPoint
from backup_core.domain.resource_ids import VaultKey, parse_group_id, plain_location
from backup_core.domain.restored_disk import encryption_sets_of
from backup_core.domain.vault import Vault, check_shortening
from backup_core.ports import Ports, Replace, Stored, every, until_committed
from backup_core.workflows.acting import acting_for
from backup_core.workflows.catalogue import find_policy, get_vault, note_vault, stored_vault
from backup_core.workflows.guards import ask_leave
from backup_core.workflows.snapshot_groups import remember_group
from backup_core.workflows.validation import Findings

log = logging.getLogger("diskbackup.copy_rules")

LOCATION = "properties.targetLocation"
GROUP = "properties.snapshotResourceGroupId"
KEY = "properties.diskEncryptionSetId"
DISKS_CHECKED = 500  # instances of a policy, for keys of customers, while somebody waits


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleChange:
    """A rule before a request, None where there was none, and after it."""

    before: CopyRule | None
    after: CopyRule


def list_rules(ports: Ports, vault: VaultKey) -> tuple[CopyRule, ...]:
    """In the order of their names. Raises NotFound (vault)."""
    return tuple(sorted(get_vault(ports, vault).copy_rules, key=lambda rule: rule.name.lower()))


def get_rule(ports: Ports, vault: VaultKey, name: str) -> CopyRule:
    """Raises NotFound."""
    rule = find_rule(get_vault(ports, vault).copy_rules, name)
    if rule is None:
        raise NotFound(f"Copy rule '{name}' was not found in vault '{vault.name}'.")
    return rule


def put_rule(ports: Ports, vault: VaultKey, rule: CopyRule, *, by: str | None = None) -> RuleChange:
    """Write a rule: points that are taken from now on are copied by it. `by` is who asks (see guards.ask_leave).

    Some five ARM calls. Raises NotFound (vault), InvalidInput naming every fault, GuardLocked for one that keeps copies
    for less long, ResourceInUse, Throttled, CloudUnavailable.
    """
    settings = get_vault(ports, vault)
    faults = [*_check(ports, settings, rule), *check_surroundings(ports, settings, rule)]
    if faults:
        raise InvalidInput(list(dict.fromkeys(faults)))
    remember_group(ports, vault, parse_group_id(rule.snapshot_group_id))

    def attempt() -> RuleChange:
        stored = stored_vault(ports, vault)
        known = stored.value.copy_rules
        again = check_beside(rule, known)
        if again:
            raise InvalidInput(again)
        before = find_rule(known, rule.name)
        after = rule if before is None else replace(rule, name=before.name, since=before.since)
        if before is not None and (shortened(before, after) or len(after.kept) < len(before.kept)):
            policy_id = f"{vault.resource_id}/backupPolicies/{before.policy_name}"
            ask_leave(ports, vault, Critical.MODIFY_POLICY, policy_id, by)
        kept = (*(each for each in known if each is not before), after)
        _commit(ports, stored, kept)
        return RuleChange(before=before, after=after)

    return until_committed(f"Copy rule '{rule.name}'", attempt)


def delete_rule(ports: Ports, vault: VaultKey, name: str) -> bool:
    """Copy no more by a rule; answers whether there was one. What was copied stays as long as it was promised. Raises
    NotFound (vault), ResourceInUse."""
    get_vault(ports, vault)

    def attempt() -> bool:
        stored = stored_vault(ports, vault)
        rule = find_rule(stored.value.copy_rules, name)
        if rule is None:
            return False
        left = tuple(each for each in stored.value.copy_rules if each is not rule)
        _commit(ports, stored, left)
        return True

    return until_committed(f"Copy rule '{name}'", attempt)


def _commit(ports: Ports, stored: Stored[Vault], kept: tuple[CopyRule, ...]) -> None:
    changed = replace(stored.value, copy_rules=kept)
    ports.store.commit(changed.key, [Replace(stored, changed)])
    note_vault(ports, changed.at(ports.clock.now()))


def _check(ports: Ports, settings: Vault, rule: CopyRule) -> Iterator[Fault]:
    """What our own records say against it."""
    yield from check_beside(rule, settings.copy_rules)
    policy = find_policy(ports, settings.key, rule.policy_name)
    if policy is None:
        message = f"policy '{rule.policy_name}' was not found in the vault; create it first"
        yield Fault(target="properties.policyId", message=message, code=rules.NO_SUCH_RESOURCE)
    else:
        yield from _check_tags(rule, policy)
    if plain_location(rule.location) == plain_location(settings.location):
        message = f"the vault's disks lie in {settings.location}: a copy goes to another region"
        yield Fault(target=LOCATION, message=message)
    yield from check_bounds(ports.bounds, settings.key, {GROUP: (Place.SNAPSHOTS, rule.snapshot_group_id)})
    before = find_rule(settings.copy_rules, rule.name)
    if before is not None:
        yield from check_shortening(settings.at(ports.clock.now()), "properties.retentions", shortened(before, rule))
    if not rule.encryption_set_id:
        yield from _check_customer_keys(ports, settings.key, rule)


def _check_tags(rule: CopyRule, policy: BackupPolicy) -> Iterator[Fault]:
    for number, kept in enumerate(rule.kept):
        if policy.retention_of(kept.tag_name) is None:
            known = ", ".join(each.name for each in policy.retention_rules)
            message = f"policy '{policy.name}' has no tag '{kept.tag_name}'; it has {known}"
            yield Fault(target=f"properties.retentions[{number}].tagName", message=message)


def _check_customer_keys(ports: Ports, vault: VaultKey, rule: CopyRule) -> Iterator[Fault]:
    """A customer's key stays in its region; what it encrypts is not copied without one there."""
    for number, stored in enumerate(every(ports, BackupInstance, vault)):
        if number == DISKS_CHECKED:
            log.warning("copy_rule.disks_unlooked vault=%s: only the first %d", vault.resource_id, number)
            return
        instance = stored.value
        if not rule.is_of(instance.policy.name) or instance.newest_point is None:
            continue
        point = ports.store.get(RecoveryPoint, vault, instance.name, instance.newest_point.point_id)
        if point is not None and encryption_sets_of(point.value.disk):
            yield rules.key_needed(instance.disk_id, rule.location, KEY)
            return


def check_surroundings(ports: Ports, settings: Vault, rule: CopyRule) -> list[Fault]:
    """What Azure says against it: the region, the group there with its locks and our rights, and the key."""
    acting = acting_for(ports, settings.key)
    findings, group = Findings(acting.cloud, settings.acts_as), parse_group_id(rule.snapshot_group_id)
    need, cloud = rights.KEEP_SNAPSHOTS, acting.cloud
    known = findings.ask(lambda: cloud.regions(group.subscription), need, group.text, rights.READ_GROUP)
    if known is not None and plain_location(rule.location) not in known.value:
        message = f"subscription {group.subscription} has no region '{rule.location}'"
        findings.note([Fault(target=LOCATION, message=message)])
    found = findings.ask(lambda: cloud.find_group(group), need, group.text, rights.READ_GROUP)
    if found is not None and found.value is None:
        message = f"resource group '{group.text}' was not found; create it first"
        findings.note([Fault(target=GROUP, message=message, code="UserErrorSnapshotTargetGroupMissing")])
        return findings.faults()
    locks = findings.ask(lambda: cloud.locks_at(group), need, group.text, rights.READ_LOCKS)
    if locks is not None:
        findings.note(rules.check_snapshot_locks(group, locks.value))
    findings.require(need, group.text)
    if ports.promises.binds_snapshots and settings.at(ports.clock.now()).is_immutable:
        findings.require(rights.BIND_SNAPSHOTS, group.text)
    _check_key(findings, rule)
    return findings.faults()


def _check_key(findings: Findings, rule: CopyRule) -> None:
    if not rule.encryption_set_id:
        return
    set_id, need = rule.encryption_set_id, rights.USE_ENCRYPTION_SET
    found = findings.ask(lambda: findings.cloud.find_encryption_set(set_id), need, set_id, rights.READ_ENCRYPTION_SET)
    if found is None:
        return
    findings.note(rules.check_encryption_set(set_id, found.value))
    if found.value is not None and plain_location(found.value.location) != plain_location(rule.location):
        message = f"disk encryption set '{set_id}' lies in {found.value.location}; name one in {rule.location}"
        findings.note([Fault(target=KEY, message=message)])
    subscription = parse_group_id(rule.snapshot_group_id).subscription
    if not set_id.lower().startswith(f"/subscriptions/{subscription.lower()}/"):
        message = f"disk encryption set '{set_id}' lies in another subscription than the snapshot group"
        findings.note([Fault(target=KEY, message=message)])


def rules_of(settings: Vault | None, policy_name: str) -> Sequence[CopyRule]:
    return [rule for rule in settings.copy_rules if rule.is_of(policy_name)] if settings is not None else []
