"""Which retention tag a scheduled backup gets: the first successful one of a day, week, month or year is kept longer.

Periods are those of the policy's time zone. A week is an ISO week and begins on Monday: no source says which day Azure
takes, and ISO weeks have names (2026-W14) that an operator can look up.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, tzinfo

ALL_BACKUP = "AllBackup"


@dataclass(frozen=True, slots=True, kw_only=True)
class TagCriterion:
    """`scopes` are Azure's absolute criteria, any of which suffices; none for the default tag, which needs none.

    A smaller `priority` goes first (documented, backup-managed-disks); the default tag is the last resort.
    """

    tag_name: str
    priority: int
    scopes: tuple[str, ...] = ()

    @property
    def is_default(self) -> bool:
        return not self.scopes


@dataclass(frozen=True, slots=True, kw_only=True)
class TagChoice:
    """`because` is for people: `first successful backup of 2026-W14`."""

    tag_name: str
    because: str


def choose_tag(
    criteria: Sequence[TagCriterion], slot: datetime, last_success_slot: datetime | None, zone: tzinfo
) -> TagChoice:
    """The tag of the backup at `slot`, given the slot of the newest backup that succeeded before (None: none did).

    Raises ValueError when nothing matches and no default is among the criteria: a parsed policy always has one.
    """
    return next(choose_tags(criteria, (slot,), last_success_slot, zone))


def choose_tags(
    criteria: Sequence[TagCriterion], slots: Iterable[datetime], last_success_slot: datetime | None, zone: tzinfo
) -> Iterator[TagChoice]:
    """The tag of each of `slots`, oldest first, where each of their backups succeeds; otherwise as `choose_tag`."""
    in_order = sorted(criteria, key=lambda one: (one.is_default, one.priority))
    last_day = None if last_success_slot is None else last_success_slot.astimezone(zone).date()
    for slot in slots:
        day = slot.astimezone(zone).date()
        yield _choose(in_order, day, last_day)
        last_day = day


def _choose(criteria: Sequence[TagCriterion], day: date, last_day: date | None) -> TagChoice:
    for criterion in criteria:
        because = _match(criterion, day, last_day)
        if because is not None:
            return TagChoice(tag_name=criterion.tag_name, because=because)
    raise ValueError("a default tag is needed among the criteria")


def _match(criterion: TagCriterion, day: date, last_day: date | None) -> str | None:
    if criterion.is_default:
        return "no other tag's criteria were met"
    for scope in criterion.scopes:
        if scope == ALL_BACKUP:
            return "every backup"
        if day == last_day:
            continue  # nor is it the first of a longer period
        period = _PERIODS[scope]
        name = period(day)
        if last_day is None or period(last_day) < name:
            return f"first successful backup of {name}"
    return None


def _iso_week(day: date) -> str:
    year, week, _ = day.isocalendar()
    return f"{year:04}-W{week:02}"


# Each names the period of a day so that names sort as the periods do.
_PERIODS: Mapping[str, Callable[[date], str]] = {
    "FirstOfDay": date.isoformat,
    "FirstOfWeek": _iso_week,
    "FirstOfMonth": lambda day: f"{day.year:04}-{day.month:02}",
    "FirstOfYear": lambda day: f"{day.year:04}",
}
ABSOLUTE_CRITERIA = (ALL_BACKUP, *_PERIODS)
