"""The input mock: silent as the C++ agent's, or with the traffic of a site."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from typing import Any

import polars
import pyarrow
import pytest

import pktvisor
from pktvisor import _core
from pktvisor.agent.local import AgentSettings, LocalAgent
from pktvisor.config.models import Settings
from pktvisor.errors import ConfigError, NotFoundError
from pktvisor.handlers.base import HandlerSettings
from pktvisor.handlers.dhcp import Dhcp
from pktvisor.handlers.dns import Dns
from pktvisor.handlers.flow import Flow
from pktvisor.handlers.net import Net
from pktvisor.inputs import inputs
from pktvisor.inputs.base import Defaults
from pktvisor.inputs.mock import MockInput
from pktvisor.outputs.json import policy_document
from pktvisor.policies.plan import Instance
from pktvisor.policies.policy import Policy
from support.live import eventually
from support.made_up import made_up_capture, made_up_frames
from support.written import body

FAST: Settings = {"seed": 5, "packets_per_second": 20_000}


@contextmanager
def running(config: Settings, *handlers: Any, defaults: Defaults | None = None) -> Iterator[tuple[MockInput, Policy]]:
    """The input with a policy of these handlers."""
    source = MockInput(config, defaults or Defaults())
    made = [Instance(one.type, one(HandlerSettings(input_type="mock"))) for one in handlers]
    policy = Policy("test", made)
    source.start([policy.core])
    try:
        yield source, policy
    finally:
        source.stop()


def counted(policy: Policy) -> dict[str, Any]:
    """What was counted in the open window, by handler."""
    documents: Any = policy_document(policy.bucket(0, 0))
    return {name: next(iter(document.values())) for name, document in documents.items()}


def test_without_a_key_that_asks_for_traffic_it_runs_and_is_silent() -> None:
    source = MockInput({"any": "key"}, Defaults())
    source.start([])
    source.note_policies(1, 2)
    assert source.is_running
    source.stop()
    with pytest.raises(NotFoundError):
        source.recent_packets(filter_expression="", seconds=None, most_bytes=1000)


@pytest.mark.parametrize(
    ("config", "sentence"),
    [
        ({"bpf": "udp prot 53"}, "bpf: it has no effect, nothing is made up without one of traffic, seed, packets_per"),
        ({"host_spec": "10.0.0.0/99"}, "host_spec: it has no effect, "),
        ({"trafic": ["dns"]}, "trafic: there is no such key, it has no effect; did you mean 'traffic'?"),
        (
            {"seed": 1, "packet_per_second": 9},
            "packet_per_second: there is no such key, it has no effect; did you mean",
        ),
        ({"seed": 1, "bpf": "udp", "description": "of a site"}, ""),
    ],
)
def test_keys_without_effect_are_told(config: Settings, sentence: str) -> None:
    warnings = MockInput(config, Defaults()).warnings
    assert len(warnings) == bool(sentence)
    assert "".join(warnings).startswith(sentence)


@pytest.mark.parametrize("config", [{"except_on_start": True}, {"except_on_start": "yes", "seed": 1}])
def test_its_start_can_be_made_to_fail(config: Settings) -> None:
    with pytest.raises(ConfigError, match="mock error on start"):
        MockInput(config, Defaults()).start([])


def test_every_input_can_be_made() -> None:
    made = [one(one.stand_in, Defaults()) for one in inputs().values()]
    assert {type(one) for one in made} == set(inputs().values())


def test_policies_over_it_stay_at_zero() -> None:
    agent = LocalAgent(AgentSettings())
    agent.add_tap("visor: {taps: {still: {input_type: mock}}}")
    handlers = "handlers: {modules: {net: {type: net}, dns: {type: dns}}}"
    told: Any = agent.add_policy(body(f"p: {{kind: collection, input: {{tap: still, input_type: mock}}, {handlers}}}"))
    ((_, stream),) = told["p"]["input"].items()
    assert stream["input"] == {"consumers": 3, "running": True}
    assert "mock" not in stream
    values = [sample.value for one in agent.policies["p"].bucket(0) for sample in one.samples]
    assert {value for value in values if isinstance(value, int)} == {0}
    agent.stop()


@pytest.mark.parametrize("config", [{"seed": 1}, {"packets_per_second": 5000}, {"traffic": ["dns", "web"]}])
def test_any_key_of_its_traffic_asks_for_traffic(config: Settings) -> None:
    with running(config, Net) as (source, _):
        eventually(lambda: source.ledger().get("decoded", 0) > 0)


def test_all_handlers_have_something_to_count_and_nothing_is_malformed() -> None:
    with running({**FAST, "unknown": "key"}, Net, Dns, Dhcp, Flow) as (source, policy):
        eventually(lambda: source.ledger()["decoded"] > 20_000)
        assert source.is_running
        source.stop()
        ledger = source.ledger()
        assert (ledger["malformed"], ledger["flow.records_lost"], ledger["flow.datagrams_lost"]) == (0, 0, 0)
        assert ledger["dropped_by_kernel"] == 0
        found = counted(policy)
        assert all(found["net"][key] > 0 for key in ("in", "out", "ipv4", "ipv6", "udp", "tcp"))
        assert all(
            found["dns"]["wire_packets"][key] > 0 for key in ("queries", "replies", "nxdomain", "srvfail", "tcp")
        )
        assert found["dns"]["xact"]["in"]["total"] > 0
        assert found["dhcp"]["wire_packets"]["ack"] > 0
        assert set(found["flow"]["devices"]) == {"10.20.2.1", "10.20.2.2", "10.20.2.3"}


def test_one_kind_of_traffic_is_that_kind_alone() -> None:
    with running({**FAST, "traffic": ["dns"]}, Net, Dns, Dhcp) as (source, policy):
        eventually(lambda: source.ledger()["decoded"] > 500)
        source.stop()
        found = counted(policy)
        assert found["dns"]["wire_packets"]["total"] > 400
        assert found["dhcp"]["wire_packets"]["events"] == 0


def test_a_filter_and_hosts_are_heeded() -> None:
    config: Settings = {**FAST, "bpf": "udp port 53", "host_spec": "192.0.2.0/24"}
    with running(config, Net) as (source, policy):
        eventually(lambda: source.ledger()["decoded"] > 500)
        source.stop()
        found = counted(policy)
        assert source.ledger()["filtered"] > 0
        assert found["net"]["udp"] == found["net"]["total"] > found["net"]["in"] > 0


def test_what_just_passed_can_be_had_where_it_is_kept() -> None:
    with running(FAST, Net, defaults=Defaults(lookback_mb=4)) as (source, _):
        eventually(lambda: source.ledger()["decoded"] > 500)
        kept = source.recent_packets(filter_expression="port 53", seconds=None, most_bytes=1 << 20)
        assert len(kept) > 1000


@pytest.mark.parametrize(
    ("config", "path", "sentence"),
    [
        ({"seed": -1}, "seed", "not between 0"),
        ({"seed": "x"}, "seed", "whole number"),
        ({"packets_per_second": 0}, "packets_per_second", "not between 1 and 100000"),
        ({"packets_per_second": 100_001}, "packets_per_second", "not between 1 and 100000"),
        ({"traffic": "dns"}, "traffic", "a list"),
        ({"traffic": []}, "traffic", "a list of dns, web, dhcp, flow"),
        ({"traffic": ["dns", "radio"]}, "traffic", "no traffic of 'radio'; there is dns, web, dhcp, flow"),
        ({"seed": 1, "bpf": "no filter"}, "bpf", "filter"),
        ({"seed": 1, "host_spec": "10.0.0.0/99"}, "host_spec", "10.0.0.0/99"),
    ],
)
def test_mistakes_have_their_place(config: Settings, path: str, sentence: str) -> None:
    with pytest.raises(ConfigError, match=sentence) as refused:
        MockInput(config, Defaults())
    assert refused.value.path == path


def test_what_is_made_up_is_that_of_its_seed_and_of_the_kinds_that_are_asked_for() -> None:
    assert made_up_frames(seconds=2) == made_up_frames(seconds=2)
    assert made_up_frames(seconds=2) != made_up_frames(seconds=2, seed=2)
    assert _core.traffic_kinds() == ["dns", "web", "dhcp", "flow"]
    with pytest.raises(_core.ConfigFault):
        made_up_frames(traffic=["radio"])


def test_a_made_up_minute_looks_like_one_of_a_site() -> None:
    capture = made_up_capture("minute", made_up_frames(packets_per_second=300))
    messages = polars.DataFrame(pktvisor.table(capture, "dns", as_text=True))
    answers = messages.filter(polars.col("dns.is_reply") == 1)
    share = answers["dns.rcode"].value_counts(normalize=True)
    codes = dict(share.iter_rows())
    assert 0.02 < codes["NXDOMAIN"] < 0.15
    assert codes["NOERROR"] > 0.8
    assert messages["dns.server"].n_unique() >= 6
    counts = messages["dns.qname"].value_counts(sort=True)["count"].to_list()
    assert counts[0] > 3 * counts[20] > 0
    times = sorted(polars.DataFrame(pktvisor.table(capture, "xact", columns=["xact.time_us"]))["xact.time_us"])
    assert len(times) > 0.95 * len(answers)
    assert times[len(times) * 99 // 100] > 10 * times[len(times) // 2] > 0
    packets = polars.DataFrame(pktvisor.table(capture, "packet"))
    assert set(packets["vlan.id"]) == {0, 30}
    assert set(packets["ip.version"]) == {4, 6}
    assert all(before <= after for before, after in pairwise(packets["packet.time_ns"]))
    exporters = pyarrow.table(pktvisor.table(capture, "flow", as_text=True)).to_pydict()
    assert set(exporters["flow.exporter"]) == {"10.20.2.1", "10.20.2.2", "10.20.2.3"}
    assert set(exporters["flow.version"]) == {5, 9, 10}
