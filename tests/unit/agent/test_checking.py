"""A configuration is tried as an agent would take it."""

from __future__ import annotations

import pytest

from pktvisor.agent import checking
from pktvisor.agent.checking import check_agent
from pktvisor.agent.local import LocalAgent
from pktvisor.agent.preparing import prepare
from pktvisor.config.reading import MOST_ERRORS
from pktvisor.config.schema import load_config, read_all
from pktvisor.errors import ConfigError
from support.written import TAP, file, policy

INPUT = "kind: collection, input: {tap: eth, input_type: pcap}"


def custom_policy(name: str, metrics: str) -> str:
    return f"    {name}: {{{INPUT}, handlers: {{modules: {{m: {{type: custom, metrics: {{{metrics}}}}}}}}}}}\n"


def configuration(*policies: str) -> str:
    return f"visor:\n  taps:\n    eth: {{input_type: pcap, config: {{iface: eth0}}}}\n  policies:\n{''.join(policies)}"


def mistakes(*policies: str) -> list[str]:
    return [str(error) for error in check_agent(load_config(configuration(*policies), source="edge.yaml")).mistakes]


def test_metrics_that_policies_declare_are_tried_and_located() -> None:
    good, bad = custom_policy("a", "x: {counter: dns}"), custom_policy("b", "y: {counter: dns, where: dns.rcod == 1}")
    assert mistakes(good) == []
    [mistake] = mistakes(good, bad)
    path = "policies.b.handlers.modules.m.metrics.y.where"
    assert mistake.startswith("edge.yaml:6:")
    assert mistake.endswith(f": {path}: character 1: no column 'dns.rcod'; did you mean 'dns.rcode'?")


def test_metrics_of_one_name_are_of_one_kind_in_all_policies(agent: LocalAgent) -> None:
    one, same, other = (
        custom_policy("a", "x: {counter: dns}"),
        custom_policy("b", "x: {counter: packet}"),
        custom_policy("c", "x: {rate: dns}"),
    )
    [mistake] = mistakes(one, same, other)
    assert mistake.startswith(
        "edge.yaml:7:5: policies.c.metrics.x: the rate 'x' and the counter 'x' would share the name"
    )
    agent.add_tap(TAP)
    agent.add_policy(f"visor:\n  policies:\n{one}")
    agent.add_policy(f"visor:\n  policies:\n{same}")
    with pytest.raises(ConfigError, match="would share the name custom_x in Prometheus"):
        agent.add_policy(f"visor:\n  policies:\n{other}")
    assert "c" not in agent.policies


EVERY_LEVEL = """\
visor:
  config: {periods: 99}
  taps:
    eth: {input_type: pcap, config: {iface: eth0, ifase: eth1, workers: 0}}
    broken: {input_typ: pcap}
  global_handler_config:
    dsn: {only_qname: [x]}
    dns: {deep_sample_rate: 500, only_qnames: [x]}
  policies:
    one:
      kind: collection
      input: {tap: eth, input_type: pcap, config: {bppf: udp}}
      handlers:
        window_config: {num_periods: 99}
        modules:
          first: {type: nett}
          second: {type: dns, config: {answer_counts: 1}, filter: {exclude_noerror: maybe}}
    two:
      kind: colection
      input: {tap: broken, input_type: pcap}
      handlers: {modules: {third: {type: dns, require_version: '3.0'}}}
"""


def test_mistakes_of_all_levels_are_told_at_once_each_at_its_line() -> None:
    config, of_text = read_all(EVERY_LEVEL, "edge.yaml")
    told = {(error.place.split(":")[1], error.path): error for error in [*of_text, *check_agent(config).mistakes]}
    handlers = "policies.one.handlers"
    assert set(told) == {
        ("4", "taps.eth.config.ifase"),
        ("4", "taps.eth.config.workers"),
        ("5", "taps.broken.input_type"),
        ("7", "global_handler_config.dsn"),
        ("8", "global_handler_config.dns.deep_sample_rate"),
        ("8", "global_handler_config.dns.only_qnames"),
        ("12", "policies.one.input.config.bppf"),
        ("14", f"{handlers}.window_config.num_periods"),
        ("16", f"{handlers}.modules.first.type"),
        ("17", f"{handlers}.modules.second.config.answer_counts"),
        ("17", f"{handlers}.modules.second.filter.exclude_noerror"),
        ("19", "policies.two.kind"),
        ("21", "policies.two.handlers.modules.third.require_version"),
    }
    hints = {path: error.hint for (_, path), error in told.items()}
    assert hints["taps.eth.config.ifase"] == "did you mean 'iface'?"
    assert hints["global_handler_config.dsn"] == "did you mean 'dns'?"
    assert hints[f"{handlers}.modules.first.type"] == "did you mean 'net'?"


def test_what_only_follows_from_another_mistake_is_not_told() -> None:
    config, _ = read_all(
        f"visor: {{taps: {{a: {{input_typ: pcap}}}}, policies: {{{policy(source='tap_selector: {any: [{x: 1}]}')}}}}}"
    )
    assert check_agent(config).mistakes == []
    config, _ = read_all(f"visor: {{taps: {{a: {{input_typ: pcap}}}}, policies: {{{policy(source='tap: a')}}}}}")
    assert check_agent(config).mistakes == []


@pytest.mark.parametrize(("key", "value"), [("num_periods", 0), ("num_periods", 11), ("deep_sample_rate", 101)])
def test_what_an_agent_would_silently_make_another_number_is_refused(key: str, value: int) -> None:
    config = load_config(file(policy(window=f"window_config: {{{key}: {value}}}")))
    [mistake] = check_agent(config).mistakes
    assert mistake.message.startswith(f"{key} {value} is not between 1 and ")


def test_a_mistake_of_a_tap_is_told_once_however_many_policies_use_it() -> None:
    config = load_config(file(policy("a"), policy("b"), taps="eth: {input_type: pcap, config: {iface: x, workers: 0}}"))
    assert [error.path for error in check_agent(config).mistakes] == ["taps.eth.config.workers"]


def test_each_setting_of_a_tap_is_checked() -> None:
    wrong = "dns_ports: [], workers: 0, pcap_source: x, ifase: y"
    config = load_config(file(policy(source="tap: spare"), taps=f"spare: {{input_type: pcap, config: {{{wrong}}}}}"))
    told = [error.path.removeprefix("taps.spare.config.") for error in check_agent(config).mistakes]
    assert told == ["dns_ports", "workers", "pcap_source", "ifase"]


def test_a_policy_without_its_tap_is_checked_like_any_other() -> None:
    modules = "{m: {type: dnss}, n: {type: dns, filter: {only_rcodes: [2]}}}"
    source = "tap: nobody, input_type: pcap, filter: {bppf: udp}"
    text = f"{{kind: collection, input: {{{source}}}, handlers: {{modules: {modules}}}}}"
    config = load_config(f"visor: {{policies: {{p: {text}}}}}")
    assert {error.path for error in check_agent(config).mistakes} == {
        "policies.p.input.tap",
        "policies.p.input.filter.bppf",
        "policies.p.handlers.modules.m.type",
        "policies.p.handlers.modules.n.filter.only_rcodes",
    }


def test_a_length_of_windows_that_is_none_is_told_at_its_place_beside_what_else_is_wrong() -> None:
    handlers = "{window_config: {length_s: 7200}, modules: {m: {type: net, config: {toppn_count: 3}}}}"
    found = mistakes(f"    a: {{{INPUT}, handlers: {handlers}}}\n")
    assert [mistake.split(": ")[1] for mistake in found] == [
        "policies.a.handlers.modules.m.config.toppn_count",
        "policies.a.handlers.window_config.length_s",
    ]
    assert found[1].endswith("a window of 7200 seconds is not between 1 and 3600")


def test_a_wrong_metric_group_hides_no_other_mistake() -> None:
    groups = "metric_groups: {enable: [counter, top.ips], disable: [cardinal]}"
    module = f"{{type: net, filter: {{only_asn_number: [x]}}, {groups}}}"
    text = f"    a: {{{INPUT}, handlers: {{modules: {{m: {module}}}}}}}\n"
    paths = [error.path for error in check_agent(load_config(configuration(text))).mistakes]
    below = "policies.a.handlers.modules.m"
    assert paths == [
        f"{below}.metric_groups.disable.cardinal",
        f"{below}.metric_groups.enable.counter",
        f"{below}.metric_groups.enable.top.ips",
        f"{below}.filter.only_asn_number",
    ]


def test_a_policy_is_not_tried_more_often_than_anybody_wants_to_hear(monkeypatch: pytest.MonkeyPatch) -> None:
    tried = []

    def counting(*arguments: object) -> object:
        tried.append(arguments)
        return prepare(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(checking, "prepare", counting)
    keys = ", ".join(f"k{number}: 1" for number in range(2 * MOST_ERRORS))
    wrong = policy(modules=f"{{net: {{type: net, config: {{{keys}}}}}}}")
    assert len(check_agent(load_config(file(wrong, policy("more")))).mistakes) == MOST_ERRORS
    assert len(tried) == MOST_ERRORS
