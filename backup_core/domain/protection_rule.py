"""Protect by tag: a rule says which disks of its scope a vault protects, by which policy and where their snapshots go.

`decide` is the whole judgement on one disk, with its reasons; it acts on nothing. It never touches an instance that was
made by hand: a rule knows its own by the tag RULE_TAG, and takes its hands off one that lost it. What a rule stops
keeps its points. Whatever cannot be read or seen stops nothing.

Names of tags are compared without case, their values with it (documented: Azure Resource Manager, tags).
Leaves to others: reading rules (api/protection_rules.py), and doing what was decided (workflows/tag_rules.py).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import Enum

from backup_core.domain.acting import Bound, Place, is_outside
from backup_core.domain.disk import Disk
from backup_core.domain.errors import BackupError, DiskNotFound
from backup_core.domain.instance import BackupInstance, ProtectionState, disk_key
from backup_core.domain.reach import UNKNOWN_AUTHOR, Author, Scope, is_within
from backup_core.domain.resource_ids import DISK, VaultKey, lies_in, parse_resource_id

RULE_TAG = "diskbackup-rule"  # on an instance: the rule of its vault that made it
PRIORITIES = (1, 10_000)  # the lowest number wins
_STAYS = "the disk's points lie in this vault"
_ACTIVE = (
    ProtectionState.CONFIGURING,
    ProtectionState.UPDATING,
    ProtectionState.CONFIGURED,
    ProtectionState.ERROR,
)


class NoRuleMatches(BackupError):
    """Why an instance that a rule made is stopped. Also the mark that a rule stopped it, and may resume it."""

    code = "NoProtectionRuleMatches"
    recommended_action = (
        "None if that is meant: its recovery points are kept. Else put the disk's tag back or change the rule, and "
        "protection is resumed; or resume it by hand."
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class TagCondition:
    """The tag is there, and its value is one of `values`; no values: whatever it is."""

    name: str
    values: tuple[str, ...] = ()

    def holds(self, tags: Mapping[str, str]) -> bool:
        value = next((value for name, value in tags.items() if name.lower() == self.name.lower()), None)
        return value is not None and (not self.values or value in self.values)

    @property
    def words(self) -> str:
        if not self.values:
            return f"tag '{self.name}'"
        return f"tag '{self.name}' = {' or '.join(repr(value) for value in self.values)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProtectionRule:
    """Disks in `scope` (id of a subscription or resource group) that meet all `conditions` are the vault's to protect,
    but for those with any tag of `excluded_tags`, and those that are, or lie in, one of `excluded_ids`.

    A disk that several rules want belongs to the one of the lowest `priority`, then to the first by vault and name.
    A disabled rule protects no further disk, and leaves alone those that it protects; so does a rule where its author
    may reach the disk, its snapshot group or its vault no more.
    """

    name: str
    vault: VaultKey
    scope: str
    conditions: tuple[TagCondition, ...]
    policy_name: str
    snapshot_group_id: str
    priority: int
    excluded_tags: tuple[TagCondition, ...] = ()
    excluded_ids: tuple[str, ...] = ()
    enabled: bool = True
    changed_at: datetime | None = None
    author: Author | None = None  # None in a row of an older release

    @property
    def key(self) -> str:
        return rule_key(self.vault, self.name)

    @property
    def id(self) -> str:
        return f"{self.vault.resource_id}/protectionRules/{self.name}"

    @property
    def rank(self) -> tuple[int, str]:
        return self.priority, self.id.lower()

    def covers(self, disk_id: str) -> bool:
        return lies_in(disk_id, self.scope)

    def wants_the_same(self, other: ProtectionRule) -> bool:
        """Whether both want the same disks, however those are tagged. Whether they are enabled counts elsewhere."""
        mine, others = (
            (rule.scope.lower(), rule.conditions, rule.excluded_tags, rule.excluded_ids) for rule in (self, other)
        )
        return mine == others

    def refusal(self, disk: Disk) -> str | None:
        """Why the rule does not want a disk, or None when it does. Whether it is enabled counts elsewhere."""
        if not self.covers(disk.id):
            return f"the disk is not in {self.scope}"
        missing = [condition.words for condition in self.conditions if not condition.holds(disk.tags)]
        if missing:
            return f"the disk has not {', '.join(missing)}"
        excluded = next((condition.words for condition in self.excluded_tags if condition.holds(disk.tags)), None)
        if excluded is not None:
            return f"the disk is excluded by {excluded}"
        inside = next((each for each in self.excluded_ids if lies_in(disk.id, each)), None)
        return None if inside is None else f"{inside} is excluded"


def rule_key(vault: VaultKey, name: str) -> str:
    """`<subscription>:<group>:<vault>:<rule>`: rules of all vaults lie together, those of one beside each other."""
    return f"{rule_prefix(vault)}{name}".lower()


def rule_prefix(vault: VaultKey) -> str:
    return f"{vault.subscription}:{vault.group}:{vault.name}:".lower()


def instance_name(disk_id: str) -> str:
    """The name of the instance that any rule makes of a disk: the same each time."""
    disk = parse_resource_id(disk_id, DISK)
    digest = hashlib.sha256(disk_key(disk_id).encode()).hexdigest()[:12]
    plain = re.sub(r"[^A-Za-z0-9\-_.]", "-", disk.name).lstrip("-_.")
    return f"{plain or 'disk'}-{digest}"


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleBook:
    """All rules of all vaults. Not `complete` when one could not be read: then nothing is stopped."""

    rules: tuple[ProtectionRule, ...] = ()
    complete: bool = True
    scopes: tuple[Scope, ...] = ()  # that are for few
    bounds: tuple[Bound, ...] = ()  # of the vaults

    def covering(self, disk_id: str) -> tuple[ProtectionRule, ...]:
        """The rules whose scope a disk lies in, first in rank first."""
        return tuple(sorted((rule for rule in self.rules if rule.covers(disk_id)), key=lambda rule: rule.rank))

    def find(self, vault: VaultKey, name: str) -> ProtectionRule | None:
        return next((rule for rule in self.rules if rule.key == rule_key(vault, name)), None)

    def with_rule(self, rule: ProtectionRule) -> RuleBook:
        """The book with `rule` in the place of the one of its name."""
        return replace(self, rules=(*(each for each in self.rules if each.key != rule.key), rule))

    def refusal(self, rule: ProtectionRule, disk: Disk) -> str | None:
        """Why a rule does not want a disk, or may not have it; None when it does and may."""
        if not rule.enabled:
            return "it is disabled"
        refusal = rule.refusal(disk)
        if refusal is None and self.is_out_of_reach(rule, disk.id):
            return "whoever wrote it may not reach the disk, the snapshot resource group or the vault"
        if refusal is None and is_outside(self.bounds, rule.vault, Place.SOURCE, disk.id):
            return "its vault is bound to other scopes"
        return refusal

    def is_out_of_reach(self, rule: ProtectionRule, disk_id: str) -> bool:
        """By the scopes of today: they bind a rule that was written before them."""
        closed = (rule.author or UNKNOWN_AUTHOR).closed(self.scopes)
        return any(is_within(each, closed) for each in (disk_id, rule.snapshot_group_id, rule.vault.resource_id))


class Action(Enum):
    PROTECT = "Protect"
    MOVE = "MoveToPolicy"
    RESUME = "Resume"
    RETRY = "Retry"
    STOP = "StopProtection"
    LEAVE = "None"


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What is to become of a disk, and why. `instance_name` and `vault` name what is or would be its instance;
    `revision` is that of the instance as it was judged; `told_of` are the vaults of which the reasons tell."""

    action: Action
    disk_id: str
    because: tuple[str, ...]
    rule: ProtectionRule | None = None
    vault: VaultKey | None = None
    instance_name: str = ""
    revision: int | None = None
    told_of: frozenset[VaultKey] = frozenset()


def decide(disk: Disk, held: BackupInstance | None, vault: VaultKey | None, book: RuleBook) -> Decision:
    """`held` is the instance that protects the disk now, in `vault`; None when none does."""
    if held is None or vault is None:
        decision, told_of = _decide_free(disk, book), {rule.vault for rule in book.covering(disk.id)}
    else:
        decision, told_of = _decide_held(disk, held, vault, book), {vault, *_rivals(disk, vault, book)}
    return replace(decision, told_of=frozenset(told_of))


def _decide_held(disk: Disk, held: BackupInstance, vault: VaultKey, book: RuleBook) -> Decision:
    made_by = held.tags.get(RULE_TAG)
    if not made_by:
        return _left(disk, held, vault, f"backup instance '{held.name}' was made by hand")
    mine = [rule for rule in book.covering(disk.id) if rule.vault == vault]
    chosen, reasons = _choose(disk, mine, book)
    if chosen is None:
        own = book.find(vault, made_by)
        if own is not None and not own.enabled:
            return _left(disk, held, vault, *reasons, f"rule '{made_by}', which protects it, is disabled")
        if own is not None and book.is_out_of_reach(own, disk.id):
            return _left(disk, held, vault, *reasons, f"rule '{made_by}' protects it, and has no say over it now")
        return _decide_unwanted(disk, held, vault, reasons, is_sure=book.complete)
    rivals = [rule for rules in _rivals(disk, vault, book).values() for rule in rules if rule.rank < chosen.rank]
    first = (f"rule '{rule.name}' of vault '{rule.vault.name}' comes first, but {_STAYS}" for rule in rivals)
    return _decide_wanted(disk, held, vault, chosen, (*reasons, *first))


def _decide_free(disk: Disk, book: RuleBook) -> Decision:
    chosen, reasons = _choose(disk, book.covering(disk.id), book)
    if chosen is None:
        return Decision(action=Action.LEAVE, disk_id=disk.id, because=reasons or ("no rule reaches the disk",))
    return Decision(
        action=Action.PROTECT,
        disk_id=disk.id,
        because=reasons,
        rule=chosen,
        vault=chosen.vault,
        instance_name=instance_name(disk.id),
    )


def _decide_wanted(
    disk: Disk, held: BackupInstance, vault: VaultKey, rule: ProtectionRule, reasons: tuple[str, ...]
) -> Decision:
    if held.state not in _ACTIVE and not _may_resume(held):
        return _left(disk, held, vault, *reasons, f"it is in state {held.state.value}, which was done by hand")
    if held.state not in _ACTIVE:
        return _judged(Action.RESUME, disk, held, vault, reasons, rule)
    if held.policy.name.lower() != rule.policy_name.lower() or held.tags.get(RULE_TAG) != rule.name:
        return _judged(Action.MOVE, disk, held, vault, reasons, rule)
    if held.state is ProtectionState.ERROR:
        return _judged(Action.RETRY, disk, held, vault, (*reasons, "it could not be protected before"), rule)
    return _judged(Action.LEAVE, disk, held, vault, (*reasons, "it is protected so"), rule)


def _decide_unwanted(
    disk: Disk, held: BackupInstance, vault: VaultKey, reasons: tuple[str, ...], *, is_sure: bool
) -> Decision:
    why = reasons or (f"no rule of vault '{vault.name}' reaches the disk",)
    if held.state not in _ACTIVE:
        return _left(disk, held, vault, *why, f"it is in state {held.state.value} already")
    if not is_sure:
        return _left(disk, held, vault, *why, "a rule could not be read, so that nothing is stopped")
    return _judged(Action.STOP, disk, held, vault, why, None)


def _may_resume(held: BackupInstance) -> bool:
    """Whether it was a rule, or the loss of its disk, that stopped it, and no hand."""
    stopped = held.state is ProtectionState.STOPPED and held.error is not None
    return stopped and held.error is not None and held.error.code in (NoRuleMatches.code, DiskNotFound.code)


def _choose(
    disk: Disk, ranked: Sequence[ProtectionRule], book: RuleBook
) -> tuple[ProtectionRule | None, tuple[str, ...]]:
    """The first rule that wants the disk, with what the others have to say up to it."""
    reasons: list[str] = []
    for rule in ranked:
        refusal = book.refusal(rule, disk)
        if refusal is None:
            wanted = ", ".join(condition.words for condition in rule.conditions)
            return rule, (*reasons, f"rule '{rule.name}' (priority {rule.priority}) wants it for {wanted}")
        reasons.append(f"rule '{rule.name}' does not want it: {refusal}")
    return None, tuple(reasons)


def _rivals(disk: Disk, vault: VaultKey, book: RuleBook) -> Mapping[VaultKey, Sequence[ProtectionRule]]:
    """Rules of other vaults that want the disk: points do not move between vaults, so neither does the disk."""
    found: dict[VaultKey, list[ProtectionRule]] = {}
    for rule in book.covering(disk.id):
        if rule.vault != vault and book.refusal(rule, disk) is None:
            found.setdefault(rule.vault, []).append(rule)
    return found


def _left(disk: Disk, held: BackupInstance, vault: VaultKey, *because: str) -> Decision:
    return _judged(Action.LEAVE, disk, held, vault, because, None)


def _judged(
    action: Action,
    disk: Disk,
    held: BackupInstance,
    vault: VaultKey,
    because: tuple[str, ...],
    rule: ProtectionRule | None,
) -> Decision:
    return Decision(
        action=action,
        disk_id=disk.id,
        because=because,
        rule=rule,
        vault=vault,
        instance_name=held.name,
        revision=held.revision,
    )
