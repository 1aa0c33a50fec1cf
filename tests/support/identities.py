"""Certificates of a receiver and its clients, made for a test."""

from __future__ import annotations

import ssl
from pathlib import Path

import trustme


class Identities:
    """An authority with certificates of a receiver and of us, in files."""

    def __init__(self, folder: Path) -> None:
        authority = trustme.CA()
        self.authority = folder / "authority.pem"
        authority.cert_pem.write_to_path(str(self.authority))
        self.server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert("127.0.0.1").configure_cert(self.server)
        authority.configure_trust(self.server)
        client = authority.issue_cert("edge.example")
        self.cert, self.key, self.both = folder / "cert.pem", folder / "key.pem", folder / "both.pem"
        client.cert_chain_pems[0].write_to_path(str(self.cert))
        client.private_key_pem.write_to_path(str(self.key))
        client.private_key_and_cert_chain_pem.write_to_path(str(self.both))
