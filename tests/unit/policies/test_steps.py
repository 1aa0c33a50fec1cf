"""Steps: what the handlers of a policy counted in each ten seconds or so."""

from __future__ import annotations

from typing import Any

import pytest

from pktvisor import _core
from pktvisor.api.series import Series
from pktvisor.handlers import handler
from pktvisor.handlers.base import HandlerSettings
from pktvisor.metrics.kinds import Histogram
from pktvisor.policies.plan import Instance
from pktvisor.policies.policy import Policy
from pktvisor.policies.steps import merge_steps, read_steps, series_of
from pktvisor.policies.summary import run_file
from support.captures import FOLDER

CAPTURE = FOLDER / "multi_window.pcap"
"""126 DNS messages among 271 packets, in 200 seconds."""
NOW_NS = 2_000_000_000 * 10**9


def make(
    *names: tuple[str, str], step_s: int = 10, enable: list[str] | None = None, tap: str = "uplink", **settings: Any
) -> Policy:
    kinds = [handler(name, version) for name, version in names]
    instances = [
        Instance(f"{number}-{kind.type}", kind(HandlerSettings(enable=enable or [], **settings)), tap)
        for number, kind in enumerate(kinds)
    ]
    return Policy("test", instances, periods=5, step_s=step_s)


def fed(policy: Policy, hosts: str = "192.0.2.0/24,10.0.0.0/8") -> Policy:
    run_file(str(CAPTURE), policy, hosts=hosts)
    return policy


def series(*policies: Policy, since_s: int = 0) -> Series:
    return series_of(policies[0].step_s, [one for policy in policies for one in read_steps(policy)], since_s)


def totals(policy: Policy, path: tuple[str, ...]) -> int:
    windows = (policy.bucket(number, NOW_NS) for number in range(policy.core.available()))
    found = [sample.value for (window,) in windows for sample in window.samples if sample.path == path]
    return sum(value for value in found if isinstance(value, int))


def test_the_steps_of_a_counter_add_up_to_what_its_windows_counted() -> None:
    policy = fed(make(("dns", "1.0")))
    told = series(policy)
    counts = told.handlers["0-dns"]["counters"]["dns.wire_packets.total"]
    assert len(counts) == 21
    assert sum(counts) == totals(policy, ("wire_packets", "total")) == 126
    assert sum(told.handlers["0-dns"]["ledger"]["seen"]) == 271
    assert told.handlers["0-dns"]["completeness"] == [
        1.0 if seen else None for seen in told.handlers["0-dns"]["ledger"]["seen"]
    ]


def test_directions_are_told_apart_by_their_names() -> None:
    told = series(fed(make(("dns", "2.0")))).handlers["0-dns"]
    counters = told["counters"]
    assert {"dns.in.xacts", "dns.out.xacts", "dns.unknown.xacts", "dns.observed_packets"} <= counters.keys()
    assert not any("seen" in path for path in counters), "what is kept for other metrics' sake is shown nowhere"


@pytest.mark.parametrize(
    ("version", "lead"), [("1.0", "dns.xact.in.histogram_us"), ("2.0", "dns.in.xact_histogram_us")]
)
def test_answer_times_are_there_though_no_window_shows_their_histogram(version: str, lead: str) -> None:
    policy = fed(make(("dns", version)), hosts="0.0.0.0/0")
    told = series(policy).handlers["0-dns"]
    bounds = told["histograms"][lead]["bounds"]
    assert (bounds[0], bounds[-1], len(bounds)) == (128, 2**26, 20)
    counted = sum(sum(step) for one in told["histograms"].values() for step in one["counts"])
    counters = [
        path for path in told["counters"] if path.endswith((".in.total", ".out.total", ".xacts")) and "udp" not in path
    ]
    assert counted == sum(sum(told["counters"][path]) for path in counters) > 0
    shown = {sample.path for window in (policy.bucket(0, NOW_NS),) for one in window for sample in one.samples}
    assert not any("histogram" in part for path in shown for part in path)


def test_the_same_histogram_is_one_where_windows_show_it_too() -> None:
    policy = fed(make(("dns", "1.0"), enable=["histograms"]))
    assert list(series(policy).handlers["0-dns"]["histograms"]) == [
        "dns.xact.in.histogram_us",
        "dns.xact.out.histogram_us",
    ]


def test_metrics_of_ones_own_are_in_steps() -> None:
    metrics = {
        "small": {"counter": "packet", "where": "packet.bytes < 100"},
        "sizes": {"histogram": "packet.bytes"},
        "hosts": {"cardinality": "ip.src"},
        "per_host": {"counter": "packet", "by": "ip.src"},
    }
    told = series(fed(make(("custom", "1.0"), metrics=metrics))).handlers["0-custom"]
    assert list(told["counters"]) == ["custom.small"]
    sizes = told["histograms"]["custom.sizes"]
    assert sizes["bounds"] == [64, 128, 256, 512]
    assert sum(sum(counts) for counts in sizes["counts"]) == 271


def test_only_steps_since_a_time_are_given() -> None:
    policy = fed(make(("net", "1.0")))
    whole = series(policy)
    later = series(policy, since_s=whole.start + 41)
    assert later.start == whole.start + 50
    path = "packets.total"
    assert later.handlers["0-net"]["counters"][path] == whole.handlers["0-net"]["counters"][path][5:]
    assert series(policy, since_s=2**33).handlers["0-net"]["counters"][path] == []


def test_handlers_that_began_later_have_nothing_in_earlier_steps() -> None:
    early, late = fed(make(("net", "1.0"))), make(("dns", "1.0"))
    run_file(str(FOLDER / "dns_authoritative.pcap"), late)
    told = series(early, late)
    lengths = {len(one["completeness"]) for one in told.handlers.values()}
    assert len(lengths) == 1
    assert (
        None in told.handlers["0-net"]["counters"]["packets.total"] or None in told.handlers["0-dns"]["ledger"]["seen"]
    )


def test_before_anything_came_there_is_no_step() -> None:
    told = series(make(("net", "1.0")), since_s=25)
    assert (told.start, told.handlers["0-net"]["completeness"]) == (30, [])


def test_like_handlers_are_told_as_one() -> None:
    one, other = fed(make(("dns", "1.0"))), fed(make(("dns", "1.0"), tap="downlink"))
    alone = series(one).handlers["0-dns"]
    every = [steps for policy in (one, other) for steps in read_steps(policy)]
    both = series_of(10, merge_steps(every), 0).handlers["dns_merged"]
    doubled = {path: [2 * count for count in counts] for path, counts in alone["counters"].items()}
    assert both["counters"] == doubled
    assert both["ledger"]["seen"] == [2 * count for count in alone["ledger"]["seen"]]
    path = "dns.xact.in.histogram_us"
    assert both["histograms"][path]["counts"] == [
        [2 * count for count in step] for step in alone["histograms"][path]["counts"]
    ]


def test_like_handlers_of_one_tap_see_the_same_packets() -> None:
    policy = fed(make(("dns", "1.0"), ("dns", "1.0")))
    (merged,) = merge_steps(read_steps(policy))
    assert sum(count or 0 for count in merged.ledger["seen"]) == 271


def test_steps_of_another_length_reach_over_a_longer_time() -> None:
    told = series(fed(make(("net", "1.0"), step_s=60)))
    assert told.step_s == 60
    assert sum(told.handlers["0-net"]["counters"]["packets.total"]) == 271
    assert len(told.handlers["0-net"]["counters"]["packets.total"]) == 5


def test_who_asks_for_no_steps_counts_nothing_for_them() -> None:
    policy = make(("dns", "2.0"), step_s=0)
    assert not any(isinstance(placed.metric, Histogram) for placed in policy.plan.placed[0])


def test_counters_for_which_there_is_no_room_are_told(caplog: pytest.LogCaptureFixture) -> None:
    def module(number: int) -> Instance:
        metrics = {
            f"m{number}_{at}": {"counter": "packet", "where": f"packet.bytes < {100 * number + at}"} for at in range(64)
        }
        return Instance(f"m{number}", handler("custom", "1.0")(HandlerSettings(metrics=metrics)))

    Policy("crowded", [module(number) for number in range(_core.MOST_STEPPED // 64 + 1)], step_s=10)
    assert "policy crowded: 64 of its counters and histograms are in no steps" in caplog.text
