"""What the Bicep compiler makes of each parameter file: the number of resources that a deployment would have.

`bicep snapshot` evaluates a parameter file without Azure and writes `<name>.snapshot.json` beside it. One that is in
the repository is compared by the compiler itself, value by value (`--mode validate`, .github/workflows/infra.yml). Here
each is held to the number of its resources, stored or just made: where none was ever stored, that is checked.

`python infra/evaluated.py [folder]` prints each with its resources by type, and ends with 1 where a number differs.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

FOLDER = Path(__file__).parent / "azure"
COMPILER = "0.49.2"  # whose evaluation these numbers are
EVALUATED = {"small": 28, "large": 49, "access-small": 3, "access-large": 10}


def faults(folder: Path) -> Iterator[str]:
    """A sentence for each snapshot that is missing, is none, or has other resources than it should."""
    for name, expected in EVALUATED.items():
        file = folder / f"{name}.snapshot.json"
        if not file.exists():
            yield f"{file.name} is missing: bicep snapshot {name}.bicepparam --mode overwrite"
            continue
        found = len(resources(file))
        if found != expected:
            yield f"{file.name} has {found} resources, not {expected}: {_by_type(file)}"


def resources(file: Path) -> list[str]:
    """The type of each resource. Raises ValueError for what is no snapshot."""
    predicted = json.loads(file.read_text(encoding="utf-8")).get("predictedResources")
    if not isinstance(predicted, list):
        raise ValueError(f"{file} is no snapshot: it has no predictedResources")
    return [str(each["type"]) for each in predicted]


def _by_type(file: Path) -> str:
    return ", ".join(f"{count} {kind}" for kind, count in sorted(Counter(resources(file)).items()))


def main() -> int:
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER
    for file in sorted(folder.glob("*.snapshot.json")):
        print(f"{file.name}: {len(resources(file))} resources: {_by_type(file)}")
    told = list(faults(folder))
    print("\n".join(told) or "as many resources as expected", file=sys.stderr if told else sys.stdout)
    return 1 if told else 0


if __name__ == "__main__":
    sys.exit(main())
