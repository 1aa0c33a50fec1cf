"""A running pktvisord, steered as the C++ one was when its answers were recorded, with traffic of the same kinds.

That one captured on `lo` with `-H 192.168.0.0/24` and databases; what the policy `default` answers was recorded first,
then taps and policies came by POST. The handler bgp and the inputs flow and netprobe are not here yet: `LATER_HANDLERS`
and `LATER_ANSWERS` name them, and nothing of them is compared.
"""

from __future__ import annotations

import os
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import yaml

from live.dns_traffic import answer, question
from parity.answers import ANSWERS, CAPTURES
from support.daemon import Daemon, daemon
from support.scenarios import DATABASES

RECORDED = ANSWERS / "rest"

LATER_HANDLERS = {"bgp"}
LATER_ANSWERS = ("live.nf.", "live.probe_tcp.")

POLICIES = ("v1_default", "v2_default")
REPLAYED = ("dns_udp_tcp_random.pcap", "dns_ipv4_tcp.pcap", "ecs.pcap", "dhcp-flow.pcap")
"""Captures whose frames are sent on the loopback interface, as those of the recorded agent were."""

NAMES = ("www.example.com", "mail.example.org", "missing.example.com", "refused.example.com")
REFUSED = 5
ADDRESS = f"127.53.{os.getpid() >> 8 & 0xFF}.{os.getpid() & 0xFF}"
"""Where the name server listens: port 53 of an address of its own, also where two test at once."""


def body_of(policy: str) -> str:
    """Give the recorded POST of a policy without handlers that are not here yet."""
    document = yaml.safe_load((RECORDED / f"pol_{policy}.yaml").read_text())
    modules = document["visor"]["policies"][policy]["handlers"]["modules"]
    for name in [name for name, module in modules.items() if module["type"] in LATER_HANDLERS]:
        del modules[name]
    return yaml.safe_dump(document, sort_keys=False)


@contextmanager
def default_agent() -> Iterator[Daemon]:
    """Run the agent with its policy `default`, while there is a name server."""
    places = ("--geo-city", str(DATABASES / "city.mmdb"), "--geo-asn", str(DATABASES / "isp.mmdb"))
    with daemon("-H", "192.168.0.0/24", "--admin-api", *places, "lo") as running, dns_server():
        yield running


def steer(running: Daemon) -> None:
    """Make the recorded tap and policies."""
    made = [running.request("POST", "/api/v1/taps", (RECORDED / "tap_lo.yaml").read_text())]
    made += [running.request("POST", "/api/v1/policies", body_of(policy)) for policy in POLICIES]
    assert [status for status, _ in made] == [201] * 3, made


def show_traffic() -> None:
    """Let some traffic pass, which takes more than a second, so that rates have something to tell."""
    replay()
    ask_over_udp_and_tcp()
    time.sleep(1.5)
    ask_over_udp_and_tcp()


def replay() -> None:
    """Send the frames of captures on the loopback interface; nobody answers them."""
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as wire:
        wire.bind(("lo", 0))
        for name in REPLAYED:
            for frame in frames((CAPTURES / name).read_bytes()):
                wire.send(frame)


def frames(capture: bytes) -> Iterator[bytes]:
    """Read the packets of a pcap file."""
    order = "<" if capture[:2] == b"\xd4\xc3" else ">"
    offset = 24
    while offset < len(capture):
        (length,) = struct.unpack_from(f"{order}8xI4x", capture, offset)
        yield capture[offset + 16 : offset + 16 + length]
        offset += 16 + length


@contextmanager
def dns_server() -> Iterator[None]:
    """Answer DNS over UDP and TCP, as long as the block runs."""
    ended = threading.Event()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams, socket.create_server((ADDRESS, 53)) as streams:
        datagrams.bind((ADDRESS, 53))
        both = ((datagrams, _serve_udp), (streams, _serve_tcp))
        threads = [threading.Thread(target=_serve_until, args=(ended, server, serve)) for server, serve in both]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            ended.set()
            for thread in threads:
                thread.join()


def ask_over_udp_and_tcp() -> None:
    for number, name in enumerate(NAMES):
        query = question(number, name)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            client.settimeout(60)
            client.sendto(query, (ADDRESS, 53))
            assert client.recv(512) == reply_to(query)
        with socket.create_connection((ADDRESS, 53), timeout=60) as client:
            client.sendall(struct.pack(">H", len(query)) + query)
            assert client.recv(514)[2:] == reply_to(query)


def reply_to(query: bytes) -> bytes:
    if b"refused" in query:
        return query[:2] + struct.pack(">HHHHH", 0x8180 | REFUSED, 1, 0, 0, 0) + query[12:]
    return answer(query)


def _serve_until(ended: threading.Event, server: socket.socket, serve: Callable[[socket.socket], None]) -> None:
    server.settimeout(0.1)
    while not ended.is_set():
        with suppress(TimeoutError):
            serve(server)


def _serve_udp(server: socket.socket) -> None:
    query, asker = server.recvfrom(512)
    server.sendto(reply_to(query), asker)


def _serve_tcp(server: socket.socket) -> None:
    connection, _ = server.accept()
    with connection:
        connection.settimeout(60)
        reply = reply_to(connection.recv(514)[2:])
        connection.sendall(struct.pack(">H", len(reply)) + reply)


def without_later(document: Any) -> Any:
    """Leave out handlers that are not here yet, wherever a document has a level of them."""
    if not isinstance(document, dict):
        return document
    return {
        key: without_later(value)
        for key, value in document.items()
        if "-" not in key or key.rpartition("-")[2] not in LATER_HANDLERS
    }
