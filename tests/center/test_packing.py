"""What was built is what is served: each file, under a type that the app knows, and always the same bytes."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from backup_core.center import files
from infra import center


@pytest.fixture
def built(tmp_path: Path) -> Path:
    folder = tmp_path / "dist"
    for name, text in {"index.html": "<!doctype html>", "assets/a-1.js": "1;", "assets/a-1.css": "a{}"}.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


def test_the_app_finds_each_file_that_was_built(built: Path, tmp_path: Path) -> None:
    center.pack(built, tmp_path / "center")
    found = files.read(tmp_path / "center")
    assert set(found) == {"index.html", "assets/a-1.js", "assets/a-1.css"}
    assert gzip.decompress(found["assets/a-1.js"].packed) == b"1;"


def test_what_may_ship_is_what_the_app_serves() -> None:
    assert frozenset(files.TYPES) == center.SUFFIXES
    assert files.INDEX == center.INDEX


def test_the_same_build_has_the_same_bytes(built: Path, tmp_path: Path) -> None:
    center.pack(built, tmp_path / "one")
    (built / "index.html").touch()
    center.pack(built, tmp_path / "two")
    one, two = ((tmp_path / name / "index.html.gz").read_bytes() for name in ("one", "two"))
    assert one == two


def test_nothing_of_an_older_build_stays(built: Path, tmp_path: Path) -> None:
    center.pack(built, tmp_path / "center")
    (built / "assets" / "a-1.js").unlink()
    center.pack(built, tmp_path / "center")
    assert set(files.read(tmp_path / "center")) == {"index.html", "assets/a-1.css"}
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith("center")] == ["center"]


@pytest.mark.parametrize("name", ["assets/a-1.js.map", "assets/a.wasm", "notes"])
def test_a_file_that_the_app_would_not_serve_is_told_and_the_page_that_was_stays(
    name: str, built: Path, tmp_path: Path
) -> None:
    center.pack(built, tmp_path / "center")
    (built / name).write_text("x")
    with pytest.raises(center.NotServed, match=name):
        center.pack(built, tmp_path / "center")
    assert "index.html" in files.read(tmp_path / "center")


def test_a_build_that_made_no_page_is_told(built: Path, tmp_path: Path) -> None:
    (built / "index.html").unlink()
    with pytest.raises(center.NotServed, match="made no page"):
        center.pack(built, tmp_path / "center")
    with pytest.raises(center.NotServed, match="made no page"):
        center.pack(tmp_path / "nothing", tmp_path / "center")
