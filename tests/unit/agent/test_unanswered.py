"""What policies look up in databases that the agent does not have is accepted, and told once."""

from __future__ import annotations

import logging

import pytest

from pktvisor.agent.local import AgentSettings, LocalAgent
from pktvisor.policies.summary import open_databases
from support.scenarios import DATABASES
from support.written import TAP, body, policy

FILTERS = (
    "{n: {type: net, filter: {only_geoloc_prefix: [EU], asn_notfound: false}}, "
    "d: {type: dns, config: {asn_notfound: true}}}"
)


def warnings(agent: LocalAgent, caplog: pytest.LogCaptureFixture, modules: str) -> list[str]:
    """Start a policy, and give what the log says beside that it starts."""
    agent.add_tap(TAP)
    with caplog.at_level(logging.WARNING):
        agent.add_policy(body(policy(modules=modules)))
    return [record.getMessage() for record in caplog.records]


def test_filters_by_databases_that_are_not_there_are_told(agent: LocalAgent, caplog: pytest.LogCaptureFixture) -> None:
    assert warnings(agent, caplog, FILTERS) == [
        (
            "policy [edge]: handler n: only_geoloc_prefix lets nothing pass without a database of places: "
            "--geo-city names one"
        ),
        "policy [edge]: handler d: asn_notfound lets nothing pass without a database of networks: --geo-asn names one",
    ]


def test_what_the_databases_answer_is_not_told(caplog: pytest.LogCaptureFixture) -> None:
    city, network = DATABASES / "city.mmdb", DATABASES / "asn.mmdb"
    agent = LocalAgent(AgentSettings(databases=open_databases(str(city), str(network))))
    assert warnings(agent, caplog, FILTERS) == []


def test_handlers_that_ask_nothing_are_not_told_of(agent: LocalAgent, caplog: pytest.LogCaptureFixture) -> None:
    assert warnings(agent, caplog, "{n: {type: net}, d: {type: dns, filter: {only_qname: [a.test]}}}") == []


def test_places_in_declared_metrics_are_told(agent: LocalAgent, caplog: pytest.LogCaptureFixture) -> None:
    metrics = "{a: {top_n: ip.src.place}, b: {counter: packet, by: ip.dst.network}, c: {counter: packet}}"
    modules = f"{{m: {{type: custom, config: {{where: 'ip.dst.place == EU'}}, metrics: {metrics}}}}}"
    assert [one.split(" without")[0] for one in warnings(agent, caplog, modules)] == [
        "policy [edge]: handler m: ip.dst.place has no value",
        "policy [edge]: handler m: ip.src.place has no value",
        "policy [edge]: handler m: ip.dst.network has no value",
    ]


def test_groups_of_places_that_were_asked_for_are_told(agent: LocalAgent, caplog: pytest.LogCaptureFixture) -> None:
    modules = "{n: {type: net, metric_groups: {disable: [all], enable: [counters, top_geo]}}}"
    assert [one.split(" without")[0] for one in warnings(agent, caplog, modules)] == [
        "policy [edge]: handler n: metric group top_geo lists no networks",
        "policy [edge]: handler n: metric group top_geo lists no places",
    ]
