"""`python -m infra.local up | down | demo`: the local target until Ctrl-C; ending what is left of one; the demo."""

from __future__ import annotations

import argparse
import signal
import sys
import threading
from pathlib import Path

from .up import PROJECT, AlreadyRunning, LocalTarget, PartFailed, down

_SHOWN = (
    "center",
    "front_door",
    "api",
    "arm",
    "issuer",
    "identity",
    "eventgrid",
    "storage_connection_string",
    "ca_file",
    "log_dir",
)


def main(argv: list[str] | None = None) -> int:
    arguments = _parser().parse_args(argv)
    if arguments.command == "demo":
        from .demo.run import main as demo

        return demo()
    if arguments.command == "down":
        down(arguments.dir.resolve())
        return 0
    return _up(arguments)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m infra.local", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    up = commands.add_parser("up", help="start everything and stay in the foreground")
    end = commands.add_parser("down", help="end what a previous up left")
    commands.add_parser("demo", help="the whole loop, checked at its end")
    for command in (up, end):
        command.add_argument("--dir", type=Path, default=PROJECT / ".local", help="state, logs, endpoints.json")
    up.add_argument("--instances", type=int, default=1, help="host processes, all at one port")
    up.add_argument("--app", type=Path, default=PROJECT, help="the directory with function_app.py and host.json")
    up.add_argument("--api-port", type=int, help="default: a free one")
    up.add_argument("--sign-in", choices=("entra", "function_key"), default="entra", help="what the API asks for")
    up.add_argument("--restart-hosts", action="store_true", help="start a host anew when one crashes")
    up.add_argument("--without-arm", action="store_true", help="no disk resource provider: for apps that need none")
    return parser


def _up(arguments: argparse.Namespace) -> int:
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    try:
        target = LocalTarget.start(
            dir=arguments.dir,
            instances=arguments.instances,
            app=arguments.app,
            env={"DISKBACKUP_SIGN_IN": arguments.sign_in},
            api_port=arguments.api_port,
            arm=not arguments.without_arm,
        )
    except (AlreadyRunning, PartFailed, FileNotFoundError) as error:
        print(f"local target: {error}", file=sys.stderr)
        return 1
    with target:
        _show(target, arguments.dir)
        return _watch(target, stop, restart_hosts=arguments.restart_hosts)


def _show(target: LocalTarget, directory: Path) -> None:
    for name in _SHOWN:
        print(f"{name:28}{target.endpoints[name]}")
    processes = ", ".join(f"{name} {pid}" for name, pid in target.endpoints["processes"].items())
    print(f"{'processes':28}{processes}")
    print(f"{'':28}One click signs in at the Backup Center: {target.endpoints['center']}")
    print(f"Everything is ready ({directory / 'endpoints.json'}). Ctrl-C ends it.", flush=True)


def _watch(target: LocalTarget, stop: threading.Event, *, restart_hosts: bool) -> int:
    """Until told to stop: 0. A service that ends takes the target with it: 1. A host that ends does not."""
    while not stop.wait(0.5):
        for part in target.crashed():
            print(f"local target: CRASHED: {part.obituary()}", file=sys.stderr, flush=True)
            if not target.is_host(part):
                return 1
            if restart_hosts:
                _start_again(target)
    print("local target: ending", flush=True)
    return 0


def _start_again(target: LocalTarget) -> None:
    try:
        index = target.start_host()
        print(f"local target: host-{index} is started in its place", flush=True)
    except PartFailed as error:
        print(f"local target: no host in its place: {error}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
