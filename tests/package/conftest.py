"""The tree that packages are built from in these tests: what ships, and copies of it to be spoilt at will."""

from __future__ import annotations

import gzip
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from infra.package import contents
from infra.package.build import Package, build
from infra.package.interpreters import Interpreter, find

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def python() -> Interpreter:
    """Of the version that runs these tests: what is built for it can be imported here."""
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    found = find(version)
    assert found is not None, f"these tests run on Python {version} and do not find it"
    return found


PAGE = {
    "center/index.html.gz": '<!doctype html><script type="module" src="/center/assets/index-1.js"></script>',
    "center/assets/index-1.js.gz": "document.title = 'Backup Center'",
}


@pytest.fixture(scope="session")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project's files that ship, and the two that say what ships and as which version. With a page of its own, for
    these tests need no Node."""
    root = tmp_path_factory.mktemp("sound") / "tree"
    for file in (*shipped(ROOT), ".funcignore", "pyproject.toml"):
        (root / file).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / file, root / file)
    for name, text in PAGE.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(gzip.compress(text.encode(), mtime=0))
    return root


@pytest.fixture
def tree(sound: Path, tmp_path: Path) -> Path:
    """A copy to be spoilt."""
    return shutil.copytree(sound, tmp_path / "tree")


def shipped(root: Path) -> list[str]:
    """What ships of a tree without its page, which may not have been built."""
    return [file for file in contents.read(root) if not file.startswith("center/")]


@pytest.fixture(scope="session")
def built(sound: Path, tmp_path_factory: pytest.TempPathFactory, python: Interpreter) -> Package:
    """The sound tree's package, to be looked at and unpacked, and never changed."""
    return build(sound, tmp_path_factory.mktemp("built"), [python])


@pytest.fixture
def put(tree: Path) -> Callable[[str], Path]:
    """Put a file into the tree, with something in it."""

    def put_file(name: str, text: str = "secret = 1\n") -> Path:
        path = tree / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    return put_file
