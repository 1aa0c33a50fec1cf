from __future__ import annotations

import pytest

from pktvisor.api.documents import (
    HandlerBucket,
    ShownInput,
    ShownModule,
    ShownPolicy,
    ShownTap,
    read_app,
    read_input,
    read_policy,
    read_policy_metrics,
    read_tap,
    write_input,
)
from pktvisor.api.keys import document_of


@pytest.mark.parametrize("odd", [None, [], "text", 3, {"deep": []}])
def test_a_document_of_another_shape_is_empty_rather_than_an_error(odd: object) -> None:
    assert read_app({"app": odd}).version == ""
    assert read_policy_metrics("edge", {"edge": odd}).handlers == ()
    policy = read_policy("edge", {"input": odd, "modules": odd, "taps": odd})
    assert policy.periods is None
    assert read_tap("tap", {"config": odd, "tags": odd}).input_type == ""
    assert read_input("in", {"input": odd, "module": odd, "ledger": odd}).is_running is None


def test_policies_that_the_agent_made_are_told_by_their_name() -> None:
    assert read_policy("eth0-1234-resources", {}).is_resources
    assert not read_policy("resources", {}).is_resources


def test_a_period_that_makes_no_sense_is_none() -> None:
    metrics = read_policy_metrics("edge", {"edge": {"edge-dns": {"dns": {"period": {"start_ts": "soon"}, "total": 1}}}})
    assert metrics.period is None
    assert metrics.handlers[0].metrics == {"total": 1}


def test_what_an_input_adds_is_kept() -> None:
    document = {"input": {"running": True}, "module": {"config": {"iface": "lo"}}, "flow": {"packet_errors": 2}}
    assert read_input("in", document).details == {"flow": {"packet_errors": 2}}


def test_what_an_agent_tells_of_a_policy_is_read_back() -> None:
    bucket = HandlerBucket("2024-01-01 00:00:00", None, 60, False, {"rates": {}})
    policy = ShownPolicy(
        "edge",
        (
            ShownInput(
                "eth-1",
                is_running=True,
                consumers=1,
                config={"iface": "eth0"},
                ledger={"seen": 3},
                direction_unknown_share=0.5,
                fault="it has ended",
                warnings=["one frame was cut"],
                details={"pcap": {"pcap_source": "libpcap"}},
            ),
        ),
        (ShownModule("edge-dns", "dns", True, {"num_periods": 5}, 7, False, 100, 5, [document_of(bucket)]),),
        (ShownTap("eth", "pcap", {"iface": "eth0"}),),
        60,
        {"windows": 10},
    )
    assert read_policy("edge", document_of(policy)) == policy


def test_what_a_policy_does_not_have_has_no_key() -> None:
    assert document_of(ShownPolicy("edge")) == {}
    assert set(write_input(ShownInput("in", details={"flow": {}}))) == {"module", "ledger", "flow"}
