"""Record the README's picture of the terminal interface: docs/pictures/terminal.svg.

Usage: python docs/picture.py [CAPTURE | HOST:PORT]. Without a target it makes five minutes of a resolver's traffic and
shows these.
"""

from __future__ import annotations

import asyncio
import math
import random
import struct
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from pktvisor.api.client import Client
from pktvisor.api.connection import Endpoint
from pktvisor.cli.analysis import analyse
from pktvisor.cli.progress import Progress
from pktvisor.config.command_options import SummaryOptions
from pktvisor.tui.app import Terminal
from pktvisor.tui.saving import picture
from pktvisor.tui.units import Units
from pktvisor.tui.views.content import Settings
from pktvisor.tui.watch import Watch
from pktvisor.tui.watched import Request, Watched
from pktvisor.tui.watched_agent import WatchedAgent
from pktvisor.tui.windows import DEFAULT

REPOSITORY = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(REPOSITORY / "tests" / "lab"))

from dns_message import query  # noqa: E402 (in the tests' folder)
from frames import ACK, PSH, TCP, UDP, packet, tcp, udp  # noqa: E402
from frames import Path as Way  # noqa: E402
from pcapfile import Packet, pcap_bytes  # noqa: E402

PICTURE = REPOSITORY / "docs" / "pictures" / "terminal.svg"
GEO = REPOSITORY / "tests" / "fixtures" / "geo"
SIZE = (162, 47)
START_S = 1_780_000_000
SECONDS = 300
RESOLVER, RESOLVER_6 = "203.0.113.53", "2001:db8:53::53"
NAMES = {
    "www.example.com": 30, "api.example.com": 18, "cdn.example.net": 14, "mail.example.org": 8, "login.example.com": 7,
    "static.example.net": 6, "img.example.net": 5, "time.example.org": 4, "ns1.example.net": 2, "shop.example.co.uk": 2,
    "wpad.example.com": 4, "old.example.org": 2, "broken.example.org": 1, "version.example": 1,
}  # fmt: skip
CLIENTS = (("10.2.0", range(1, 200)), ("198.51.100", range(130, 250)))
"""Networks of different places: a list that shows one twice puzzles whoever looks."""
RCODES = {"wpad.example.com": 3, "old.example.org": 3, "broken.example.org": 2, "version.example": 5}
QTYPES = {"A": 60, "AAAA": 30, "MX": 4, "TXT": 4, "PTR": 2}


def main() -> None:
    """Record the picture."""
    target = sys.argv[1] if len(sys.argv) > 1 else None
    watched = _agent(target) if target and not Path(target).exists() else _capture(target)
    watch = Watch(watched, Request(DEFAULT), interval_s=1.0)
    PICTURE.parent.mkdir(exist_ok=True)
    PICTURE.write_text(asyncio.run(_record(watch)), encoding="utf-8")
    watched.close()


async def _record(watch: Watch) -> str:
    terminal = Terminal(watch, Settings(units=Units(is_utc=True)), make_poller=None)
    async with terminal.run_test(size=SIZE) as pilot:
        watch.step()
        terminal.take(watch.state)
        await pilot.press("tab", "tab")
        await pilot.pause()
        return picture(terminal.export_screenshot(title="pktvisor"))


def _agent(target: str) -> Watched:
    host, _, port = target.rpartition(":")
    return WatchedAgent(Client(Endpoint(host or "localhost", int(port))))


def _capture(target: str | None) -> Watched:
    options = SummaryOptions(
        hosts=f"{RESOLVER}/32,{RESOLVER_6}/128",
        geo_city=str(GEO / "city.mmdb"),
        geo_asn=str(GEO / "asn.mmdb"),
    )
    if target is not None:
        return analyse([target], options, Progress(sys.stderr), is_watched=True)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "resolver.pcap"
        path.write_bytes(pcap_bytes(sorted(traffic(), key=lambda one: one.time_ns)))
        return analyse([str(path)], options, Progress(sys.stderr), is_watched=True)


def traffic() -> Iterator[Packet]:
    """Clients ask a resolver, and the resolver asks other servers; some web traffic beside."""
    chance = random.Random(53)
    for second in range(SECONDS):
        for _ in range(round(40 + 25 * math.sin(second / 45) + chance.uniform(-6, 6))):
            at_s = START_S + second + chance.random()
            yield from _question(chance, at_s)
        for _ in range(chance.randrange(4, 16)):
            yield from _web(chance, START_S + second + chance.random())


def _question(chance: random.Random, at_s: float) -> Iterator[Packet]:
    name, qtype = _pick(chance, NAMES), _pick(chance, QTYPES)
    if chance.random() < 0.2:
        client = Way(f"2001:db8:{chance.choice((1, 2))}::{chance.randrange(1, 400):x}", _port(chance), RESOLVER_6, 53)
    else:
        network, hosts = chance.choice(CLIENTS)
        client = Way(f"{network}.{chance.choice(hosts)}", _port(chance), RESOLVER, 53)
    is_cached = chance.random() < 0.7
    wait_s = chance.expovariate(1 / 0.02)
    yield from _exchange(chance, client, name, qtype, at_s, 0.0004 if is_cached else 0.002 + wait_s)
    if not is_cached:
        network = chance.choice(("192.0.2", "198.51.100"))
        upstream = Way(RESOLVER, _port(chance), f"{network}.{chance.randrange(1, 250)}", 53)
        yield from _exchange(chance, upstream, name, qtype, at_s + 0.001, wait_s)


def _exchange(chance: random.Random, way: Way, name: str, qtype: str, at_s: float, wait_s: float) -> Iterator[Packet]:
    asked = query(name, qtype, identity=chance.randrange(65536))
    yield _packet(at_s, packet(way, UDP, udp(way, asked)))
    if chance.random() < 0.01:
        return
    rcode = RCODES.get(name, 0)
    flags = struct.pack("!HHH", 0x8180 | rcode, 1, 0 if rcode else 1)
    record = b"" if rcode else b"\xc0\x0c" + struct.pack("!HHIH", 1, 1, 60, 4) + bytes([192, 0, 2, 80])
    reply = asked[:2] + flags + asked[8:] + record
    back = way.reversed()
    yield _packet(at_s + wait_s * chance.uniform(0.8, 1.4), packet(back, UDP, udp(back, reply)))


def _web(chance: random.Random, at_s: float) -> Iterator[Packet]:
    way = Way(RESOLVER, _port(chance), f"198.51.100.{chance.randrange(1, 9)}", 443)
    yield _packet(at_s, packet(way, TCP, tcp(way, 1, 1, ACK | PSH, bytes(200))))
    back = way.reversed()
    yield _packet(at_s + 0.02, packet(back, TCP, tcp(back, 1, 201, ACK | PSH, bytes(1200))))


def _pick(chance: random.Random, weights: dict[str, int]) -> str:
    return chance.choices(list(weights), list(weights.values()))[0]


def _port(chance: random.Random) -> int:
    return chance.randrange(32768, 61000)


def _packet(at_s: float, frame: bytes) -> Packet:
    return Packet(round(at_s * 1e9), frame)


if __name__ == "__main__":
    main()
