"""A real S3 server on loopback: SeaweedFS, which comes from PyPI with the other tools for tests."""

from __future__ import annotations

import json
import socket
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from support.commands import BIN
from support.daemon import PATIENCE_S, eventually

KEY, SECRET, BUCKET = "tester", "a secret of the tests", "lake"
IDENTITY = {"name": "tester", "credentials": [{"accessKey": KEY, "secretKey": SECRET}], "actions": ["Admin"]}
PORTS = (
    "master.port",
    "master.port.grpc",
    "volume.port",
    "volume.port.grpc",
    "filer.port",
    "filer.port.grpc",
    "s3.port",
    "s3.port.grpc",
)


@dataclass(frozen=True)
class S3Server:
    """A server, and the environment that leads clients to it."""

    port: int

    @property
    def environment(self) -> dict[str, str]:
        return {
            "AWS_ACCESS_KEY_ID": KEY,
            "AWS_SECRET_ACCESS_KEY": SECRET,
            "AWS_REGION": "us-east-1",
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{self.port}",
            "AWS_ALLOW_HTTP": "true",
        }


@contextmanager
def s3_server(folder: Path) -> Iterator[S3Server]:
    """A server with a bucket, whose files are in a folder."""
    config = folder / "s3.json"
    config.write_text(json.dumps({"identities": [IDENTITY]}))
    ports = free_ports(len(PORTS))
    kept = ("-dir", str(folder), "-volume.max", "20", "-master.volumeSizeLimitMB", "64", "-master.telemetry=false")
    told = [f"-{name}={port}" for name, port in zip(PORTS, ports, strict=True)]
    here = ("-ip", "127.0.0.1", "-ip.bind", "127.0.0.1", "-s3", "-s3.config", str(config))
    with (folder / "s3.log").open("wb") as log:
        process = subprocess.Popen([BIN / "weed", "server", *here, *kept, *told], stdout=log, stderr=log)
    try:
        eventually(lambda: answers(ports[PORTS.index("s3.port")]))
        make_bucket(f"127.0.0.1:{ports[0]}.{ports[1]}")
        yield S3Server(ports[PORTS.index("s3.port")])
    finally:
        process.kill()
        process.wait()


def make_bucket(master: str) -> None:
    """Make the bucket, as soon as the server has found itself."""

    def is_made() -> bool:
        said = subprocess.run(
            [BIN / "weed", "shell", f"-master={master}"],
            input=f"s3.bucket.create -name {BUCKET}\ns3.bucket.list\n",
            check=False,
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
        )
        return f"  {BUCKET}" in said.stdout

    eventually(is_made)


def free_ports(count: int) -> list[int]:
    """Ports that nobody listens on now."""
    with ExitStack() as stack:
        probes = [stack.enter_context(socket.socket()) for _ in range(count)]
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [probe.getsockname()[1] for probe in probes]


def answers(port: int) -> bool:
    """Whether somebody listens on a port."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
