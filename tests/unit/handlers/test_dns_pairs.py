"""Who asks for names that fail or are slow, and which server says so: dns over captures made by hand."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import pytest

from pktvisor.handlers import handler
from pktvisor.handlers.base import HandlerSettings
from pktvisor.metrics.kinds.base import PAIRS_SHOWN
from pktvisor.metrics.snapshot import TopValues
from pktvisor.outputs import prometheus
from pktvisor.outputs.json import flat_document, policy_document
from pktvisor.policies.plan import Instance, Plan
from pktvisor.policies.records import bucket_records
from pktvisor.windows.merging import merge
from pktvisor.windows.reading import cut, snapshots
from support.dns_packets import CLIENT, SERVER, Message, Story, reply
from support.measuring import Measured, Source, Wanted, policy_over

NOERROR, SERVFAIL, NXDOMAIN, REFUSED = 0, 2, 3, 5
OTHER_CLIENT, OTHER_SERVER = ("2001:db8::10", 40_001), ("2001:db8::53", 53)
PAIRS = ("top_failing", "top_slow")


class Asking:
    """Questions with their answers, each with an identifier of its own."""

    def __init__(self) -> None:
        self.story = Story()
        self._identities = itertools.cycle(range(1, 65_536))

    def ask(self, second: float, name: str, rcode: int | None, *, after: float = 0.01, **ends: Any) -> Asking:
        """A question; with a code, its answer."""
        client, server = ends.get("client", CLIENT), ends.get("server", SERVER)
        identity = next(self._identities)
        send = self.story.tcp if ends.get("is_tcp") else self.story.udp
        send(second, client, server, Message(identity=identity, name=name))
        if rcode is not None:
            send(second + after, server, client, reply(rcode, identity=identity, name=name))
        return self

    def measured(self, folder: Path, *groups: str, version: str = "2.0", first: int = 0) -> Measured:
        settings = HandlerSettings(disable=["all"], enable=groups)
        path = self.story.write(folder / "asking.pcap")
        return measured_bucket(Source(path), Wanted("dns", "dns", version, settings), first)


def measured_bucket(source: Source, wanted: Wanted, number: int = 0) -> Measured:
    """One window of a capture, 0 the newest."""
    return Measured(*policy_over(source, [wanted], periods=5), number, number)


def lists(measured: Measured, path: tuple[str, ...] = ("unknown",)) -> dict[str, Any]:
    """The lists of pairs, each a mapping of all texts of an entry to its count."""
    found: Any = measured.document().get("dns", {}).get("dns", {})
    for key in path:
        found = found[key]
    return {name: counted(value) for name, value in found.items() if name.startswith(PAIRS)}


def counted(entries: list[dict[str, Any]]) -> dict[tuple[str, str], int]:
    """Entries by their name and what stands beside it."""
    beside = ("client", "server", "result")
    return {(one["name"], next(one[key] for key in beside if key in one)): one["estimate"] for one in entries}


@pytest.mark.parametrize(("version", "path", "failing"), [("2.0", ("unknown",), "_xacts"), ("1.0", (), "")])
def test_a_failing_name_tells_who_asks_how_it_ends_and_who_says_so(
    tmp_path: Path, version: str, path: tuple[str, ...], failing: str
) -> None:
    asking = Asking().ask(0, "fine.example", NOERROR).ask(1, "broken.example", SERVFAIL)
    asking.ask(2, "broken.example", SERVFAIL, is_tcp=True)
    asking.ask(3, "broken.example", REFUSED, client=OTHER_CLIENT, server=OTHER_SERVER)
    asking.ask(4, "gone.example", NXDOMAIN).ask(5, "", REFUSED).ask(6, "late.example", NOERROR, after=6)
    found = lists(asking.measured(tmp_path, "failing_names", version=version), path)
    results = {
        ("broken.example", "SRVFAIL"): 2,
        ("broken.example", "REFUSED"): 1,
        ("gone.example", "NXDOMAIN"): 1,
        ("", "REFUSED"): 1,
        ("late.example", "TIMEOUT"): 1,
    }
    assert found == {
        f"top_failing{failing}": results,
        "top_failing_results": results,
        "top_failing_clients": by_end(CLIENT[0], OTHER_CLIENT[0]),
        "top_failing_servers": by_end(SERVER[0], OTHER_SERVER[0]),
    }


def by_end(usual: str, other: str) -> dict[tuple[str, str], int]:
    """What the names of the test above fail for at either end."""
    once = {(name, usual): 1 for name in ("gone.example", "", "late.example")}
    return {("broken.example", usual): 2, ("broken.example", other): 1, **once}


def test_the_window_after_counts_all_results_of_the_names_that_failed(tmp_path: Path) -> None:
    asking = Asking().ask(0, "broken.example", SERVFAIL).ask(1, "silent.example", None)
    for second in (61, 62, 63):
        asking.ask(second, "broken.example", NOERROR).ask(second, "fine.example", NOERROR)
    asking.ask(64, "broken.example", SERVFAIL).ask(121, "silent.example", NOERROR).ask(122, "x.example", NOERROR)
    next_one, last = (lists(asking.measured(tmp_path, "failing_names", first=back)) for back in (1, 0))
    assert next_one["top_failing_results"] == {
        ("broken.example", "NOERROR"): 3,
        ("broken.example", "SRVFAIL"): 1,
        ("silent.example", "TIMEOUT"): 1,
    }
    assert next_one["top_failing_clients"] == {("broken.example", CLIENT[0]): 1, ("silent.example", CLIENT[0]): 1}
    assert next_one["top_failing_servers"] == {("broken.example", SERVER[0]): 1, ("silent.example", SERVER[0]): 1}
    assert last["top_failing_results"] == {("silent.example", "NOERROR"): 1}


@pytest.mark.parametrize(("version", "path"), [("2.0", ("unknown",)), ("1.0", ("xact", "out"))])
def test_a_slow_name_tells_who_waits_and_for_whom(tmp_path: Path, version: str, path: tuple[str, ...]) -> None:
    asking = Asking()
    for number in range(20):
        asking.ask(number, "fast.example", NOERROR, after=0.01)
    asking.ask(61, "slow.example", NOERROR, after=0.5, client=OTHER_CLIENT, server=OTHER_SERVER)
    asking.ask(62, "fast.example", NOERROR, after=0.001)
    settings = HandlerSettings(disable=["all"], enable=["slow_names"])
    capture = asking.story.write(tmp_path / "slow.pcap")
    hosts = f"{CLIENT[0]}/32,{OTHER_CLIENT[0]}/128" if version == "1.0" else ""
    found = lists(measured_bucket(Source(capture, hosts=hosts), Wanted("dns", "dns", version, settings)), path)
    assert found == {
        "top_slow_clients": {("slow.example", OTHER_CLIENT[0]): 1},
        "top_slow_servers": {("slow.example", OTHER_SERVER[0]): 1},
    }


def attacked(folder: Path, names: int) -> tuple[Measured, int]:
    """Names without end, each asked for once, around one that fails for a client time and again."""
    asking, asked = Asking(), 0
    for number in range(names):
        asking.ask(
            number / names * 50, f"n{number}.attack.example", NXDOMAIN, client=(f"198.51.100.{number % 200}", 4000)
        )
        if number % 100 == 0:
            asking.ask(number / names * 50, "broken.example", SERVFAIL)
            asked += 1
    return asking.measured(folder, "failing_names"), asked


def test_bounds_hold_though_names_without_end_fail(tmp_path: Path) -> None:
    measured, asked = attacked(tmp_path, 20_000)
    (snapshot,) = measured.snapshots()
    of = {sample.path[-1]: sample.value for sample in snapshot.samples}
    for name, beside in (
        ("top_failing_xacts", "SRVFAIL"),
        ("top_failing_clients", CLIENT[0]),
        ("top_failing_servers", SERVER[0]),
    ):
        value = of[name]
        assert isinstance(value, TopValues)
        first = value.entries[0]
        assert (first.name, first.extra[0][1]) == ("broken.example", beside), name
        assert first.lower_bound <= asked <= first.upper_bound
        assert all(one.lower_bound <= 1 <= one.upper_bound for one in value.entries[1:]), "each was asked for once"
        assert len(value.entries) == PAIRS_SHOWN


def test_agents_merge_pairs_and_each_keeps_its_bounds(tmp_path: Path) -> None:
    measured, asked = attacked(tmp_path, 10_000)
    records = bucket_records(measured.policy, 0, agent="one", now_ns=0)
    assert policy_document(snapshots(records)) == policy_document(measured.snapshots())
    few: Any = flat_document(snapshots(records, top_count=5))["dns"]
    assert len(few["unknown"]["top_failing_clients"]) == 5
    sent = [
        cut(record, 384)
        for agent in ("one", "two")
        for record in bucket_records(measured.policy, 0, agent=agent, now_ns=0)
    ]
    merged = merge(sent)
    assert merged.differences == []
    dns: Any = flat_document(snapshots(merged.records), is_detailed=True)["dns"]
    first = dns["unknown"]["top_failing_clients"][0]
    assert (first["name"], first["client"]) == ("broken.example", CLIENT[0])
    assert first["lower_bound"] <= 2 * asked <= first["upper_bound"]
    results = dns["unknown"]["top_failing_xacts"][0]
    assert (results["name"], results["result"]) == ("broken.example", "SRVFAIL")


def test_prometheus_has_a_label_for_each_part(tmp_path: Path) -> None:
    measured = Asking().ask(0, "broken.example", SERVFAIL).measured(tmp_path, "failing_names")
    lines = prometheus.render({"edge": measured.snapshots()}).splitlines()
    ours = 'direction="unknown",handler="dns",policy="edge",qname="broken.example"'
    assert sorted(line for line in lines if line.startswith("dns_top_failing")) == [
        f'dns_top_failing_clients{{client="{CLIENT[0]}",{ours}}} 1',
        f'dns_top_failing_results{{{ours},result="SRVFAIL"}} 1',
        f'dns_top_failing_servers{{{ours},server="{SERVER[0]}"}} 1',
        f'dns_top_failing_xacts{{{ours},result="SRVFAIL"}} 1',
    ]


@pytest.mark.parametrize("version", ["1.0", "2.0"])
def test_where_the_groups_are_off_nothing_is_looked_at_for_them(version: str) -> None:
    def plan(*groups: str) -> str:
        settings = HandlerSettings(enable=groups)
        return Plan([Instance("dns", handler("dns", version)(settings))]).json

    of_all = plan("all")
    assert "dns.client" not in of_all, "the C++ agent's `all` is what it was"
    assert '"text"' not in of_all
    assert plan("all", "failing_names") != of_all
    assert "dns.client" in plan("failing_names", "all")
    assert '"text"' not in plan("slow_names"), "no question is kept where nobody wants its name"


def test_filters_hold_for_pairs(tmp_path: Path) -> None:
    asking = Asking().ask(0, "a.example", SERVFAIL).ask(1, "b.test", SERVFAIL).ask(2, "c.test", None)
    asking.ask(61, "d.example", NOERROR)
    settings = HandlerSettings(options={"only_qname_suffix": [".example"]}, disable=["all"], enable=["failing_names"])
    source = Source(asking.story.write(tmp_path / "filtered.pcap"))
    older, newer = (measured_bucket(source, Wanted("dns", "dns", "2.0", settings), number) for number in (1, 0))
    assert lists(older)["top_failing_xacts"] == {("a.example", "SRVFAIL"): 1}
    assert lists(newer)["top_failing_xacts"] == {}
