"""Faults seeded in the real files: each check is shown to find the kind of fault that it is there for."""

from __future__ import annotations

from tests.infra.bicep import Project, project_of, texts


def seeded(path: str, old: str, new: str) -> Project:
    """The project with one text changed. Raises where the text is not there, so that no fault is seeded in vain."""
    sources = texts()
    if old not in sources[path]:
        raise ValueError(f"{path} does not hold {old!r}: seed the fault elsewhere")
    return project_of({**sources, path: sources[path].replace(old, new, 1)})


def assert_found(faults: list[str], *words: str) -> None:
    """One of the faults says all of `words`."""
    assert any(all(word in fault for word in words) for fault in faults), faults
