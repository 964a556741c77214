"""`python -m infra.local.host --app DIR --port N`: run one instance until SIGTERM or Ctrl-C.

Prints `host ready http://ADDRESS:PORT` when all listeners are up. Exit status: 0 drained, 1 broken, 2 refused.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import signal
import sys
from pathlib import Path

from .instance import Instance
from .settings import AZURE_MARKS, StartupRefused, apply_local_settings

logger = logging.getLogger("host")


def main(argv: list[str] | None = None) -> int:
    arguments = _parser().parse_args(argv)
    app = arguments.app.resolve()
    try:
        _prepare_environment(app, arguments.settings)
        return asyncio.run(_run(app, arguments))
    except StartupRefused as refusal:
        for problem in refusal.problems:
            print(f"host: refused: {problem}", file=sys.stderr)
        return 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m infra.local.host", description=__doc__.split("\n\n")[0])
    parser.add_argument("--app", type=Path, required=True, help="the directory with function_app.py and host.json")
    parser.add_argument("--port", type=int, default=7071)
    parser.add_argument("--address", default="127.0.0.1")
    parser.add_argument("--settings", type=Path, help="default: APP/local.settings.json, if it is there")
    parser.add_argument("--log-dir", type=Path, help="where a line of JSON per invocation goes")
    return parser


def _prepare_environment(app: Path, settings: Path | None) -> None:
    if not app.is_dir():
        raise StartupRefused(f"{app} is not a directory")
    for mark in AZURE_MARKS:
        os.environ.pop(mark, None)
    default = app / "local.settings.json"
    if settings or default.is_file():
        apply_local_settings(settings or default, os.environ)
    os.environ.setdefault("FUNCTIONS_WORKER_RUNTIME", "python")
    os.environ["AzureWebJobsScriptRoot"] = str(app)  # noqa: SIM112 - the host spells it so
    _set_up_logging()


def _set_up_logging() -> None:
    """The worker listens from Information on; what of it is paid for is host.json's to say (logs.py)."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s", stream=sys.stderr)
    logger.setLevel(logging.INFO)  # whatever level the app sets for the libraries beside it
    logging.getLogger("azure.functions").setLevel(logging.WARNING)  # the worker library's own words


async def _run(app: Path, arguments: argparse.Namespace) -> int:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    log_dir = arguments.log_dir.resolve() if arguments.log_dir else None
    os.chdir(app)
    instance = await Instance.start(app, address=arguments.address, port=arguments.port, log_dir=log_dir)
    print(f"host ready http://{arguments.address}:{arguments.port}", flush=True)
    restart = await instance.until(stop)
    await instance.drain()
    if restart:
        logger.error("The worker starts anew: %s", restart)
        _start_anew()
    return 0


def _start_anew() -> None:
    """Replace this process by a fresh one with the same id: the threads of the runs that took too long die with it."""
    logging.shutdown()
    os.chdir(_STARTED_IN)
    os.execv(sys.executable, [sys.executable, "-m", "infra.local.host", *sys.argv[1:]])


_STARTED_IN = Path.cwd()

if __name__ == "__main__":
    sys.exit(main())
