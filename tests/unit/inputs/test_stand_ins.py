"""What stands in for settings of an input that are wrong or missing lets the rest of a configuration be checked."""

from __future__ import annotations

import pytest

from pktvisor.agent.checking import check_agent
from pktvisor.config.models import AgentConfig
from pktvisor.config.schema import load_config


@pytest.mark.parametrize(
    ("input_type", "settings", "wrong"),
    [
        (
            "netprobe",
            "test_type: pong, targets: {a: {target: router}}, timeout_msec: 0",
            "test_type targets timeout_msec",
        ),
        ("netprobe", "test_type: ping, targets: {a: {target: 192.0.2.1}}, interval_msec: 900, timeout_msec: 800", ""),
        ("flow", "bind: router, port: 2055", "bind"),
        ("flow", "bind: router, port: udp", "bind port"),
        ("flow", "pcap_file: 5, workers: 0", "pcap_file workers"),
        ("dnstap", "tcp: nowhere, only_hosts: [x]", "tcp only_hosts"),
        ("dnstap", "dnstap_file: []", "dnstap_file"),
        ("dnstap", "socket: ''", "socket"),
        ("dnstap", "socket: 5, only_hosts: [x]", "socket only_hosts"),
        ("pcap", "pcap_file: [], workers: 0", "pcap_file workers"),
        ("pcap", "iface: '', workers: 0", "iface workers"),
        ("mock", "seed: x, traffic: 5", "seed traffic"),
    ],
)
@pytest.mark.parametrize("place", ["taps.spare.config", "policies.p.input.config"])
def test_a_setting_that_is_wrong_is_not_told_as_missing_too(
    place: str, input_type: str, settings: str, wrong: str
) -> None:
    of_tap, of_policy = (settings, "") if place.startswith("taps") else ("", settings)
    paths = [error.path for error in check_agent(spare(input_type, of_tap, of_policy)).mistakes]
    assert {path.split(".targets")[0] + ".targets" * (".targets" in path) for path in paths} == {
        f"{place}.{key}" for key in wrong.split()
    }


@pytest.mark.parametrize(
    ("targets", "sentence"),
    [("", "targets: there is none, so nothing is probed"), ("a: {target: 192.0.2.1, colour: 1}", "targets.a.colour: ")],
)
def test_what_an_input_takes_without_effect_is_a_warning(targets: str, sentence: str) -> None:
    findings = check_agent(spare("netprobe", f"test_type: ping, targets: {{{targets}}}", ""))
    assert findings.mistakes == []
    [warning] = findings.warnings
    assert warning.path == "policies.p.input"
    assert warning.message.startswith(sentence)


@pytest.mark.parametrize("targets", ["", ", targets: {a: {target: no_name}}"])
def test_what_stands_in_for_a_wrong_setting_is_no_warning(targets: str) -> None:
    findings = check_agent(spare("netprobe", f"test_type: ping{targets}", ""))
    assert (len(findings.mistakes), findings.warnings) == (1, [])


@pytest.mark.parametrize(
    ("input_type", "missing"),
    [("netprobe", "test_type"), ("flow", "bind"), ("dnstap", "dnstap_file"), ("pcap", "iface")],
)
def test_a_source_that_is_missing_hides_no_other_mistake(input_type: str, missing: str) -> None:
    found = check_agent(spare(input_type, "", "", "{type: custom, metrics: {x: {counter: nobody}}}")).mistakes
    assert [error.path.removeprefix("policies.p.") for error in found] == [
        f"input.config.{missing}",
        "handlers.modules.m.metrics.x.counter",
    ]


def spare(input_type: str, of_tap: str, of_policy: str, module: str = "") -> AgentConfig:
    """Give a configuration with a tap and a policy of it."""
    module = module or f"{{type: {'net' if input_type in ('pcap', 'mock', 'dnstap') else input_type}}}"
    source = f"{{tap: spare, input_type: {input_type}, config: {{{of_policy}}}}}"
    body = f"p: {{kind: collection, input: {source}, handlers: {{modules: {{m: {module}}}}}}}"
    tap = f"spare: {{input_type: {input_type}, config: {{{of_tap}}}}}"
    return load_config(f"visor: {{taps: {{{tap}}}, policies: {{{body}}}}}")
