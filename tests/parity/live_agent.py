"""A running pktvisord, steered as the C++ one was when its answers were recorded, with traffic of the same kinds.

That one captured on `lo` with `-H 192.168.0.0/24` and databases; what the policy `default` answers was recorded first,
then taps and policies came by POST. The inputs flow and netprobe are not compared here: `OTHER_ANSWERS` names theirs;
`test_netprobe.py` compares those of netprobe.
"""

from __future__ import annotations

import os
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from live.dns_traffic import answer, question
from parity.answers import ANSWERS, CAPTURES
from support.daemon import Daemon, daemon
from support.scenarios import DATABASES

RECORDED = ANSWERS / "rest"

OTHER_ANSWERS = ("live.nf.", "live.probe_tcp.")

POLICIES = ("v1_default", "v2_default")
REPLAYED = ("dns_udp_tcp_random.pcap", "dns_ipv4_tcp.pcap", "ecs.pcap", "dhcp-flow.pcap")
"""Captures whose frames are sent on the loopback interface, as those of the recorded agent were."""

NAMES = ("www.example.com", "mail.example.org", "missing.example.com", "refused.example.com")
REFUSED = 5
ADDRESS = f"127.53.{os.getpid() >> 8 & 0xFF}.{os.getpid() & 0xFF}"
"""Where the name server listens: port 53 of an address of its own, also where two test at once."""


@contextmanager
def default_agent() -> Iterator[Daemon]:
    """Run the agent with its policy `default`, while there is a name server."""
    places = ("--geo-city", str(DATABASES / "city.mmdb"), "--geo-asn", str(DATABASES / "isp.mmdb"))
    with daemon("-H", "192.168.0.0/24", "--admin-api", *places, "lo") as running, dns_server():
        yield running


def steer(running: Daemon) -> None:
    """Make the recorded tap and policies."""
    made = [running.request("POST", "/api/v1/taps", (RECORDED / "tap_lo.yaml").read_text())]
    made += [
        running.request("POST", "/api/v1/policies", (RECORDED / f"pol_{policy}.yaml").read_text())
        for policy in POLICIES
    ]
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
