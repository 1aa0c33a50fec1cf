"""Totals: counters that never fall, whatever becomes of windows."""

from __future__ import annotations

from pktvisor.handlers import handler
from pktvisor.handlers.base import HandlerSettings
from pktvisor.metrics.snapshot import HandlerSnapshot, Total
from pktvisor.policies.plan import Instance
from pktvisor.policies.policy import Policy
from pktvisor.policies.summary import run_file
from pktvisor.policies.totals import PolicyTotals, added, ledger_snapshot, total_name
from support.captures import FOLDER

NOW_NS = 2_000_000_000 * 10**9
CAPTURE = FOLDER / "multi_window.pcap"

Counts = dict[tuple[str, tuple[tuple[str, str], ...]], int]


def make(*names: str, periods: int = 2, version: str = "1.0") -> Policy:
    kinds = [handler(name, version) for name in names]
    instances = [
        Instance(f"{number}-{kind.type}", kind(HandlerSettings()), "uplink") for number, kind in enumerate(kinds)
    ]
    return Policy("test", instances, periods=periods)


def totals(policy: Policy) -> list[HandlerSnapshot]:
    return PolicyTotals(policy).read(NOW_NS)[0]


def counts(snapshots: list[HandlerSnapshot]) -> Counts:
    found: Counts = {}
    for snapshot in snapshots:
        for sample in snapshot.samples:
            assert isinstance(sample.value, int)
            found[sample.name, sample.labels] = sample.value
    return found


def test_all_windows_count_those_that_were_forgotten_too() -> None:
    policy, whole = make("dns"), make("dns", periods=1)
    run_file(str(CAPTURE), policy)
    run_file(str(CAPTURE), whole)
    (window,) = whole.bucket(0, NOW_NS)
    meant = {
        (total_name(sample.name), sample.labels): sample.value
        for sample in window.samples
        if sample.kind == "counter" and isinstance(sample.value, int)
    }
    found = counts(totals(policy))
    assert {key: found[key] for key in meant} == meant
    assert sum(meant.values()) > sum(
        sample.value for sample in policy.bucket(0, NOW_NS)[0].samples if isinstance(sample.value, int)
    )


def test_a_second_reading_of_the_same_adds_to_the_first() -> None:
    policy = make("net")
    run_file(str(CAPTURE), policy)
    once = counts(totals(policy))
    run_file(str(CAPTURE), policy)
    assert counts(totals(policy)) == {key: 2 * count for key, count in once.items()}


def test_they_are_named_after_the_counters_and_only_these_have_any() -> None:
    policy = make("dns", version="2.0")
    run_file(str(CAPTURE), policy)
    (snapshot,) = totals(policy)
    assert snapshot.is_of_totals
    assert all(isinstance(sample.value, Total) for sample in snapshot.samples)
    names = {sample.name for sample in snapshot.samples}
    assert "pktvisor_dns_xacts_total" in names
    assert not {name for name in names if "top_" in name or "cardinality" in name or name.endswith("_total_total")}


def test_like_handlers_are_shown_as_one_with_the_sum_of_both() -> None:
    policy = make("net", "net")
    run_file(str(CAPTURE), policy)
    alone, other = totals(policy)
    (both,) = added(totals(policy))
    assert (both.instance, both.tap) == ("packets_merged", None)
    assert counts([both]) == {key: 2 * count for key, count in counts([alone]).items()}
    assert counts([other]) == counts([alone])


def test_the_ledger_tells_what_became_of_packets() -> None:
    policy = make("net")
    run_file(str(CAPTURE), policy)
    ledger = ledger_snapshot(PolicyTotals(policy).read(NOW_NS)[1], "uplink")
    found = counts([ledger])
    seen = found["pktvisor_input_seen_total", ()]
    assert seen == found["pktvisor_input_decoded_total", ()] > 0
    assert found["pktvisor_input_dropped_total", (("reason", "kernel"),)] == 0
    assert ledger.tap == "uplink"
