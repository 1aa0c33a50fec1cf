"""The handlers of a policy, side by side or as a chain, and everything that can be wrong with one."""

from __future__ import annotations

import pytest

from pktvisor.config.models import ModuleConfig, PolicyConfig
from pktvisor.config.schema import load_config
from pktvisor.errors import ConfigError, ConflictError
from support.configurations import modules_text, one_policy


def policy(modules: str) -> PolicyConfig:
    return one_policy(modules_text(modules))


def test_a_module_says_everything_about_its_handler() -> None:
    module = (
        "{type: net, require_version: '2.0', config: {recorded_stream: true}, filter: {only_asn_number: [1]},"
        " metric_groups: {disable: [all], enable: [counters]}, description: x}"
    )
    assert policy(f"{{a: {module}}}").modules == (
        ModuleConfig("a", "net", "2.0", {"recorded_stream": True}, {"only_asn_number": ["1"]}, ("counters",), ("all",)),
    )


def test_a_map_stands_side_by_side_and_a_sequence_is_a_chain() -> None:
    beside = policy("{a: {type: dns}, b: {type: net}}")
    below = policy("[{a: {type: dns}}, {b: {type: net}}]")
    assert beside.modules == below.modules == (ModuleConfig("a", "dns"), ModuleConfig("b", "net"))
    assert (beside.is_chain, below.is_chain) == (False, True)


def test_an_item_may_have_its_keys_beside_its_name() -> None:
    assert policy("[{a: , type: net, require_version: 2.0}]").modules == (ModuleConfig("a", "net", "2.0"),)


def test_only_the_first_handler_of_an_item_is_one() -> None:
    config = load_config(modules_text("[{a: {type: dns}, b: {type: net}}]"))
    assert config.policies[0].modules == (ModuleConfig("a", "dns"),)
    assert "this is ignored: only the first key of a sequence's item is a handler" in config.warnings[0]


@pytest.mark.parametrize(
    ("modules", "path", "sentence"),
    [
        ("{[a]: {type: net}}", "", "expecting handler module identifier"),
        ("[a]", "", "expecting handler module identifier"),
        ("[{}]", "", "expecting handler module identifier"),
        ("[[a]]", "", "expecting handler module identifier"),
        ("{a: net}", "a", "expecting Handler configuration map"),
        ("[{a: }]", "a", "expecting Handler configuration map"),
        ("{a: {}}", "a.type", "missing or invalid stream handler type at key 'type'"),
        ("{a: {type: [net]}}", "a.type", "missing or invalid stream handler type at key 'type'"),
        ("{a: {typ: net}}", "a.type", "at key 'type'; is 'typ' meant?"),
        ("{a: {type: net, require_version: [1]}}", "a.require_version", "Invalid stream handler version at key"),
        ("{a: {type: net, require_version: }}", "a.require_version", "Invalid stream handler version at key"),
        ("{a: {type: net, filter: x}}", "a.filter", "stream handler filter configuration is not a map"),
        (
            "{a: {type: net, filter: {x: [{}]}}}",
            "a.filter.x",
            "invalid stream handler filter config for handler 'a': invalid value for sequence in key: x",
        ),
        ("{a: {type: net, config: x}}", "a.config", "stream handler configuration is not a map"),
        (
            "{a: {type: net, config: {x: [{}]}}}",
            "a.config.x",
            "invalid stream handler config for handler 'a': invalid value for sequence in key: x",
        ),
        ("{a: {type: net, metric_groups: x}}", "a.metric_groups", "stream handler metric groups is not a map"),
        (
            "{a: {type: net, metric_groups: {enabled: []}}}",
            "a.metric_groups",
            "stream handler metric groups should contain enable and/or disable tags",
        ),
        (
            "{a: {type: net, metric_groups: {enable: all}}}",
            "a.metric_groups",
            "invalid stream handler metrics for handler 'a': wrong type for key: enable",
        ),
        ("{a.b: {type: net}}", "a.b", "invalid module name: a.b"),
        ("{a: {type: custom, metrics: 1}}", "a.metrics", "the metrics are not a map"),
    ],
)
def test_what_is_wrong_with_a_module_is_said_with_its_path(modules: str, path: str, sentence: str) -> None:
    with pytest.raises(ConfigError) as caught:
        policy(modules)
    assert caught.value.path == f"policies.edge.handlers.modules.{path}".rstrip(".")
    assert sentence in str(caught.value)


@pytest.mark.parametrize("modules", ["{a: {type: net}, a: {type: dns}}", "[{a: {type: net}}, {a: {type: dns}}]"])
def test_a_name_is_given_once(modules: str) -> None:
    with pytest.raises(ConflictError, match="module name 'edge-wire-a' already exists"):
        policy(modules)


def test_metrics_are_read_for_custom_handlers_only() -> None:
    metrics = "metrics: {questions: {counter: dns}}"
    assert policy(f"{{a: {{type: custom, {metrics}}}}}").modules[0].metrics == {"questions": {"counter": "dns"}}
    config = load_config(modules_text(f"{{a: {{type: dns, {metrics}}}}}"))
    assert config.policies[0].modules[0].metrics == {}
    assert "only handlers of type 'custom' have it" in config.warnings[0]
