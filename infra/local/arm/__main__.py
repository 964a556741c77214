"""Starts the simulator: `python -m infra.local.arm --state-dir DIR --cert FILE --key FILE --port N`.

Prints one line, `arm ready https://HOST:PORT`, when it listens. SIGTERM and SIGINT end it cleanly.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import signal
import time
from dataclasses import replace
from pathlib import Path

from infra.local.arm import seed
from infra.local.arm.announcing import Announcer, Listener
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
    announcer = None
    if options.events_url:
        listener = Listener(url=options.events_url, key=os.environ["EVENTGRID_KEY"], authority=options.events_ca)
        announcer = Announcer(world, listener, clock=gateway.clock)
    server = Server(gateway, certificate=options.cert, key=options.key)
    asyncio.run(_serve(server, announcer, options.host, options.port))


async def _serve(server: Server, announcer: Announcer | None, host: str, port: int) -> None:
    ended = asyncio.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(name, ended.set)
    base_url = await server.start(host, port)
    announcing = asyncio.create_task(announcer.run()) if announcer else None
    print(f"arm ready {base_url}", flush=True)
    await _first_of(ended, announcing)
    await server.stop()


async def _first_of(ended: asyncio.Event, announcing: asyncio.Task[None] | None) -> None:
    """Returns at the end; raises what the announcer died of, which must not go unseen."""
    waiting = asyncio.create_task(ended.wait())
    await asyncio.wait({waiting, *([announcing] if announcing else [])}, return_when=asyncio.FIRST_COMPLETED)
    if announcing is not None:
        if announcing.done():
            announcing.result()
        announcing.cancel()


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m infra.local.arm", description=__doc__)
    parser.add_argument("--state-dir", type=Path, required=True, help="folder of the state; made when missing")
    parser.add_argument("--cert", type=Path, required=True, help="certificate chain, PEM")
    parser.add_argument("--key", type=Path, required=True, help="private key, PEM")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, required=True, help="0 chooses a free one")
    parser.add_argument("--time-scale", type=float, help="factor on all durations: 0.1 is ten times as fast")
    parser.add_argument("--events-url", help="tell what changes to this Event Grid; its key in EVENTGRID_KEY")
    parser.add_argument("--events-ca", type=Path, help="certificate authority of that Event Grid, PEM")
    parser.add_argument("--identity-issuer", help="accept only tokens whose iss is this")
    return parser.parse_args()


if __name__ == "__main__":
    main()
