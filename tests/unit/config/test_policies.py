"""Policies, and everything that can be wrong with one."""

from __future__ import annotations

import pytest

from pktvisor.config.models import ModuleConfig, PolicyConfig, PolicyInput, TapSelector
from pktvisor.config.schema import check, load_config, load_one_policy
from pktvisor.errors import ConfigError, ConflictError

KIND = "kind: collection"
INPUT = "input: {tap: wire, input_type: pcap}"
HANDLERS = "handlers: {modules: {}}"


def policy_text(*parts: str) -> str:
    return f"visor: {{policies: {{edge: {{{', '.join(parts)}}}}}}}"


def test_a_policy_says_where_from_and_what() -> None:
    text = policy_text(
        KIND,
        "config: {merge_like_handlers: true}",
        "input: {tap: wire, input_type: pcap, config: {iface: lo}, filter: {bpf: udp}}",
        "handlers: {window_config: {num_periods: 3}, modules: {net: {type: net}}}",
        "description: of the edge",
    )
    assert load_one_policy(text) == PolicyConfig(
        "edge",
        PolicyInput("pcap", "wire", config={"iface": "lo"}, filter={"bpf": "udp"}),
        (ModuleConfig("net", "net"),),
        window={"num_periods": 3},
        merges_like_handlers=True,
    )


def test_a_policy_without_handlers_is_one() -> None:
    for modules in ("{}", "[]"):
        policy = load_one_policy(policy_text(KIND, INPUT, f"handlers: {{modules: {modules}}}"))
        assert policy is not None
        assert policy.modules == ()
        assert policy.window is None
        assert not policy.merges_like_handlers


def test_a_policy_may_choose_its_taps_by_tags() -> None:
    source = "input: {tap_selector: {any: [{virtual: true}, {vhost: 1}]}, input_type: pcap}"
    policy = load_one_policy(policy_text(KIND, source, HANDLERS))
    assert policy is not None
    assert policy.input.tap is None
    assert policy.input.selector == TapSelector(needs_all=False, tags=(("virtual", True), ("vhost", 1)))


@pytest.mark.parametrize(
    ("parts", "path", "sentence"),
    [
        ([INPUT, HANDLERS], "kind", "missing or invalid policy kind at key 'kind'"),
        (["kind: [x]", INPUT, HANDLERS], "kind", "missing or invalid policy kind at key 'kind'; a list"),
        (["kind: colection", INPUT, HANDLERS], "kind", "unknown policy kind: colection"),
        ([KIND, HANDLERS], "input", "missing or invalid policy input stream configuration at key 'input'"),
        ([KIND, "input: x", HANDLERS], "input", "missing or invalid policy input stream configuration at key 'input'"),
        ([KIND, "inptu: {}", HANDLERS], "input", "at key 'input'; is 'inptu' meant?"),
        ([KIND, "input: {tap: wire}", HANDLERS], "input.input_type", "invalid input_type at key 'input.input_type'"),
        (
            [KIND, "input: {tap: wire, input_type: pcap, config: 1}", HANDLERS],
            "input.config",
            "input configuration is not a map",
        ),
        (
            [KIND, "input: {tap: wire, input_type: pcap, config: {a: [[]]}}", HANDLERS],
            "input.config.a",
            "invalid input config: invalid value for sequence in key: a",
        ),
        (
            [KIND, "input: {tap: wire, input_type: pcap, filter: 1}", HANDLERS],
            "input.filter",
            "input filter configuration is not a map",
        ),
        (
            [KIND, "input: {tap: wire, input_type: pcap, filter: {a: 99999999999999999999}}", HANDLERS],
            "input.filter.a",
            "invalid input filter: bad conversion",
        ),
        ([KIND, INPUT], "handlers", "missing or invalid handler configuration at key 'handlers'"),
        ([KIND, INPUT, "handlers: []"], "handlers", "missing or invalid handler configuration at key 'handlers'"),
        ([KIND, INPUT, "handlers: {}"], "handlers.modules", "missing or invalid handler modules at key 'modules'"),
        ([KIND, INPUT, "handlers: {modules: x}"], "handlers.modules", "invalid handler modules at key 'modules'; 'x'"),
        ([KIND, INPUT, "handlers: {modules: }"], "handlers.modules", "invalid handler modules at key 'modules'"),
        (
            [KIND, INPUT, "handlers: {window_config: {num_periods: [[]]}, modules: {}}"],
            "handlers.window_config.num_periods",
            "invalid stream handler window config: invalid value for sequence in key: num_periods",
        ),
        (
            [KIND, "input: {tap: wire, tap_selector: {}, input_type: pcap}", HANDLERS],
            "input",
            "input can have only key 'input.tap' or key 'input.tap_selector'",
        ),
        (
            [KIND, "input: {input_type: pcap}", HANDLERS],
            "input",
            "missing key 'input.tap' or key 'input.tap_selector'",
        ),
        ([KIND, "input: {tap: [a], input_type: pcap}", HANDLERS], "input.tap", "invalid tap at key 'input.tap'"),
        (
            [KIND, "input: {tap_selector: {all: 1}, input_type: pcap}", HANDLERS],
            "input.tap_selector.all",
            "'input.tap_selector.all' is not a sequence",
        ),
        ([KIND, INPUT, HANDLERS, "config: 1"], "config", "policy configuration is not a map"),
        (
            [KIND, INPUT, HANDLERS, "config: {x: [[]]}"],
            "config.x",
            "invalid policy config for policy 'edge': invalid value for sequence in key: x",
        ),
        (
            [KIND, INPUT, HANDLERS, "config: {merge_like_handlers: 1}"],
            "config",
            "invalid policy config for policy 'edge': wrong type for key: merge_like_handlers",
        ),
    ],
)
def test_what_is_wrong_with_a_policy_is_said_with_its_path(parts: list[str], path: str, sentence: str) -> None:
    for load in (load_one_policy, load_config):
        with pytest.raises(ConfigError) as caught:
            load(policy_text(*parts))
        assert caught.value.path == f"policies.edge.{path}"
        assert sentence in str(caught.value)


@pytest.mark.parametrize(
    ("policies", "path", "sentence"),
    [
        ("{[a]: {}}", "policies", "expecting policy identifier"),
        ("{a: x}", "policies.a", "expecting policy configuration map"),
        ("{a b: {}}", "policies.a b", "invalid module name: a b"),
    ],
)
def test_what_is_no_policy_at_all_is_said(policies: str, path: str, sentence: str) -> None:
    with pytest.raises(ConfigError, match=sentence) as caught:
        load_one_policy(f"visor: {{policies: {policies}}}")
    assert caught.value.path == path


def test_a_name_is_given_once() -> None:
    policy = f"{{{KIND}, {INPUT}, {HANDLERS}}}"
    with pytest.raises(ConflictError, match="policy with name 'a' already defined") as caught:
        load_config(f"visor: {{policies: {{a: {policy}, a: {policy}}}}}")
    assert caught.value.path == "policies.a"


def test_a_window_configuration_that_is_no_map_is_a_mistake_that_a_lenient_reader_passes_over() -> None:
    text = policy_text(KIND, INPUT, "handlers: {window_config: 5, modules: {}}")
    config = load_config(text, is_lenient=True)
    assert config.policies[0].window is None
    assert "window_config: this is ignored: a map must stand there, not '5'" in config.warnings[0]
    [mistake] = check(text)
    assert mistake.message == "invalid stream handler window config: it is not a map"
    assert mistake.path == "policies.edge.handlers.window_config"


def test_all_parts_of_a_policy_are_checked() -> None:
    text = policy_text("kind: x", "input: {config: 1}", "handlers: {modules: {a: {}, b: {type: net, config: 1}}}")
    assert [error.path.removeprefix("policies.edge.") for error in check(text)] == [
        "kind",
        "input.input_type",
        "input.config",
        "input",
        "handlers.modules.a.type",
        "handlers.modules.b.config",
    ]
