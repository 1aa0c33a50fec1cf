"""Hostile captures, and what is no file at all: every command comes to its end, every call is answered.

The limits of time are safety nets, far above what anything takes.
"""

from __future__ import annotations

import json
import os
import signal
import struct
import subprocess
from pathlib import Path

import pytest

from support.commands import BIN
from support.daemon import daemon

LONGEST_S = 120
Y2106 = 0xFFFFFFFF
FRAME = bytes(12) + b"\x08\x00" + bytes([0x45, 0, 0, 20, 0, 0, 0, 0, 64, 255, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2])


def pcap(*seconds: int) -> bytes:
    records = [struct.pack("<IIII", second, 0, len(FRAME), len(FRAME)) + FRAME for second in seconds]
    return struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1) + b"".join(records)


def block(kind: int, body: bytes) -> bytes:
    length = struct.pack("<I", len(body) + 12)
    return struct.pack("<I", kind) + length + body + length


def pcapng(*ticks: int, resolution: int = 9, offset_s: int = 0) -> bytes:
    """Packets of one interface at so many ticks."""
    options = struct.pack("<HHB3xHHqHH", 9, 1, resolution, 14, 8, offset_s, 0, 0)
    section = block(0x0A0D0D0A, struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1))
    interface = block(1, struct.pack("<HHI", 1, 0, 65535) + options)
    data = FRAME + bytes(-len(FRAME) % 4)
    head = [struct.pack("<IIIII", 0, tick >> 32, tick & Y2106, len(FRAME), len(FRAME)) for tick in ticks]
    return section + interface + b"".join(block(6, one + data) for one in head)


LATEST = (1 << 64) - 1
START = 1_700_000_000
HOSTILE = {
    "latest": pcapng(LATEST, LATEST, LATEST),
    "latest-and-earliest": pcapng(LATEST, 0, LATEST, 0, START * 10**9, LATEST),
    "seconds-as-ticks": pcapng(LATEST, 1, LATEST, resolution=0),
    "binary-ticks": pcapng(LATEST, 1, LATEST, resolution=0x80),
    "finest-ticks": pcapng(LATEST, 1, LATEST, resolution=0xFF),
    "latest-offset": pcapng(LATEST, 0, 1, offset_s=(1 << 63) - 1),
    "earliest-offset": pcapng(LATEST, 0, 1, offset_s=-(1 << 63)),
    "2106": pcap(START, Y2106, START + 1, 0, START + 2),
    "1970-first": pcap(0, START, START + 1),
    "turns": pcap(*(START if at % 4 < 2 else Y2106 for at in range(5000))),
}


@pytest.fixture(params=HOSTILE)
def capture(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    path = tmp_path / f"{request.param}.capture"
    path.write_bytes(HOSTILE[request.param])
    return path


@pytest.fixture
def fifo(tmp_path: Path) -> Path:
    path = tmp_path / "fifo"
    os.mkfifo(path)
    return path


def read(path: Path | str, *options: str) -> subprocess.CompletedProcess[bytes]:
    line = [BIN / "pktvisor-reader", path, *options]
    return subprocess.run(line, capture_output=True, timeout=LONGEST_S, check=False, stdin=subprocess.DEVNULL)


@pytest.mark.parametrize("options", [(), ("--periods", "1"), ("--workers", "3"), ("-b", "arp")])
def test_the_reader_comes_to_its_end(capture: Path, options: tuple[str, ...]) -> None:
    done = read(capture, *options)
    assert done.returncode == 0, done.stderr
    (document,) = json.loads(done.stdout).values()
    assert document["packets"]["period"]["length"] <= 86_400 * 5


def test_a_bad_stamp_is_told_and_the_period_is_that_of_the_others(tmp_path: Path) -> None:
    path = tmp_path / "bad.pcap"
    path.write_bytes(pcap(*(Y2106 if at == 30 else 0 if at == 90 else START + at for at in range(180))))
    done = read(path)
    assert b"2 timestamps jump" in done.stderr
    packets = json.loads(done.stdout)["5m"]["packets"]
    assert packets["period"] == {"length": 179, "start_ts": START}
    assert packets["total"] == 180


def test_the_reader_waits_for_a_fifo_until_it_is_told_to_end(fifo: Path) -> None:
    reader = subprocess.Popen([BIN / "pktvisor-reader", fifo], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    writer = os.open(fifo, os.O_WRONLY)  # waits for the reader
    os.write(writer, pcap(START, START + 1))
    reader.send_signal(signal.SIGTERM)
    out, err = reader.communicate(timeout=LONGEST_S)
    os.close(writer)
    assert reader.returncode in (0, 255), (out, err)


def test_where_a_file_is_meant_a_fifo_is_refused(fifo: Path) -> None:
    named = str(fifo)
    for options in (["--config", named], ["--check-config", named], ["lo", "--geo-city", named]):
        done = subprocess.run([BIN / "pktvisord", *options], capture_output=True, timeout=LONGEST_S, check=False)
        assert done.returncode == 1, options
        assert b"a FIFO, not a regular file" in done.stdout + done.stderr


def policy(name: str, tap: str) -> str:
    return f"""visor: {{policies: {{{name}: {{kind: collection, input: {{tap: {tap}, input_type: pcap}},
        handlers: {{modules: {{n: {{type: net}}}}}}}}}}}}"""


def tap(name: str, path: Path) -> str:
    return f"visor: {{taps: {{{name}: {{input_type: pcap, config: {{pcap_file: {path}}}}}}}}}"


def test_the_daemon_reads_each_and_its_policies_can_be_deleted(tmp_path: Path) -> None:
    with daemon("--admin-api") as agent:
        for at, (name, content) in enumerate(HOSTILE.items()):
            path = tmp_path / f"{name}.capture"
            path.write_bytes(content)
            assert agent.request("POST", "/api/v1/taps", tap(f"t{at}", path))[0] == 201
            assert agent.request("POST", "/api/v1/policies", policy(f"p{at}", f"t{at}"))[0] == 201
            assert agent.request("GET", f"/api/v1/policies/p{at}/metrics/window/2")[0] in (200, 425)
            assert agent.request("DELETE", f"/api/v1/policies/p{at}")[0] in (200, 204)
        assert agent.stop() == 0


def test_a_fifo_as_a_capture_file_is_refused_and_holds_nobody_up(fifo: Path) -> None:
    with daemon("--admin-api") as agent:
        assert agent.request("POST", "/api/v1/taps", tap("t", fifo))[0] == 201
        status, body = agent.request("POST", "/api/v1/policies", policy("p", "t"))
        assert status >= 400
        assert b"a FIFO, not a regular file" in body
        assert agent.request("DELETE", "/api/v1/policies/p")[0] == 404
        assert agent.stop() == 0
