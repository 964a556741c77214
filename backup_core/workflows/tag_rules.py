"""Protect by tag: look at disks, have the domain decide by the rules of all vaults, and do what it decided.

One disk when Azure tells of it, all disks of all rules from the reconciler's timer, and a dry run for people: the same
judgement each time. What is done are the steps that a hand would take, so that it shows as jobs and events.

Leaves to others: the judgement itself (domain/protection_rule.py).
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta

from backup_core.domain.acting import Place, check_bounds
from backup_core.domain.disk import Disk
from backup_core.domain.errors import (
    BackupError,
    DiskNotFound,
    InvalidInput,
    NotFound,
    RecordCorrupt,
    ResourceInUse,
)
from backup_core.domain.guard import Critical
from backup_core.domain.instance import BackupInstance, InstanceRequest, ProtectionState, described, disk_key
from backup_core.domain.messages import LookAtResource
from backup_core.domain.protection_rule import (
    RULE_TAG,
    Action,
    Decision,
    NoRuleMatches,
    ProtectionRule,
    RuleBook,
    decide,
    rule_key,
    rule_prefix,
)
from backup_core.domain.resource_event import DELETED, RULED
from backup_core.domain.resource_ids import ANYWHERE, DISK, VAULT, VaultKey, lies_in, parse_resource_id
from backup_core.domain.validation import check_policy
from backup_core.ports import (
    Insert,
    Page,
    Ports,
    Remove,
    Replace,
    StateConflict,
    Stored,
    every,
    pages,
    until_committed,
)
from backup_core.workflows import announcements, catalogue, once_a_day
from backup_core.workflows.acting import acting_for, acts_as, as_identity, identities_of
from backup_core.workflows.catalogue import FoundInstance, find_protection, get_vault, list_vault_keys, open_vault
from backup_core.workflows.guards import ask_leave
from backup_core.workflows.lifecycle import stop_protection
from backup_core.workflows.protection import configure_instance, request_of
from backup_core.workflows.run_time import Time

log = logging.getLogger("diskbackup.rules")

DRY_RUN_LIMIT = 1000  # decisions that one dry run shows
RETRY_AFTER = timedelta(hours=1)  # what could not be protected is tried again so often, not at every look


@dataclass(slots=True, kw_only=True)
class RuleReport:
    """What a run saw and did. `failed` names disks with the reason; `postponed` what could not be looked at now."""

    seen: int = 0
    done: list[Decision] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    postponed: list[str] = field(default_factory=list)
    is_limited: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class DryRun:
    """What applying a rule would do, disk by disk. `left` disks more were looked at than are shown."""

    decisions: tuple[Decision, ...]
    left: int = 0


# ---------------------------------------------------------------- one disk


def apply_rules_to_disk(
    ports: Ports, disk: Disk, book: RuleBook | None = None, *, seen_as: str | None = None
) -> Decision:
    """Do for a disk, as it was just seen, what the rules say. `seen_as` is the identity that saw it: nothing is done
    for a vault that acts with another one, which may not see it. Raises BackupError when it cannot be done."""
    found = find_protection(ports, disk.id)
    if found is not None and _is_idle(found.instance):
        found = None
    decision = decide(disk, *_held(found), book or read_book(ports))
    if seen_as is not None and not _sees(ports, decision.vault, seen_as):
        return replace(decision, action=Action.LEAVE)
    if decision.action is Action.LEAVE:
        return decision
    try:
        _do(ports, decision, disk, found)
    except BackupError as error:
        if not error.transient and not _is_passing(ports, decision, error):
            _tell_of_failure(ports, decision, error)
        raise
    return decision


def apply_rules_as_seen(ports: Ports, seen: Mapping[str, Disk], book: RuleBook) -> None:
    """As apply_rules_to_disk for one disk, as each of the identities that see it saw it. A rule of a vault that does
    not see the disk stands in no other's way. Raises BackupError."""
    for identity, disk in seen.items():
        apply_rules_to_disk(ports, disk, book, seen_as=identity)
    for identity, disk in seen.items():
        apply_rules_to_disk(ports, disk, _rules_by(ports, book, set(seen)), seen_as=identity)


def _rules_by(ports: Ports, book: RuleBook, identities: Container[str]) -> RuleBook:
    """The rules of vaults that act with any of the identities."""
    mine = (rule for rule in book.rules if acts_as(ports, rule.vault).lower() in identities)
    return replace(book, rules=tuple(mine))


def _sees(ports: Ports, vault: VaultKey | None, identity: str) -> bool:
    return vault is None or acts_as(ports, vault).lower() == identity


def _is_passing(ports: Ports, decision: Decision, error: BackupError) -> bool:
    """Whether somebody else just changes the instance, or deletes it for good; a soft-deleted one stays so for long."""
    if not isinstance(error, ResourceInUse) or decision.vault is None:
        return False
    stored = ports.store.get(BackupInstance, decision.vault, decision.instance_name)
    return stored is None or not stored.value.is_deleted


def _tell_of_failure(ports: Ports, decision: Decision, error: BackupError) -> None:
    """Once a day for each disk and error by each process, under an id that says so too."""
    vault = decision.vault
    assert vault is not None, "only an instance's change can fail, and it has a vault"
    rule = decision.rule.name if decision.rule else ""
    event = announcements.rule_failed(vault, rule, decision.disk_id, error, ports.clock.now())
    once_a_day.tell(ports, vault, event, name=f"rule {decision.disk_id.lower()} {error.code}")


def read_book(ports: Ports) -> RuleBook:
    """All rules: a read for each thousand."""
    read = list(pages(lambda token: ports.store.page(ProtectionRule, ANYWHERE, token=token)))
    corrupt = [row for page in read for row in page.corrupt]
    for row in corrupt:
        log.error("rule.corrupt %s; nothing is stopped until it can be read", row)
    rules = tuple(stored.value for page in read for stored in page.items)
    return RuleBook(rules=rules, complete=not corrupt, scopes=ports.scopes, bounds=ports.bounds)


def _held(found: FoundInstance | None) -> tuple[BackupInstance | None, VaultKey | None]:
    return (found.instance, found.vault) if found else (None, None)


def _do(ports: Ports, decision: Decision, disk: Disk, found: FoundInstance | None) -> None:
    if decision.action is Action.RETRY and found is not None:
        if tried_lately(ports, found, RETRY_AFTER):
            return
        configure_instance(ports, found.vault, request_of(found.instance), still=_as_judged(found))
    elif decision.action is Action.STOP and found is not None:
        why = NoRuleMatches(f"No protection rule wants disk '{disk.id}' any more: {'; '.join(decision.because)}.")
        stop_protection(ports, found.vault, found.instance.name, because=why, revision=decision.revision)
    elif decision.rule is not None:
        request = _request(decision, decision.rule, disk, found)
        author = decision.rule.author.object_id if decision.rule.author else ""
        configure_instance(ports, decision.rule.vault, request, still=_as_judged(found), by=author, ruled=True)
    log.info("rule.applied action=%s disk=%s because=%s", decision.action.value, disk.id, "; ".join(decision.because))


def _as_judged(found: FoundInstance | None) -> Callable[[BackupInstance | None], bool]:
    """Whether the instance is still what was judged: two runs at once would configure it twice."""

    def holds(instance: BackupInstance | None) -> bool:
        if found is not None:
            return instance is not None and instance.revision == found.instance.revision
        return instance is None or not instance.holds_disk or _is_idle(instance)

    return holds


def tried_lately(ports: Ports, found: FoundInstance, within: timedelta) -> bool:
    """Whether the instance was configured, or that was tried, a moment ago."""
    job = catalogue.config_job_of(ports, found.vault, found.instance)
    return job is not None and ports.clock.now() < (job.value.ended_at or job.value.created_at) + within


def _request(decision: Decision, rule: ProtectionRule, disk: Disk, found: FoundInstance | None) -> InstanceRequest:
    """What a hand would ask for. An instance that is there keeps its snapshot group, which cannot be changed."""
    if found is not None:
        asked = request_of(found.instance)
        return replace(asked, policy_name=rule.policy_name, tags={**asked.tags, RULE_TAG: rule.name})
    name = parse_resource_id(disk.id, DISK).name
    return InstanceRequest(
        name=decision.instance_name,
        friendly_name=name,
        disk_id=disk.id,
        disk_location=disk.location,
        snapshot_group_id=rule.snapshot_group_id,
        policy_name=rule.policy_name,
        tags={RULE_TAG: rule.name},
        request=described(disk.id, disk.location, rule.snapshot_group_id),
    )


# ---------------------------------------------------------------- all disks


@dataclass(frozen=True, slots=True)
class _Held:
    """The instances that hold disks, by the disk's key."""

    by_disk: Mapping[str, FoundInstance]

    @classmethod
    def of(cls, instances: Iterable[tuple[VaultKey, BackupInstance]]) -> _Held:
        holding = ((vault, instance) for vault, instance in instances if instance.holds_disk and not _is_idle(instance))
        return cls({disk_key(instance.disk_id): FoundInstance(vault, instance) for vault, instance in holding})

    def of_rules(self, scope: str | None) -> Iterator[tuple[str, FoundInstance]]:
        for key, found in self.by_disk.items():
            is_there = scope is None or lies_in(found.instance.disk_id, scope)
            if is_there and found.instance.tags.get(RULE_TAG):
                yield key, found


def _is_idle(instance: BackupInstance) -> bool:
    """Whether it was asked for by hand, in vain, and so keeps no rule from protecting the disk."""
    return instance.is_in_vain and not instance.tags.get(RULE_TAG)


def apply_all(
    ports: Ports,
    *,
    scope: str | None = None,
    time: Time | None = None,
) -> RuleReport:
    """Apply the rules to every disk in the scope of any, or only to those in `scope` (a subscription's or group's id).

    Costs one listing for each scope, and reads and writes for what changes; none is begun when the `time` of the run is
    up (`is_limited`), and the next run goes on. Never raises for a disk or scope: what cannot be looked at or done now
    is in the report.
    """
    book, report, time = read_book(ports), RuleReport(), time or Time.of_run(ports)
    held = _Held.of(_instances(ports))
    seen: set[str] = set()
    contested: list[tuple[str, Disk]] = []
    for identity, listed in _listings(ports, book, scope):
        try:
            for disk, decision in _judge(as_identity(ports, identity), listed, held, book):
                if not _sees(ports, decision.vault, identity):
                    contested.append((identity, disk))
                    continue
                seen.add(disk_key(disk.id))
                if decision.action is not Action.LEAVE:
                    _apply(ports, disk, book, report, time, identity)
        except BackupError as error:
            log.warning("rules.postponed scope=%s code=%s %s", listed, error.code, error.message)
            report.postponed.append(f"{listed}: {error.message}")
    for identity, disk in contested:
        if disk_key(disk.id) not in seen:  # by the vault whose rule comes first
            _apply(ports, disk, _rules_by(ports, book, {identity}), report, time, identity)
    for key, found in held.of_rules(scope):
        if key not in seen:
            _apply_unseen(acting_for(ports, found.vault), found, book, report, time)
    report.seen = len(seen)
    log.info("rules.applied seen=%d done=%d failed=%d", report.seen, len(report.done), len(report.failed))
    return report


def _instances(ports: Ports) -> Iterator[tuple[VaultKey, BackupInstance]]:
    for vault in list_vault_keys(ports):
        yield from ((vault, stored.value) for stored in every(ports, BackupInstance, vault))


def _listings(ports: Ports, book: RuleBook, within: str | None) -> Iterator[tuple[str, str]]:
    """What must be listed, and as which identity, so that each disk is seen by the vaults whose rules reach it."""
    for identity in identities_of(ports, (rule.vault for rule in book.rules)):
        mine = [rule.scope for rule in book.rules if acts_as(ports, rule.vault).lower() == identity]
        yield from ((identity, scope) for scope in _scopes(mine, within))


def _scopes(of_rules: Iterable[str], within: str | None) -> list[str]:
    """What must be listed so that each disk that a rule reaches is seen once."""
    scopes = _outermost(of_rules)
    if within is None:
        return scopes
    if any(lies_in(within, scope) for scope in scopes):
        return [within]
    return [scope for scope in scopes if lies_in(scope, within)]


def _judge(ports: Ports, scope: str, held: _Held, book: RuleBook) -> Iterator[tuple[Disk, Decision]]:
    for disk in ports.cloud.list_disks(scope):
        yield disk, decide(disk, *_held(held.by_disk.get(disk_key(disk.id))), book)


def _apply(
    ports: Ports, disk: Disk, book: RuleBook, report: RuleReport, time: Time, seen_as: str | None = None
) -> None:
    """Decide again by what is recorded now, and do it."""
    if time.is_up:
        report.is_limited = True
        return
    try:
        decision = apply_rules_to_disk(ports, disk, book, seen_as=seen_as)
    except (BackupError, StateConflict) as error:
        log.warning("rules.undone disk=%s %s", disk.id, error)
        report.failed.append(f"{disk.id}: {error}")
        return
    if decision.action is not Action.LEAVE:
        report.done.append(decision)


def _apply_unseen(ports: Ports, unseen: FoundInstance, book: RuleBook, report: RuleReport, time: Time) -> None:
    """An instance of a rule whose disk no listing showed. If no rule reaches the disk, that is enough to know; else the
    disk is asked for: it seems to be gone, or we may not see it, which stops nothing."""
    instance = unseen.instance
    if instance.state is ProtectionState.STOPPED:
        return
    if not book.covering(instance.disk_id):
        _apply(ports, Disk(raw={"id": instance.disk_id, "location": instance.disk_location}), book, report, time)
        return
    try:
        disk = ports.cloud.get_disk(instance.disk_id)
    except DiskNotFound as error:
        report.failed.append(f"{instance.disk_id}: {error}")
        ports.queue.send(LookAtResource(change=DELETED, resource_id=instance.disk_id))  # which looks twice
    except BackupError as error:
        report.postponed.append(f"{instance.disk_id}: {error.message}")
    else:
        _apply(ports, disk, book, report, time)


def disk_is_gone(ports: Ports, found: FoundInstance, error: DiskNotFound) -> bool:
    """Stop the protection of a disk that is no more, and keep its points; answers whether there was any to stop."""
    instance = found.instance
    if instance.state is ProtectionState.STOPPED:
        return False
    stop_protection(ports, found.vault, instance.name, because=error, revision=instance.revision)
    log.error("disk.gone disk=%s instance=%s", instance.disk_id, instance.name)
    return True


# ---------------------------------------------------------------- dry run


def dry_run(ports: Ports, rule: ProtectionRule, *, may_see: Callable[[str], bool] = lambda _: True) -> DryRun:
    """What would become of the disks in the rule's scope, and in that of the stored rule of its name, if it were stored
    and enabled; of those that the asker `may_see`. Changes nothing."""
    book = read_book(ports)
    stored = book.find(rule.vault, rule.name)
    tried = book.with_rule(replace(rule, enabled=True))
    held = _Held.of(_instances(ports))
    decisions = [
        decision
        for scope in _outermost([rule.scope, *([stored.scope] if stored else [])])
        for _, decision in _judge(ports, scope, held, tried)
        if may_see(decision.disk_id)
    ]
    decisions.sort(key=lambda decision: (decision.action is Action.LEAVE, decision.disk_id.lower()))
    return DryRun(decisions=tuple(decisions[:DRY_RUN_LIMIT]), left=max(len(decisions) - DRY_RUN_LIMIT, 0))


def _outermost(scopes: Iterable[str]) -> list[str]:
    distinct = {scope.rstrip("/").lower(): scope.rstrip("/") for scope in scopes}
    return [
        scope
        for key, scope in sorted(distinct.items())
        if not any(key != other and lies_in(scope, other) for other in distinct)
    ]


# ---------------------------------------------------------------- rules as records


def get_rule(ports: Ports, vault: VaultKey, name: str) -> ProtectionRule:
    """Raises NotFound."""
    get_vault(ports, vault)
    stored = ports.store.get(ProtectionRule, vault, rule_key(vault, name))
    if stored is None:
        raise NotFound(
            f"The Resource '{VAULT}/protectionRules/{vault.name}/{name}' under resource group '{vault.group}' was not "
            "found. For more details please go to https://aka.ms/ARMResourceNotFoundFix"
        )
    return stored.value


def list_rules(ports: Ports, vault: VaultKey, *, token: str | None = None) -> Page[ProtectionRule]:
    """The rules of a vault by name. Raises NotFound when there is no such vault."""
    get_vault(ports, vault)
    return _page_of(ports, vault, token)


def rules_of(ports: Ports, vault: VaultKey) -> Iterator[Stored[ProtectionRule]]:
    """All rules of a vault, whether it is there or not. Raises RecordCorrupt for one that cannot be read."""
    for page in pages(lambda token: _page_of(ports, vault, token)):
        if page.corrupt:
            raise RecordCorrupt(f"Row '{page.corrupt[0]}' cannot be read.", target=page.corrupt[0])
        yield from page.items


def _page_of(ports: Ports, vault: VaultKey, token: str | None) -> Page[ProtectionRule]:
    first = rule_prefix(vault)
    last = first[:-1] + chr(ord(first[-1]) + 1)  # sorts behind all names of the vault's rules
    return ports.store.page(ProtectionRule, vault, first=first, last=last, token=token, limit=catalogue.PAGE_SIZE)


def check_rule(ports: Ports, rule: ProtectionRule) -> None:
    """Raises NotFound (vault), InvalidInput (its policy is not there, its vault may not keep snapshots there)."""
    open_vault(ports, rule.vault)
    policy = catalogue.find_policy(ports, rule.vault, rule.policy_name)
    faults = [replace(each, target="properties.policyId") for each in check_policy(policy, rule.policy_name)]
    asked = {"properties.snapshotResourceGroupId": (Place.SNAPSHOTS, rule.snapshot_group_id)}
    faults += check_bounds(ports.bounds, rule.vault, asked)
    if faults:
        raise InvalidInput(faults)


def put_rule(ports: Ports, rule: ProtectionRule, *, by: str | None = None) -> tuple[ProtectionRule, bool]:
    """Store a rule and have it applied soon; answers it and whether it is new. `by` is who asks (see
    guards.ask_leave). Raises as check_rule, ResourceInUse, and GuardLocked for a rule that may want fewer disks."""
    check_rule(ports, rule)

    def attempt() -> tuple[ProtectionRule, bool]:
        stored = ports.store.get(ProtectionRule, rule.vault, rule.key)
        name = stored.value.name if stored else rule.name  # names are compared without case
        written = replace(rule, name=name, changed_at=ports.clock.now())
        if stored is not None and not stored.value.wants_the_same(rule):
            ask_leave(ports, rule.vault, Critical.STOP, stored.value.id, by)
        ports.store.commit(rule.vault, [Replace(stored, written) if stored else Insert(written)])
        _apply_soon(ports, rule.scope, *([stored.value.scope] if stored else []))
        return written, stored is None

    return until_committed(f"Protection rule '{rule.name}'", attempt)


def delete_rule(ports: Ports, vault: VaultKey, name: str) -> bool:
    """Forget a rule and have what it protected judged without it soon; answers whether there was one.

    Raises NotFound (vault), ResourceInUse.
    """
    get_vault(ports, vault)

    def attempt() -> bool:
        stored = ports.store.get(ProtectionRule, vault, rule_key(vault, name))
        if stored is None:
            return False
        ports.store.commit(vault, [Remove(stored)])
        _apply_soon(ports, stored.value.scope)
        return True

    return until_committed(f"Protection rule '{name}'", attempt)


def _apply_soon(ports: Ports, *scopes: str) -> None:
    """By a message, since listing disks takes its time. If it is lost, the reconciler applies all rules anyway."""
    for scope in _outermost(scopes):
        ports.queue.send(LookAtResource(change=RULED, resource_id=scope))
