from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pktvisor import clock
from pktvisor.server.clients import client_of
from pktvisor.server.rate import BURST_S, RequestRate
from pktvisor.server.settings import Bounds
from support.serving import client

MOMENTS = st.lists(st.floats(0, 60), max_size=300).map(sorted)


@given(MOMENTS)
def test_no_client_gets_more_than_its_rate_and_one_burst(moments: list[float]) -> None:
    rate = RequestRate(5, most_clients=10)
    allowed = sum(rate.allows("a", moment) for moment in moments)
    assert allowed <= 5 * BURST_S + 5 * (moments[-1] - moments[0] if moments else 0) + 1e-6


def test_clients_have_rates_of_their_own() -> None:
    rate = RequestRate(1, most_clients=10)
    assert [rate.allows("a", 0) for _ in range(3)] == [True, True, False]
    assert rate.allows("b", 0)
    assert rate.allows("a", 1)


def test_the_table_is_bounded_and_forgets_the_quiet_first() -> None:
    rate = RequestRate(1, most_clients=3)
    for number in range(100):
        rate.allows("busy", number / 1000)
        rate.allows(f"client {number}", number / 1000)
    assert len(rate) == 3
    assert not rate.allows("busy", 0.1)


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "20010db800010002"),
        ("2001:db8:1:2:ffff::", "20010db800010002"),
        ("fe80::1%eth0", "fe80000000000000"),
        ("testclient", "testclient"),
    ],
)
def test_a_client_is_an_ipv4_address_or_an_ipv6_network(address: str, expected: str) -> None:
    assert client_of(address) == expected


def test_asking_too_often_is_429_for_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "monotonic", lambda: 100.0)
    asking = client(bounds=Bounds(requests_per_second=2))
    replies = [asking.get("/api/v1/metrics/rates") for _ in range(6)]
    assert [reply.status_code for reply in replies] == [200, 200, 200, 200, 429, 429]
    assert replies[-1].headers["retry-after"] == "1"
    assert replies[-1].json() == {"error": "too many requests"}
    monkeypatch.setattr(clock, "monotonic", lambda: 101.0)
    assert asking.get("/api/v1/metrics/app").json()["server"]["requests_over_rate"] == 2
