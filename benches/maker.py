"""Make the two standard captures, mix and attack, and two floods, from fixed seeds: the same bytes on every machine.

python benches/maker.py FOLDER [--packets 5000000] [--attack-packets 3000000]

mix is what a network with many clients sees in 300 s. By packets: 55 % DNS over UDP, 35 % TCP of which 128 bytes are
kept, 5 % IPv6 (DNS and TCP), 5 % other. Names, clients and servers are as uneven as in life (Zipf).
attack is a flood of DNS queries in 30 s, each from a random source for a random name below one zone: nothing repeats,
which is the worst case for every table and sketch.
questions and requests are DNS queries and DHCP requests in 30 s, each of another client, none answered.
"""

from __future__ import annotations

import argparse
import heapq
import itertools
import struct
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from random import Random

import packets as p

FILE_HEADER = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262_144, 1)
RECORD_HEADER = struct.Struct("<IIII")
START_S = 1_700_000_000
MIX_S, ATTACK_S = 300, 30
FLOOD_S = 30
KEPT_BYTES = 128
NAMES, CLIENTS, SERVERS, WEB_CLIENTS, WEB_SERVERS = 200_000, 50_000, 60, 100_000, 5_000
TYPES, TYPE_SHARES = (p.A, p.AAAA, p.HTTPS, p.TXT, p.PTR, p.MX), (60, 25, 10, 2.5, 1, 1.5)
SUFFIXES = ("com", "net", "org", "io", "de", "co.uk", "dev", "app", "cloud")
SUFFIX_SHARES = (50, 15, 10, 5, 5, 4, 3, 3, 2)
HOSTS = ("www", "api", "mail", "cdn", "img", "static", "edge", "ns1", "mx", "login", "assets", "sync", "events", "push")
SEGMENTS = ("data", "ack", "syn", "fin", "rst")
SEGMENT_SHARES = (55, 36, 5, 3, 1)
FLAGS = {"data": 0x18, "ack": 0x10, "syn": 0x02, "fin": 0x11, "rst": 0x04}

DRAWS, DRAW_SHARES = ("dns4", "dns6", "tcp4", "tcp6", "other"), (27.5, 1, 35, 3, 5)
"""In percent of the packets. An exchange of DNS is two packets, so that its share is half of theirs."""

Packet = tuple[int, bytes, int]
"""Microseconds since the start, the bytes that are kept, the length on the wire."""


def zipf(count: int, exponent: float) -> list[float]:
    """Cumulative weights by which the first of `count` is met most often."""
    return list(itertools.accumulate(1 / rank**exponent for rank in range(1, count + 1)))


class Drawn:
    """An endless draw from a few things, made in bulk."""

    def __init__(self, random: Random, things: Sequence[int], weights: Sequence[float]) -> None:
        self._random, self._things, self._weights = random, things, weights
        self._ready: list[int] = []

    def next(self) -> int:
        if not self._ready:
            self._ready = self._random.choices(self._things, cum_weights=self._weights, k=10_000)
        return self._ready.pop()


def word(random: Random, syllables: int) -> str:
    return "".join(random.choice("bcdfghklmnprstvz") + random.choice("aeiou") for _ in range(syllables))


def make_names(random: Random, count: int) -> list[bytes]:
    """Different names on the wire: some 20,000 zones, of which few have most of the names."""
    endings = random.choices(SUFFIXES, SUFFIX_SHARES, k=20_000)
    zones = [f"{word(random, random.randint(2, 5))}.{ending}" for ending in endings]
    hosts = [*HOSTS, *(word(random, random.randint(1, 4)) for _ in range(5_000))]
    found: dict[str, None] = {}
    while len(found) < count:
        zone = zones[min(int(10 * random.paretovariate(0.8)), len(zones)) - 10]
        labels = random.choices((0, 1, 2, 3), (12, 50, 28, 10))[0]
        found[".".join([*random.choices(hosts, k=labels), zone])] = None
    wire = [p.name_on_the_wire(name) for name in found]
    random.shuffle(wire)
    return wire


class Dns:
    """Questions of many clients, and their answers: after 12 ms as a median, or never (3 %, asked again)."""

    def __init__(self, random: Random, names: int) -> None:
        self._random = random
        self._names = make_names(random, names)
        self._name = Drawn(random, range(names), zipf(names, 0.95))
        clients = [0x0A000000 + number for number in random.sample(range(1 << 18), CLIENTS)]
        self._client = Drawn(random, clients, zipf(CLIENTS, 0.9))
        servers = [0xC0A80000 + number for number in random.sample(range(1 << 16), SERVERS)]
        self._server = Drawn(random, servers, zipf(SERVERS, 1.2))
        self._type = Drawn(random, TYPES, list(itertools.accumulate(TYPE_SHARES)))

    def exchange(self, at_us: int, *, is_ipv6: bool) -> tuple[Packet, Packet]:
        """A question at a time, and its answer."""
        random, kind, name = self._random, self._type.next(), self._names[self._name.next()]
        number, port, has_edns = random.getrandbits(16), random.randrange(1024, 65536), random.random() < 0.7
        if random.random() < 0.05:
            name = mixed_case(random, name)
        records = 0 if random.random() < 0.1 else random.choices((1, 2, 3), (60, 25, 15))[0]
        link = p.ethernet(p.IPV4, vlan=100) if random.random() < 0.03 else p.PLAIN_IPV4
        client, server = self._client.next(), self._server.next()
        asked = p.question(number, name, kind, has_edns=has_edns)
        answered = p.answer(number, name, kind, records, has_edns=has_edns)
        if is_ipv6:
            there, back = p.udp6(client, server, (port, 53), asked), p.udp6(server, client, (53, port), answered)
        else:
            there = p.udp4(client, server, (port, 53), asked, link)
            back = p.udp4(server, client, (53, port), answered, link)
        later_us = at_us + min(int(random.lognormvariate(9.4, 1.0)), 900_000)
        if random.random() < 0.03:
            back = there
        return (at_us, there, len(there)), (later_us, back, len(back))


def mixed_case(random: Random, name: bytes) -> bytes:
    """A name with letters in random case, as resolvers ask against forgery; lengths of labels are no letters."""
    return bytes(octet & ~0x20 if 97 <= octet <= 122 and random.random() < 0.5 else octet for octet in name)


class Tcp:
    """Segments of many connections, mostly data and acknowledgements of the web."""

    def __init__(self, random: Random) -> None:
        self._random = random
        addresses = range(0x01000000, 0xDF000000)
        self._client = Drawn(random, random.sample(addresses, WEB_CLIENTS), zipf(WEB_CLIENTS, 1.0))
        self._server = Drawn(random, random.sample(addresses, WEB_SERVERS), zipf(WEB_SERVERS, 1.0))
        self._kind = Drawn(random, range(len(SEGMENTS)), list(itertools.accumulate(SEGMENT_SHARES)))

    def segment(self, at_us: int, *, is_ipv6: bool) -> Packet:
        random, kind = self._random, SEGMENTS[self._kind.next()]
        source, target = self._client.next(), self._server.next()
        ports = random.randrange(1024, 65536), 443 if random.random() < 0.875 else 80
        if random.random() < 0.25:
            source, target, ports = target, source, ports[::-1]
        payload_bytes = 0 if kind != "data" else 1400 if random.random() < 0.75 else random.randint(200, 1100)
        options = p.SYN_OPTIONS if kind == "syn" else p.TIMESTAMPS
        segment = p.tcp(ports, random.getrandbits(32), FLAGS[kind], options, bytes(min(payload_bytes, KEPT_BYTES)))
        length = 20 + len(options) + payload_bytes
        if is_ipv6:
            addresses = p.ipv6_address(source), p.ipv6_address(target)
            head = p.PLAIN_IPV6 + p.ipv6(p.TCP, *addresses, length)
        else:
            head = p.PLAIN_IPV4 + p.ipv4(p.TCP, source, target, length)
        return at_us, (head + segment)[:KEPT_BYTES], len(head) + length


def other(random: Random, at_us: int) -> Packet:
    """ARP, ICMP, and large UDP datagrams to port 443, half of them in a VLAN."""
    client = 0x0A000000 + random.getrandbits(16)
    kind = random.randrange(4)
    if kind < 2:
        frame = p.arp(client, client ^ 1) if kind == 0 else p.echo(client, 0x08080808)
        return at_us, frame, len(frame)
    link = p.PLAIN_IPV4 if kind == 2 else p.ethernet(p.IPV4, vlan=200)
    server, port = 0x8EFA0000 + random.getrandbits(16), random.randrange(20_000, 36_384)
    frame = p.udp4(client, server, (port, 443), bytes(1250), link)
    return at_us, frame[:KEPT_BYTES], len(frame)


def mix(count: int, names: int = NAMES) -> Iterator[Packet]:
    """So many packets of the mix, by time."""
    random = Random("mix")
    dns, tcp = Dns(random, names), Tcp(random)
    answers: list[Packet] = []
    made = 0
    for step in itertools.count():
        at_us = int(step * (MIX_S - 1) * 1e8 / (count * sum(DRAW_SHARES)))
        while made < count and answers and answers[0][0] <= at_us:
            yield heapq.heappop(answers)
            made += 1
        if made == count:
            return
        match random.choices(DRAWS, DRAW_SHARES)[0]:
            case "dns4" | "dns6" as kind:
                packet, answer = dns.exchange(at_us, is_ipv6=kind == "dns6")
                heapq.heappush(answers, answer)
            case "tcp4" | "tcp6" as kind:
                packet = tcp.segment(at_us, is_ipv6=kind == "tcp6")
            case _:
                packet = other(random, at_us)
        yield packet
        made += 1


def attack(count: int) -> Iterator[Packet]:
    """So many queries of the flood, evenly over its time."""
    random = Random("attack")
    zone = p.name_on_the_wire("under-attack.example.com")
    letters = bytes(97 + octet % 26 for octet in range(256))
    for step in range(count):
        label = random.randbytes(8 + random.getrandbits(3)).translate(letters)
        name = bytes([len(label)]) + label + zone
        message = p.question(random.getrandbits(16), name, p.A, has_edns=random.random() < 0.5)
        source, port = random.getrandbits(32), random.randrange(1024, 65536)
        frame = p.udp4(source, 0xC6336401, (port, 53), message)
        yield step * ATTACK_S * 1_000_000 // count, frame, len(frame)


def questions(count: int) -> Iterator[Packet]:
    """So many DNS queries, each of another client, for one name: what `requests` is measured by."""
    message = p.question(1, p.name_on_the_wire("www.example.com"), p.A, has_edns=False)
    for step in range(count):
        frame = p.udp4(0x0B000000 + step, 0xC6336401, (1024 + step % 60_000, 53), message)
        yield step * FLOOD_S * 1_000_000 // count, frame, len(frame)


def requests(count: int) -> Iterator[Packet]:
    """So many DHCP requests, each of another client, which nobody answers."""
    for step in range(count):
        frame = p.dhcp_request(step)
        yield step * FLOOD_S * 1_000_000 // count, frame, len(frame)


def write(path: Path, packets: Iterable[Packet]) -> None:
    """A pcap file with microseconds, complete or not there."""
    unfinished = path.with_suffix(".unfinished")
    with unfinished.open("wb", buffering=1 << 20) as target:
        target.write(FILE_HEADER)
        for at_us, kept, length in packets:
            seconds, microseconds = divmod(at_us, 1_000_000)
            target.write(RECORD_HEADER.pack(START_S + seconds, microseconds, len(kept), length) + kept)
    unfinished.rename(path)


def main(arguments: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--packets", type=int, default=5_000_000)
    parser.add_argument("--attack-packets", type=int, default=3_000_000)
    parser.add_argument("--flood-packets", type=int, default=100_000)
    options = parser.parse_args(arguments)
    options.folder.mkdir(parents=True, exist_ok=True)
    write(options.folder / "mix.pcap", mix(options.packets))
    write(options.folder / "attack.pcap", attack(options.attack_packets))
    write(options.folder / "questions.pcap", questions(options.flood_packets))
    write(options.folder / "requests.pcap", requests(options.flood_packets))


if __name__ == "__main__":
    main(sys.argv[1:])
