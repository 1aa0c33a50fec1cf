"""On which ports DNS is looked for: what the daemon, a tap and a handler say of it, over one capture file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import polars
import pytest

import pktvisor
from pktvisor.agent.local import AgentSettings, LocalAgent
from pktvisor.config.ports import ANY_PORT
from pktvisor.config.schema import load_config
from pktvisor.errors import ConfigError
from pktvisor.inputs.base import Defaults
from support.dns_packets import CLIENT, Message, Story
from support.live import eventually

USUAL, OWN, OTHER = 53, 8600, 5300


@pytest.fixture
def capture(tmp_path: Path) -> Path:
    """One question to port 53, two to 8600, three to 5300; the last one over TCP."""
    story, server = Story(), "192.0.2.53"
    for at, port in enumerate([USUAL, OWN, OWN, OTHER, OTHER]):
        story.udp(at, CLIENT, (server, port), Message(identity=at))
    story.tcp(6, CLIENT, (server, OTHER), Message())
    return story.write(tmp_path / "ports.pcap")


def counts(capture: Path, tap: str = "", modules: str = "", options: tuple[int, ...] = ()) -> list[int]:
    """Queries that each of a policy's handlers counts."""
    modules = modules or "d: {type: dns}"
    text = f"""
visor:
  taps: {{file: {{input_type: pcap, config: {{pcap_file: "{capture}"{tap}}}}}}}
  policies:
    edge: {{kind: collection, input: {{tap: file, input_type: pcap}}, handlers: {{modules: {{{modules}}}}}}}
"""
    agent = LocalAgent(AgentSettings(inputs=Defaults(ports={"dns": options} if options else {})))
    agent.take_over(load_config(text))
    eventually(lambda: not any(one["input"]["running"] for one in inputs_of(agent)))
    found = [counted(snapshot.samples) for snapshot in agent.policies["edge"].bucket(0)]
    agent.stop()
    return found


def inputs_of(agent: LocalAgent) -> list[dict[str, dict[str, object]]]:
    return [stream.describe() for stream in agent.inputs.values()]  # type: ignore[misc]


def counted(samples: object) -> int:
    (value,) = [sample.value for sample in samples if sample.path[-2:] == ("wire_packets", "queries")]  # type: ignore[attr-defined]
    return int(value)


def test_the_usual_ports_are_looked_at_where_nobody_says_otherwise(capture: Path) -> None:
    assert counts(capture) == [1]


@pytest.mark.parametrize("ports", ["[8600, 5300]", '"5300, 8600"'])
def test_those_of_a_tap_stand_instead_of_the_usual_ones(capture: Path, ports: str) -> None:
    assert counts(capture, tap=f", dns_ports: {ports}") == [5]


def test_those_of_the_daemon_are_for_taps_that_say_nothing(capture: Path) -> None:
    assert counts(capture, options=(OWN,)) == [2]
    assert counts(capture, tap=", dns_ports: 53", options=(OWN,)) == [1]


def test_handlers_of_one_input_see_their_own_ports_each(capture: Path) -> None:
    modules = (
        "usual: {type: dns}, own: {type: dns, config: {dns_ports: 8600}}, "
        "other: {type: dns, config: {dns_ports: [5300, 53]}}"
    )
    assert counts(capture, modules=modules) == [1, 2, 4]
    assert counts(capture, tap=", dns_ports: 5300", modules=modules) == [3, 2, 4]


def test_a_handler_that_declares_its_metrics_may_have_ports_of_its_own(capture: Path) -> None:
    custom = "c: {type: custom, config: {dns_ports: [8600]}, metrics: {queries: {counter: dns}}}"
    agent = LocalAgent(AgentSettings())
    agent.take_over(
        load_config(f"""
visor:
  taps: {{file: {{input_type: pcap, config: {{pcap_file: "{capture}"}}}}}}
  policies: {{edge: {{kind: collection, input: {{tap: file, input_type: pcap}}, handlers: {{modules: {{{custom}}}}}}}}}
""")
    )
    eventually(lambda: not any(one["input"]["running"] for one in inputs_of(agent)))
    (snapshot,) = agent.policies["edge"].bucket(0)
    assert [sample.value for sample in snapshot.samples] == [2]
    agent.stop()


@pytest.mark.parametrize("ports", [(OWN, OTHER), f"{OWN}, {OTHER}", [str(OWN), str(OTHER)]])
def test_those_of_data_frames_stand_instead_of_the_usual_ones(capture: Path, ports: Sequence[int] | str) -> None:
    assert sum(len(batch.dns) for batch in pktvisor.batches(capture, dns_ports=ports)) == 5
    assert len(polars.DataFrame(pktvisor.table(capture, "dns", dns_ports=ports))) == 5
    assert len(pktvisor.scan(capture, "dns", dns_ports=ports).collect()) == 5
    assert len(pktvisor.scan(capture, "dns").collect()) == 1


def test_what_is_no_port_is_told_to_who_asks_for_data_frames(capture: Path) -> None:
    with pytest.raises(ConfigError, match="dns_ports: '70000' is not a port"):
        pktvisor.batches(capture, dns_ports=[70_000])
    with pytest.raises(ConfigError, match="dns_ports: 'x' is not a port"):
        pktvisor.live("lo", dns_ports="x")


@pytest.mark.parametrize("ports", ["any", "[any]"])
def test_any_port_takes_what_is_dns_by_its_content_beside_the_usual_ports(capture: Path, ports: str) -> None:
    assert counts(capture, tap=f", dns_ports: {ports}") == [6]
    assert counts(capture, options=(ANY_PORT,)) == [6]


def test_any_port_stands_beside_those_that_are_named(capture: Path) -> None:
    assert counts(capture, tap=", dns_ports: [8600, any]") == [6], "port 53 is one where content tells"


def test_a_handler_may_ask_for_any_port_without_the_others_seeing_more(capture: Path) -> None:
    modules = (
        "usual: {type: dns}, all: {type: dns, config: {dns_ports: any}}, one: {type: dns, config: {dns_ports: 5300}}"
    )
    assert counts(capture, modules=modules) == [1, 6, 3]
