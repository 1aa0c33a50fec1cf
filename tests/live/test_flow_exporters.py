"""An exporter sends its records by UDP: what is counted is what it saw."""

from __future__ import annotations

import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from pktvisor.handlers.base import HandlerSettings
from pktvisor.handlers.flow import Flow
from pktvisor.inputs.base import Defaults
from pktvisor.inputs.flow import FlowInput
from pktvisor.policies.plan import Instance
from pktvisor.policies.policy import Policy
from support.live import eventually

SOFTFLOWD = shutil.which("softflowd", path="/usr/sbin:/usr/bin:/usr/local/sbin")
CAPTURE = Path(__file__).parents[1] / "captures" / "dns_tcp.pcap"
CONNECTIONS = 4


@contextmanager
def exporting(port: int, folder: Path) -> Iterator[None]:
    """Have the flows of a capture file exported as NetFlow 5."""
    if SOFTFLOWD is None:
        pytest.skip("softflowd is not installed")
    line = [SOFTFLOWD, "-d", "-r", str(CAPTURE), "-v", "5", "-n", f"127.0.0.1:{port}"]
    files = ["-p", str(folder / "softflowd.pid"), "-c", "none"]
    with subprocess.Popen([*line, *files], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            yield
        finally:
            process.terminate()  # at the end of the file it would stay, with nothing to do


def test_every_connection_that_an_exporter_saw_is_counted(tmp_path: Path) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    source = FlowInput({"bind": "127.0.0.1", "port": port, "flow_type": "netflow"}, Defaults())
    policy = Policy("flows", [Instance("flows", Flow(HandlerSettings()))])
    source.start([policy.core])
    try:
        with exporting(port, tmp_path):
            eventually(lambda: source.ledger()["seen"] > 0)
    finally:
        source.stop()
    ledger = source.ledger()
    assert (ledger["decoded"], ledger["malformed"], ledger["flow.records_lost"]) == (ledger["seen"], 0, 0)
    samples = [sample for snapshot in policy.bucket(0, 0) for sample in snapshot.samples]
    (counted,) = [sample.value for sample in samples if sample.path[-1] == "records_flows"]
    assert counted == 2 * CONNECTIONS, "a record for each direction"
