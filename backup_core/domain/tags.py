"""Tags of Azure's resources: their limits, and how several sources of them are made one.

ARM compares names without case (documented: tag-resources), so that `env` and `ENV` are one tag.
Leaves to others: which tags are ours (recovery_point.py, restore.py).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

TAGS_AT_MOST = 50  # of one resource; this and the next three: documented, tag-resources
LONGEST_NAME = 512
LONGEST_VALUE = 256
FORBIDDEN_IN_NAMES = "<>%&\\?/"
# A link that the portal draws between two resources; its name holds an id, with characters that only the platform may
# use (reported: Azure's own templates of web apps). A copy of the resource is not so linked.
HIDDEN_LINK = "hidden-link:"

# Of a name, as JSON Schema has it.
NAME_FORM = r"^(?:[Hh][Ii][Dd][Dd][Ee][Nn]-[Ll][Ii][Nn][Kk]:[^\x00-\x1f]*|[^<>%&\\?/\x00-\x1f]+)$"


def faults_of(tags: Mapping[str, object]) -> Iterable[tuple[str, str]]:
    """What ARM would refuse, as pairs of a tag's name and the reason."""
    first: dict[str, str] = {}
    for name, value in tags.items():
        if not 0 < len(name) <= LONGEST_NAME:
            yield name, f"a tag's name has 1 to {LONGEST_NAME} letters, this one {len(name)}"
        if not is_hidden_link(name) and (bad := sorted({letter for letter in name if letter in FORBIDDEN_IN_NAMES})):
            yield name, f"a tag's name holds none of {' '.join(FORBIDDEN_IN_NAMES)}; this one holds {' '.join(bad)}"
        if not isinstance(value, str) or len(value) > LONGEST_VALUE:
            yield name, f"a tag's value is text of at most {LONGEST_VALUE} letters"
        if any(ord(letter) < 32 for letter in f"{name}{value}"):
            yield name, "a tag holds no control characters"
        if first.setdefault(name.casefold(), name) != name:
            yield name, f"is the tag '{first[name.casefold()]}' once more: names are compared without case"


def is_hidden_link(name: str) -> bool:
    return name.casefold().startswith(HIDDEN_LINK)


def united(*sources: Mapping[str, str]) -> dict[str, str]:
    """All tags of `sources`; of those of one name, the first source's."""
    found: dict[str, tuple[str, str]] = {}
    for source in sources:
        for name, value in source.items():
            found.setdefault(name.casefold(), (name, value))
    return dict(found.values())


def find(tags: Mapping[str, str], name: str) -> str | None:
    """The value of a tag whatever the case of its name."""
    return next((value for each, value in tags.items() if each.casefold() == name.casefold()), None)
