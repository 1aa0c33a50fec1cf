"""Which messages belong together, and what the standard makes of them: dns over captures made by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import pktvisor
from pktvisor.handlers.base import HandlerSettings
from support.dns_packets import AXFR, CLIENT, CNAME, NS, SERVER, SOA, A, Message, Story, opt, record, reply
from support.measuring import Source, Wanted, measure

MDNS, LLMNR = 5353, 5355
RESPONDER = "192.0.2.77"


class Seen:
    """What both versions of the handler say of a capture."""

    def __init__(self, path: Path, workers: int = 1, **options: Any) -> None:
        settings = HandlerSettings(options=options, enable=["all"])
        shared = {key: value for key, value in options.items() if key not in ("only_queries", "only_responses")}
        wanted = [
            Wanted("one", "dns", "1.0", settings),
            Wanted("two", "dns", "2.0", HandlerSettings(options=shared, enable=["all"])),
        ]
        document = measure(Source(path, workers=workers), wanted, periods=2).document()
        self.messages = document["one"]["dns"]
        self.exchanges = document["two"]["dns"].get("unknown", {})

    def count(self, name: str) -> int:
        return int(self.exchanges.get(name, 0))

    def top(self, name: str) -> dict[str, int]:
        entries = self.exchanges[name] if name in self.exchanges else self.messages[name]
        return {entry["name"]: entry["estimate"] for entry in entries}


@pytest.fixture
def story() -> Story:
    return Story()


def exchange(story: Story, second: float, identity: int, **said: Any) -> None:
    """A question and its answer."""
    story.udp(second, CLIENT, SERVER, Message(identity=identity, name=said.get("name", "www.example.com")))
    story.udp(second + 0.01, SERVER, CLIENT, reply(identity=identity, **said))


def test_response_codes_have_twelve_bits(story: Story, tmp_path: Path) -> None:
    exchange(story, 0, 1, additional=[opt(1)])
    exchange(story, 1, 2, rcode=7, additional=[record(A), opt(1)])
    exchange(story, 2, 3, answers=[record(A)], additional=[opt(0)])
    exchange(story, 3, 4, rcode=7, additional=[opt(255)])
    seen = Seen(story.write(tmp_path / "codes.pcap"))
    codes = {"BADVERS": 1, "BADCOOKIE": 1, "NOERROR": 1, "4087": 1}
    assert seen.top("top_rcode") == seen.top("top_rcode_xacts") == codes
    assert (seen.messages["wire_packets"]["noerror"], seen.count("noerror_xacts")) == (1, 1)
    assert (seen.messages["wire_packets"]["nodata"], seen.count("nodata_xacts")) == (0, 0)
    only = Seen(tmp_path / "codes.pcap", only_rcode=["BADVERS"])
    assert (only.count("xacts"), only.messages["wire_packets"]["total"]) == (1, 1)


def test_a_transfer_is_one_question_with_many_messages(story: Story, tmp_path: Path) -> None:
    story.tcp(0, CLIENT, SERVER, Message("example.com", AXFR))
    story.tcp(0.5, SERVER, CLIENT, reply(answers=[record(SOA)], name="example.com", qtype=AXFR))
    for second in (4, 8, 12):
        story.tcp(second, SERVER, CLIENT, reply(answers=[record(A)] * 3, name=None))
    story.tcp(90, SERVER, CLIENT, reply(name=None, identity=9))
    seen = Seen(story.write(tmp_path / "axfr.pcap"))
    assert [seen.count(name) for name in ("xacts", "orphan_responses", "timeout_queries")] == [1, 1, 0]


def test_who_is_asked_by_a_group_answers_the_socket_that_asked(story: Story, tmp_path: Path) -> None:
    for at, (group, port) in enumerate([("224.0.0.252", LLMNR), ("224.0.0.251", MDNS)]):
        question = Message("fileserver", identity=77 + at)
        story.udp(at, CLIENT, (group, port), question)
        for responder in (RESPONDER, "192.0.2.78"):
            answer = reply(name="fileserver", identity=77 + at, answers=[record(A)])
            story.udp(at + 0.01, (responder, port), CLIENT, answer)
        story.udp(at + 0.5, CLIENT, (group, port), Message("nobody", identity=7))
    story.udp(9, (RESPONDER, LLMNR), CLIENT, reply(name="unasked", identity=9))
    story.udp(200, ("fe80::1", 4000), ("ff02::1:3", LLMNR), Message("later"))
    path = story.write(tmp_path / "groups.pcap")
    for workers in (1, 3):
        seen = Seen(path, workers)
        assert [seen.count(name) for name in ("xacts", "orphan_responses", "timeout_queries")] == [2, 0, 0]


def test_between_multicast_ports_nobody_waits(story: Story, tmp_path: Path) -> None:
    group = ("224.0.0.251", MDNS)
    for second in (0, 1, 120):
        story.udp(second, ("192.0.2.10", MDNS), group, Message("_ipp._tcp.local", identity=0))
    story.udp(1.5, (RESPONDER, MDNS), group, reply(name="printer.local", identity=0))
    seen = Seen(story.write(tmp_path / "mdns.pcap"))
    assert not seen.exchanges
    assert seen.messages["wire_packets"]["total"] == 4


def test_a_server_on_the_port_of_mdns_is_waited_for(story: Story, tmp_path: Path) -> None:
    story.udp(0, CLIENT, ("192.0.2.53", MDNS), Message())
    story.udp(0.1, ("192.0.2.53", MDNS), CLIENT, reply())
    story.udp(1, CLIENT, ("192.0.2.53", MDNS), Message(identity=2))
    story.udp(100, CLIENT, SERVER, Message(identity=3))
    seen = Seen(story.write(tmp_path / "unicast.pcap"))
    assert [seen.count(name) for name in ("xacts", "timeout_queries")] == [1, 1]


def test_a_question_asked_again_is_counted_and_timed_from_the_first(story: Story, tmp_path: Path) -> None:
    for second in (0, 1, 2):
        story.udp(second, CLIENT, SERVER, Message("WWW.example.com" if second == 1 else "www.example.com"))
    story.udp(2.03, SERVER, CLIENT, reply())
    story.udp(10, CLIENT, SERVER, Message("a.example.com", identity=2))
    story.udp(11, CLIENT, SERVER, Message("b.example.com", identity=2))
    story.udp(11.5, SERVER, CLIENT, reply(name="b.example.com", identity=2))
    story.udp(75, CLIENT, SERVER, Message(identity=3))
    seen = Seen(story.write(tmp_path / "again.pcap"))
    assert seen.messages["xact"]["counts"] == {"total": 2, "timed_out": 1}
    assert [seen.count(name) for name in ("xacts", "timeout_queries")] == [2, 1]
    assert seen.exchanges["xact_time_us"]["p99"] == pytest.approx(2_030_000, rel=0.02)
    metrics = {"again": {"counter": "dns", "where": "xact.outcome == repeated"}}
    own = measure(Source(tmp_path / "again.pcap"), [Wanted("own", "custom", settings=HandlerSettings(metrics=metrics))])
    assert own.document()["own"]["custom"]["again"] == 2


def test_a_client_subnet_without_an_address_counts(story: Story, tmp_path: Path) -> None:
    for family in (0, 1, 2):
        subnet = bytes([0, 8, 0, 4, 0, family, 0, 0])
        story.udp(family, CLIENT, SERVER, Message(identity=family, sections=((), (), [opt(options=subnet)])))
        story.udp(family + 0.1, SERVER, CLIENT, reply(identity=family))
    story.udp(9, CLIENT, SERVER, Message(identity=9, sections=((), (), [opt()])))
    seen = Seen(story.write(tmp_path / "ecs.pcap"))
    assert (seen.messages["wire_packets"]["query_ecs"], seen.count("ecs_xacts")) == (3, 3)
    assert seen.top("top_query_ecs") == {}


@pytest.mark.parametrize(
    ("said", "is_nodata"),
    [
        ({}, True),
        ({"authority": [record(SOA)]}, True),
        ({"authority": [record(NS), record(SOA)]}, True),
        ({"answers": [record(CNAME)], "authority": [record(SOA)]}, True),
        ({"answers": [record(CNAME), record(A)]}, False),
        ({"authority": [record(NS)]}, False),
        ({"flags": 0x8380}, False),
        ({"flags": 0xA180}, False),
        ({"rcode": 3, "authority": [record(SOA)]}, False),
        ({"additional": [opt(1)]}, False),
        ({"qtype": AXFR}, False),
        ({"name": None}, False),
    ],
    ids=[
        *("nothing", "start of authority", "with servers", "alias", "alias and address", "referral", "cut"),
        *("notification", "no such name", "extended code", "transfer", "no question"),
    ],
)
def test_no_data_is_what_the_standard_says(tmp_path: Path, said: dict[str, Any], is_nodata: bool) -> None:
    polars = pytest.importorskip("polars")
    path = Story().udp(0, SERVER, CLIENT, reply(**said)).write(tmp_path / "nodata.pcap")
    (batch,) = pktvisor.batches(str(path))
    assert polars.DataFrame(batch.dns)["dns.nodata"].to_list() == [int(is_nodata)]


@pytest.mark.parametrize(
    ("option", "names"),
    [
        ({"only_qname": ["WWW.example.com."]}, ["www.example.com"]),
        ({"only_qname": ["münchen.example"]}, ["xn--mnchen-3ya.example"]),
        ({"only_qname_suffix": ["example.com"]}, ["example.com", "www.example.com"]),
        ({"only_qname_suffix": [".example.com."]}, ["www.example.com"]),
        ({"only_qname_suffix": ["MÜNCHEN.example"]}, ["a.xn--mnchen-3ya.example", "xn--mnchen-3ya.example"]),
    ],
)
def test_names_are_asked_for_as_people_write_them(
    story: Story, tmp_path: Path, option: dict[str, Any], names: list[str]
) -> None:
    asked = ["www.example.com", "example.com", "badexample.com", "xn--mnchen-3ya.example", "a.xn--mnchen-3ya.example"]
    for at, name in enumerate(asked):
        exchange(story, at, at, name=name)
    seen = Seen(story.write(tmp_path / "names.pcap"), **option)
    assert seen.count("xacts") == len(names)
    assert seen.messages["wire_packets"]["total"] == 2 * len(names)
    assert sorted(seen.top("top_response_bytes")) == names


def test_a_public_suffix_stays_whole(story: Story, tmp_path: Path) -> None:
    for at, name in enumerate(["s3.amazonaws.com", "bucket.s3.amazonaws.com", "co.uk"]):
        exchange(story, at, at, name=name)
    seen = Seen(story.write(tmp_path / "suffixes.pcap"), public_suffix_list=True)
    assert seen.top("top_qname2_xacts") == {"s3.amazonaws.com": 1, "bucket.s3.amazonaws.com": 1, "co.uk": 1}
