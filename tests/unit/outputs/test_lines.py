"""Lines of closed windows are written once, and are those of the window that is asked for."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pktvisor.metrics.snapshot import HandlerSnapshot, Sample, Total
from pktvisor.outputs import lines, prometheus
from pktvisor.outputs.families import Family, Policies, gather


def window(value: int, *, is_closed: bool = True, kind: str = "counter") -> list[HandlerSnapshot]:
    sample = Sample(kind, ("total",), "packets_total", "Packets", value)
    return [
        HandlerSnapshot(
            instance="edge-eth-net",
            schema="packets",
            start_ts=60,
            length=60,
            start_ns=60_000_000_000,
            end_ns=120_000_000_000,
            is_closed=is_closed,
            samples=(sample,),
        )
    ]


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The policies whose lines were written, in order."""
    names: list[str] = []

    def counting(policies: Policies, *, with_handler: bool) -> list[Family]:
        names.extend(policies)
        return gather(policies, with_handler=with_handler)

    monkeypatch.setattr(lines, "gather", counting)
    monkeypatch.setattr(lines, "_kept", lines._KeptLines())
    return names


def test_a_closed_window_is_written_once(written: list[str]) -> None:
    policies = {"a": window(1), "b": window(2)}
    first = prometheus.render(policies)
    assert prometheus.render({name: list(snapshots) for name, snapshots in policies.items()}) == first
    assert written == ["a", "b"]


def test_an_open_window_is_written_each_time(written: list[str]) -> None:
    policies = {"a": window(1, is_closed=False)}
    assert prometheus.render(policies) == prometheus.render(policies)
    assert written == ["a", "a"]


def test_the_next_window_takes_the_place_of_the_one_before(written: list[str]) -> None:
    before, after = window(1), window(7)
    prometheus.render({"a": before})
    assert prometheus.render({"a": after}).splitlines()[-1].endswith(" 7")
    assert prometheus.render({"a": before}).splitlines()[-1].endswith(" 1")


def test_forms_do_not_meet(written: list[str]) -> None:
    policies = {"a": window(1)}
    assert "handler=" in prometheus.render(policies)
    assert "handler=" not in prometheus.render(policies, with_handler=False)
    assert 'instance="x"' in prometheus.render(policies, static=(("instance", "x"),))
    assert len(written) == 3


def test_no_more_policies_are_kept_than_allowed(written: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines, "MOST_KEPT_POLICIES", 2)
    policies = {name: window(1) for name in "abc"}
    prometheus.render(policies)
    prometheus.render({"a": policies["a"]})
    assert written == ["a", "b", "c", "a"]


def test_families_of_all_policies_stand_together(written: list[str]) -> None:
    text = prometheus.render({"a": window(1), "b": window(2)}).splitlines()
    assert [line.split(" ")[0] for line in text[:2]] == ["#", "#"]
    assert [line.rpartition(" ")[2] for line in text[2:]] == ["1", "2"]


def test_of_two_types_of_one_name_the_first_wins(written: list[str]) -> None:
    other = [replace(window(2)[0], samples=tuple(one._replace(kind="cardinality") for one in window(2)[0].samples))]
    text = prometheus.render({"a": window(1), "b": other})
    assert text.count("# TYPE") == 1


def test_totals_are_written_each_time_beside_a_window_that_is_kept(written: list[str]) -> None:
    (closed,) = window(1)
    name, total = "pktvisor_packets_total", Sample("counter", ("total",), "pktvisor_packets_total", "Packets", Total(7))
    policies = {"a": [closed, replace(closed, samples=(total,), is_of_totals=True)]}
    more = {"a": [closed, replace(closed, samples=(total._replace(value=Total(8)),), is_of_totals=True)]}
    assert f"# TYPE {name} counter" in prometheus.render(policies)
    assert prometheus.render(policies).splitlines()[-1].endswith(" 7")
    assert prometheus.render(more).splitlines()[-1].endswith(" 8")
    assert written == ["a"], "the window is written once"
