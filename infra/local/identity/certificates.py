"""A certificate authority of the local target's own, and one server certificate for this machine's loopback names."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import trustme


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificates:
    """Files: what servers show (`certificate`, with `key`) and what clients trust (`authority`)."""

    certificate: Path
    key: Path
    authority: Path


def certificates(directory: Path) -> Certificates:
    """The certificates in `directory`, made if they are not there: clients that trust them survive a restart."""
    files = Certificates(
        certificate=directory / "server.pem", key=directory / "server-key.pem", authority=directory / "ca.pem"
    )
    if not all(path.is_file() for path in (files.certificate, files.key, files.authority)):
        directory.mkdir(parents=True, exist_ok=True)
        _make(files)
    return files


def _make(files: Certificates) -> None:
    authority = trustme.CA(organization_name="disk-backup local target")
    server = authority.issue_cert("localhost", "127.0.0.1", "::1")
    files.key.touch(mode=0o600)
    server.private_key_pem.write_to_path(str(files.key))
    for index, blob in enumerate(server.cert_chain_pems):
        blob.write_to_path(str(files.certificate), append=index > 0)
    authority.cert_pem.write_to_path(str(files.authority))
