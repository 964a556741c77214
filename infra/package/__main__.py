"""`python -m infra.package`: build the deployable package, then prove that it runs.

Compiles it for, and proves it on, every supported Python version that this machine has; others are named as not run.
Exit status: 0 built and proven, 1 faulty, 2 wrong use.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from infra.package import proof
from infra.package.build import Package, PackageFaulty, build
from infra.package.interpreters import SUPPORTED, Interpreter, find

PROJECT = proof.PROJECT
SHOWN = 20  # faults; the first of many tell enough


def main(argv: list[str] | None = None) -> int:
    arguments = _parser().parse_args(argv)
    found = [found for version in arguments.python or SUPPORTED if (found := find(version)) is not None]
    absent = [version for version in arguments.python or SUPPORTED if version not in {each.version for each in found}]
    if not found or (arguments.python and absent):
        print(f"package: this machine has no Python {', '.join(absent)}", file=sys.stderr)
        return 2
    try:
        package = build(PROJECT, arguments.output, found)
    except (PackageFaulty, ValueError) as refusal:
        return _refused(str(refusal).splitlines())
    _print_package(package, found)
    faults = [] if arguments.without_proof else _prove(package, found)
    for version in absent:
        print(f"  Python {version}   NOT RUN: this machine has no such interpreter; the package is not compiled for it")
    return _refused(faults) if faults else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m infra.package", description=__doc__.split("\n\n")[0])
    parser.add_argument("--python", action="append", choices=SUPPORTED, help="only this version; may be repeated")
    parser.add_argument("--output", type=Path, default=PROJECT / ".local" / "package", help="default: .local/package")
    parser.add_argument("--without-proof", action="store_true", help="build and check only")
    return parser


def _print_package(package: Package, interpreters: Sequence[Interpreter]) -> None:
    sources = [file for file in package.files if not file.endswith(".pyc")]
    unpacked = sum((package.folder / file).stat().st_size for file in package.files)
    versions = ", ".join(each.version for each in interpreters)
    print(f"{package.archive}: {package.archive.stat().st_size:,} bytes ({unpacked:,} unpacked)")
    print(f"  {len(sources)} files, with bytecode for Python {versions}; listed in {package.manifest.name}")


def _prove(package: Package, interpreters: Sequence[Interpreter]) -> list[str]:
    with tempfile.TemporaryDirectory(prefix="diskbackup-package-", ignore_cleanup_errors=True) as folder:
        proofs = proof.prove_all(package.archive, interpreters, folder=Path(folder))
        return [fault for each in proofs for fault in _told(each)]


def _told(result: proof.Proof) -> list[str]:
    calls = ", ".join(f"{call['function']} {call['ms']:.0f} ms" for call in result.calls)
    verdict = "FAULTY" if result.faults else "ok"
    print(
        f"  Python {result.version}   {verdict}: {result.functions} functions, indexed in {result.index_ms:.0f} ms;"
        f" {calls}; {result.seconds:.0f} s in all",
        flush=True,
    )
    return [f"Python {result.version}: {fault}" for fault in result.faults]


def _refused(faults: Sequence[str]) -> int:
    for fault in faults[:SHOWN]:
        print(f"package: {fault}", file=sys.stderr)
    if len(faults) > SHOWN:
        print(f"package: and {len(faults) - SHOWN} faults more", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
