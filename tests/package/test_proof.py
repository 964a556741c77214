"""The proof: it holds for the package, and does not for one that is broken. Here without installing anything.

`make package` gives the whole proof, each Python version in an environment of its own.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from infra.package import __main__ as command
from infra.package import archive, proof
from infra.package.build import Package, build
from infra.package.interpreters import Interpreter

pytestmark = pytest.mark.local_target


@pytest.fixture(scope="module")
def expected() -> frozenset[str]:
    return proof.declared_functions()


@pytest.fixture
def run(
    built: Package, tree: Path, tmp_path: Path, python: Interpreter, azurite: str, expected: frozenset[str]
) -> Callable[..., proof.Proof]:
    """Unpack the sound package, or that of a tree that was `changed`, and run it."""

    def unpack_and_run(spoil: Callable[[Path], object] = lambda app: None, *, changed: bool = False) -> proof.Proof:
        package = build(tree, tmp_path / "output", [python]) if changed else built
        app = tmp_path / "app"
        archive.unpack(package.archive, app)
        spoil(app)
        return proof.run(app, Path(sys.executable), version=python.version, storage=azurite, expected=expected)

    return unpack_and_run


def change(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def test_the_package_runs(run: Callable[..., proof.Proof], expected: frozenset[str]) -> None:
    result = run()
    assert result.faults == ()
    assert result.functions == len(expected)
    assert {call["trigger"] for call in result.calls} >= {"timerTrigger", "queueTrigger", "httpTrigger"}


def test_a_function_that_is_missing_and_one_that_nobody_declared_are_told(
    run: Callable[..., proof.Proof], tree: Path
) -> None:
    change(tree / "backup_core/triggers/admin.py", "def catalogue_rebuild(", "def catalogue_rebuilt(")
    faults = run(changed=True).faults
    assert "the function catalogue_rebuild is not indexed" in faults
    assert "a function catalogue_rebuilt is indexed that nobody declared" in faults


def test_a_call_that_fails_is_told(run: Callable[..., proof.Proof], tree: Path) -> None:
    """What only the call itself imports: everything else holds."""
    change(tree / "backup_core/workflows/tick.py", "def tick(", "def tick_no_more(")
    faults = "\n".join(run(changed=True).faults)
    assert "tick failed: ImportError" in faults


def test_a_module_that_does_not_ship_is_told(run: Callable[..., proof.Proof], tree: Path) -> None:
    (tree / "backup_core/adapters/open_id.py").unlink()
    with (tree / "backup_core/adapters/identity.py").open("a") as source:
        source.write("\nimport backup_core.adapters.open_id\n")
    with pytest.raises(proof.StepFailed, match=r"No module named 'backup_core\.adapters\.open_id'"):
        run(changed=True)


def test_an_app_that_cannot_be_indexed_is_told(run: Callable[..., proof.Proof], tree: Path) -> None:
    change(tree / "function_app.py", "app = func.FunctionApp", "other = func.FunctionApp")
    with pytest.raises(proof.StepFailed):
        run(changed=True)


def test_a_page_whose_script_is_not_there_is_told(run: Callable[..., proof.Proof]) -> None:
    faults = run(lambda app: (app / "center/assets/index-1.js.gz").unlink()).faults
    assert faults == ("/center/assets/index-1.js is answered 404",)


def test_a_page_that_is_not_there_is_told(run: Callable[..., proof.Proof]) -> None:
    faults = run(lambda app: shutil.rmtree(app / "center")).faults
    assert faults[0] == "/center/ is answered 503"


def test_bytecode_that_is_compiled_anew_is_told(run: Callable[..., proof.Proof]) -> None:
    result = run(lambda app: shutil.rmtree(app / "backup_core/domain/__pycache__"))
    assert "backup_core/domain/job.py was compiled at its import" in result.faults
    assert any(fault.startswith("running the app wrote backup_core/domain/__pycache__/") for fault in result.faults)


def test_the_command_refuses_a_python_that_is_not_there(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(command, "SUPPORTED", ("3.99",))
    assert command.main(["--output", str(tmp_path / "output")]) == 2
    assert "this machine has no Python 3.99" in capsys.readouterr().err
