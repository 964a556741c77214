"""Azurite, the storage of the local target: how it is started and reached. It keeps its data on disk."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from azure.core.exceptions import ResourceExistsError
from azure.storage.queue import QueueServiceClient

HERE = Path(__file__).resolve().parent
_QUEUES = HERE.parent / "azure" / "queues.json"
_PROGRAM = HERE / "node_modules" / ".bin" / "azurite"

ACCOUNT = "devstoreaccount1"
# Azurite's well-known key: the same everywhere, no secret.
ACCOUNT_KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="


@dataclass(frozen=True, slots=True, kw_only=True)
class StoragePorts:
    blob: int
    queue: int
    table: int

    @property
    def all(self) -> tuple[int, int, int]:
        return (self.blob, self.queue, self.table)


def azurite_command(location: Path, ports: StoragePorts) -> list[str]:
    """The command line of Azurite. Raises FileNotFoundError when it is not installed."""
    if not _PROGRAM.exists():
        raise FileNotFoundError(f"{_PROGRAM} is missing: run `npm ci` in {HERE}")
    return [
        str(_PROGRAM),
        "--silent",
        "--skipApiVersionCheck",
        "--disableTelemetry",
        "--location",
        str(location),
        "--blobPort",
        str(ports.blob),
        "--queuePort",
        str(ports.queue),
        "--tablePort",
        str(ports.table),
    ]


def connection_string(ports: StoragePorts) -> str:
    services = {"Blob": ports.blob, "Queue": ports.queue, "Table": ports.table}
    endpoints = [f"{name}Endpoint=http://127.0.0.1:{port}/{ACCOUNT};" for name, port in services.items()]
    return f"DefaultEndpointsProtocol=http;AccountName={ACCOUNT};AccountKey={ACCOUNT_KEY};" + "".join(endpoints)


def make_queues(connection: str) -> None:
    """Make the queues that the templates make in Azure, poison queues too. Those that are there stay as they are."""
    with QueueServiceClient.from_connection_string(connection) as service:
        for queue in json.loads(_QUEUES.read_text(encoding="utf-8")):
            for name in (queue, f"{queue}-poison"):
                try:
                    service.create_queue(name)
                except ResourceExistsError:
                    continue
