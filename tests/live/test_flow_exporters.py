"""An exporter sends its records by UDP: what is counted is what it says that it has sent."""

from __future__ import annotations

import re
import shutil
import socket
import subprocess
from pathlib import Path

import pytest

from pktvisor.handlers.base import Settings
from pktvisor.handlers.flow import Flow
from pktvisor.inputs.base import Defaults
from pktvisor.inputs.flow import FlowInput
from pktvisor.policies.plan import Instance
from pktvisor.policies.policy import Policy
from support.live import eventually

SOFTFLOWD = shutil.which("softflowd", path="/usr/sbin:/usr/bin:/usr/local/sbin")
CAPTURE = Path(__file__).parents[1] / "captures" / "dns_tcp.pcap"


def export(port: int, folder: Path) -> tuple[int, int]:
    """Have the flows of a capture file exported as NetFlow 5; give how many records and datagrams that were."""
    if SOFTFLOWD is None:
        pytest.skip("softflowd is not installed")
    line = [SOFTFLOWD, "-d", "-r", str(CAPTURE), "-v", "5", "-n", f"127.0.0.1:{port}"]
    files = ["-p", str(folder / "softflowd.pid"), "-c", "none"]
    with subprocess.Popen([*line, *files], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        assert process.stdout is not None
        told = ""
        for sentence in process.stdout:
            told += sentence
            if "pcap EOF" in sentence:
                process.terminate()  # it would stay, with nothing to do
    counts = re.search(r"Flows exported: \d+ \((\d+) records\) in (\d+) packets", told)
    assert counts is not None, told
    return int(counts[1]), int(counts[2])


def test_every_record_that_an_exporter_sends_is_counted(tmp_path: Path) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    source = FlowInput({"bind": "127.0.0.1", "port": port, "flow_type": "netflow"}, Defaults())
    policy = Policy("flows", [Instance("flows", Flow(Settings()))])
    source.start([policy.core])
    try:
        records, datagrams = export(port, tmp_path)
        eventually(lambda: source.ledger()["seen"] == datagrams)
    finally:
        source.stop()
    ledger = source.ledger()
    assert (ledger["decoded"], ledger["malformed"], ledger["flow.records_lost"]) == (datagrams, 0, 0)
    samples = [sample for snapshot in policy.bucket(0, 0) for sample in snapshot.samples]
    (counted,) = [sample.value for sample in samples if sample.path[-1] == "records_flows"]
    assert counted == records > 0
