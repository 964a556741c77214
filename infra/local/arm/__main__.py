"""Starts the simulator: `python -m infra.local.arm --state-dir DIR --cert FILE --key FILE --port N`.

Prints one line, `arm ready https://HOST:PORT`, when it listens. SIGTERM and SIGINT end it cleanly.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import signal
import time
from dataclasses import replace
from pathlib import Path

from infra.local.arm import seed
from infra.local.arm.gateway import Gateway
from infra.local.arm.server import Server
from infra.local.arm.world import World


def main() -> None:
    logging.basicConfig(level=logging.WARNING, format="arm %(levelname)s %(message)s")
    options = _options()
    world = World(options.state_dir)
    if options.time_scale is not None:
        world.set(replace(world.settings, time_scale=options.time_scale))
    if world.is_empty:
        seed.fill(world, now=time.time())
    world.commit()
    gateway = Gateway(world, issuer=options.identity_issuer)
    asyncio.run(_serve(Server(gateway, certificate=options.cert, key=options.key), options.host, options.port))


async def _serve(server: Server, host: str, port: int) -> None:
    ended = asyncio.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(name, ended.set)
    base_url = await server.start(host, port)
    print(f"arm ready {base_url}", flush=True)
    await ended.wait()
    await server.stop()


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m infra.local.arm", description=__doc__)
    parser.add_argument("--state-dir", type=Path, required=True, help="folder of the state; made when missing")
    parser.add_argument("--cert", type=Path, required=True, help="certificate chain, PEM")
    parser.add_argument("--key", type=Path, required=True, help="private key, PEM")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, required=True, help="0 chooses a free one")
    parser.add_argument("--time-scale", type=float, help="factor on all durations: 0.1 is ten times as fast")
    parser.add_argument("--identity-issuer", help="accept only tokens whose iss is this")
    return parser.parse_args()


if __name__ == "__main__":
    main()
