"""`make verify`: the whole way of a backup in a resource group of its own, and what was answered otherwise than it
should be.

    make verify                                     the local target that `make up` started
    make verify ARGS="--app https://<app>.azurewebsites.net --audience api://<client id> \\
        --subscription <id> --location westeurope"  a deployed app, and Azure

In Azure it costs less than 0.05 USD: two Standard HDD disks of 4 GiB (about 0.002 USD an hour each) and two snapshots
of nothing, for a quarter of an hour. Whoever runs it is Owner of the subscription, or Contributor and Role Based Access
Control Administrator, and has the app role Backup.Contributor.

Exit status: 0 as expected; 1 something was answered otherwise; 2 the walk ended early, or something is left.
"""

from __future__ import annotations

import argparse
import os
import secrets
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from infra.verify import comparing, exchanges, sweeping
from infra.verify.api import Api
from infra.verify.exchanges import Recorder
from infra.verify.target import Target, deployed, local, read_endpoints
from infra.verify.walk import Walk

PROJECT = Path(__file__).resolve().parents[2]
FOLDER = PROJECT / ".local" / "verify"
COST = "It makes two disks of 4 GiB and two snapshots for a quarter of an hour: less than 0.05 USD."
OVER_AFTER = timedelta(hours=6)  # a run takes less than one
_STOPPED = (Exception, KeyboardInterrupt)  # whatever it is, it is told, and what was made is removed


@dataclass(slots=True)
class Outcome:
    """`stopped` says why the walk ended early, `left` what could not be removed; "" for neither. `removed` are earlier
    runs of which nothing is left any more."""

    exchanges: list[exchanges.Exchange]
    names: Mapping[str, str]
    stopped: str = ""
    left: str = ""
    removed: list[str] = field(default_factory=list)
    differences: list[str] = field(default_factory=list)

    @property
    def status(self) -> int:
        return 2 if self.stopped or self.left else 1 if self.differences else 0


def verify(
    target: Target,
    recorder: Recorder,
    say: Callable[[str], None],
    *,
    name: str,
    is_left: Callable[[str, datetime], bool],
) -> Outcome:
    """Remove what earlier runs left, walk, remove what this one made; whatever happens on the way."""
    api = Api(recorder, patience=600 if target.is_local else 200)
    walk, outcome = Walk(api, name, say), Outcome(recorder.exchanges, {})
    recorder.step = "what earlier runs left"
    try:
        for group in sweeping.left_groups(api, target.subscription, is_left):
            say(f"an earlier run left {group}: it is removed")
            sweeping.remove(api, target.subscription, group)
            outcome.removed.append(group.removeprefix(sweeping.PREFIX))
        recorder.exchanges.clear()
        walk.run()
    except _STOPPED as error:
        outcome.stopped = f"{recorder.step}: {type(error).__name__} {error}"
    recorder.step = "what is removed"
    say(recorder.step)
    try:
        sweeping.remove(api, target.subscription, walk.group_name)
    except _STOPPED as error:
        outcome.left = f"{walk.group_name}: {type(error).__name__} {error}; run this again to remove it"
    outcome.names = walk.names
    return outcome


@dataclass(frozen=True, slots=True)
class Marks:
    """A file for each run of this machine that has begun and has not removed all that it made. Of other machines' runs
    only the age is known."""

    folder: Path

    def begin(self, name: str) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        self._file(name).write_text(str(os.getpid()), encoding="utf-8")

    def end(self, name: str) -> None:
        self._file(name).unlink(missing_ok=True)

    def is_left(self, name: str, started: datetime) -> bool:
        if not self._file(name).exists():
            return datetime.now(UTC) - started > OVER_AFTER
        return not _is_alive(int(self._file(name).read_text(encoding="utf-8")))

    def _file(self, name: str) -> Path:
        return self.folder / f"{name}.begun"


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # it is, and somebody else's
        return True
    return True


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m infra.verify", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--endpoints", type=Path, default=PROJECT / ".local" / "endpoints.json")
    parser.add_argument("--app", help="base URL of a deployed app; without it the local target is verified")
    parser.add_argument("--audience", help="what tokens for the app are for: api://<client id>")
    parser.add_argument("--subscription")
    parser.add_argument("--location", default="westeurope")
    parser.add_argument("--arm", default="https://management.azure.com", help="another cloud's Azure Resource Manager")
    parser.add_argument("--yes", action="store_true", help="do not ask before something is made that costs")
    parser.add_argument("--expect", action="store_true", help="write what is answered as what is expected from now on")
    given = parser.parse_args(argv)
    if given.app and not (given.audience and given.subscription):
        parser.error("--app needs --audience and --subscription")
    try:
        target = _target(given)
    except FileNotFoundError as error:
        print(error, file=sys.stderr)
        return 2
    if not target.is_local and not _agreed(target, is_asked=not given.yes):
        return 2
    return _told(target, *_run(target), writes=given.expect)


def _target(given: argparse.Namespace) -> Target:
    if not given.app:
        return local(read_endpoints(given.endpoints))
    return deployed(
        app=given.app,
        audience=given.audience,
        subscription=given.subscription,
        location=given.location,
        arm=given.arm,
    )


def _agreed(target: Target, *, is_asked: bool) -> bool:
    print(f"{COST} In subscription {target.subscription}, in a resource group of its own, which is deleted afterwards.")
    if not is_asked:
        return True
    if not sys.stdin.isatty():
        print("nobody is there to agree: say --yes", file=sys.stderr)
        return False
    return input("Go on? (yes) ").strip().lower() == "yes"


def _run(target: Target) -> tuple[Outcome, Path]:
    name, marks = secrets.token_hex(4), Marks(FOLDER)
    recording = FOLDER / f"{datetime.now(UTC):%Y-%m-%dT%H%M%S}-{name}.jsonl"
    recorder = Recorder(target)
    marks.begin(name)
    try:
        outcome = verify(
            target, recorder, lambda text: print(f"  {text}", flush=True), name=name, is_left=marks.is_left
        )
    finally:
        exchanges.write(recorder.exchanges, target, recording)
    for removed in (*outcome.removed, *([] if outcome.left else [name])):
        marks.end(removed)
    return outcome, recording


def _told(target: Target, outcome: Outcome, recording: Path, *, writes: bool) -> int:
    found = comparing.shapes(outcome.exchanges, outcome.names)
    if writes and target.is_local and not outcome.status:
        comparing.write(found)
    outcome.differences = comparing.differences(comparing.read(), found, is_whole=not outcome.stopped)
    print(f"{len(outcome.exchanges)} exchanges are in {recording}, without tokens and with ids replaced")
    for difference in outcome.differences:
        print(f"DIFFERS  {difference}")
    for text in filter(None, (outcome.stopped, outcome.left)):
        print(f"FAILED   {text}", file=sys.stderr)
    print(f"{len(outcome.differences)} differences from what the local simulator answers")
    return outcome.status


if __name__ == "__main__":
    sys.exit(main())
