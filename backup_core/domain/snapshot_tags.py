"""The tags that a snapshot carries beside our own, so that it can comply with a policy of its owner's.

All tags of its backup instance; and of its disk's those that the tag INHERIT_TAG names: of the instance, or where that
has none, of the vault. Official clients carry tags of instances and vaults through as they are, which they do with no
field of ours.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from backup_core.domain.recovery_point import HOLD_TAG, TAG_PREFIX
from backup_core.domain.tags import TAGS_AT_MOST, find, is_hidden_link, united

INHERIT_TAG = f"{TAG_PREFIX}inherit-tags"  # a list of names, separated by commas, or `*`
OWN_TAGS_AT_MOST = 12  # of ours; what is left of ARM's 50 is the owner's
GIVEN_TAGS_AT_MOST = TAGS_AT_MOST - OWN_TAGS_AT_MOST  # of an instance: more could not be carried


def snapshot_tags(
    own: Mapping[str, str],
    *,
    instance: Mapping[str, str],
    vault: Mapping[str, str],
    disk: Mapping[str, str],
) -> dict[str, str]:
    """Ours, the instance's, and as many of the disk's wanted ones as there is room for, in the order of the wish. Room
    is left for the tag of a legal hold."""
    given = {name: value for name, value in instance.items() if _is_free(name)}
    wish = find(instance, INHERIT_TAG)
    inherited = dict(_inherited(disk, find(vault, INHERIT_TAG) if wish is None else wish))
    return dict(list(united(own, given, inherited).items())[: TAGS_AT_MOST - (HOLD_TAG not in own)])


def _inherited(disk: Mapping[str, str], wish: str | None) -> Iterator[tuple[str, str]]:
    names = [name.strip() for name in (wish or "").split(",") if name.strip()]
    if "*" in names:
        names = sorted(disk, key=str.casefold)
    for wanted in names:
        for name, value in disk.items():
            if name.casefold() == wanted.casefold() and _is_free(name):
                yield name, value


def _is_free(name: str) -> bool:
    return not name.casefold().startswith(TAG_PREFIX) and not is_hidden_link(name)
