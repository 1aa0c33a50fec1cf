"""What a handler is told, and whose word wins."""

from __future__ import annotations

import pytest

from pktvisor.config.models import ModuleConfig, PolicyConfig, PolicyInput, Settings, Value
from pktvisor.errors import ConfigError
from pktvisor.policies.instances import Module, WindowDefaults, by_periods, length_of, make_modules


def made(
    *modules: ModuleConfig,
    window: Settings | None = None,
    is_chain: bool = False,
    global_settings: dict[str, Settings] | None = None,
    input_type: str = "pcap",
) -> list[Module]:
    policy = PolicyConfig("edge", PolicyInput(input_type, tap="eth"), modules, is_chain, window)
    return make_modules(
        policy,
        tap="eth",
        input_type=input_type,
        defaults=WindowDefaults(3, 40),
        global_settings=global_settings or {},
    )


def test_names_are_made_of_policy_tap_and_module() -> None:
    assert [module.instance.name for module in made(ModuleConfig("a", "net"), ModuleConfig("b", "dns"))] == [
        "edge-eth-a",
        "edge-eth-b",
    ]


def test_the_agents_window_defaults_hold_where_a_policy_says_nothing() -> None:
    (module,) = made(ModuleConfig("a", "net", config={"num_periods": 9, "topn_count": 3}))
    assert module.config == {"num_periods": 3, "deep_sample_rate": 40, "topn_count": 3}
    assert module.periods == 3
    assert module.instance.handler.settings.deep_sample_rate == 40
    assert module.instance.handler.settings.topn_count == 3


def test_a_window_configuration_wins_over_a_modules_and_keeps_the_agents_out() -> None:
    (module,) = made(ModuleConfig("a", "net", config={"num_periods": 9, "topn_count": 3}), window={"topn_count": 7})
    assert module.config == {"num_periods": 9, "topn_count": 7}
    assert module.instance.handler.settings.deep_sample_rate == 100


def test_numbers_are_cut_to_what_is_possible_and_shown_as_they_were_said() -> None:
    (module,) = made(ModuleConfig("a", "net"), window={"num_periods": 99, "deep_sample_rate": 0})
    assert module.config == {"num_periods": 99, "deep_sample_rate": 0}
    assert (module.periods, module.instance.handler.settings.deep_sample_rate) == (10, 1)


def test_filters_win_over_configurations_and_those_over_the_types() -> None:
    one = ModuleConfig(
        "a",
        "dns",
        config={"only_rcode": 2, "xact_ttl_ms": 10},
        filter={"only_rcode": 3, "num_periods": 1},
        enable=("top_ecs",),
        disable=("all",),
    )
    (module,) = made(one, window={}, global_settings={"dns": {"xact_ttl_ms": 99, "exclude_noerror": False}})
    assert module.config == {
        "xact_ttl_ms": 10,
        "exclude_noerror": False,
        "only_rcode": 3,
        "enable": ["top_ecs"],
        "disable": ["all"],
    }
    assert module.instance.handler.enabled == {"top_ecs"}
    assert module.periods == 5, "a window key in a filter has no effect"


def test_the_links_of_a_chain_follow_one_another_and_share_their_windows() -> None:
    first = ModuleConfig("a", "dns", config={"num_periods": 2})
    links = made(first, ModuleConfig("b", "net"), window={}, is_chain=True)
    assert [link.instance.behind for link in links] == [None, 0]
    assert [link.periods for link in links] == [2, 2]


def test_modules_are_parted_by_the_windows_that_they_keep() -> None:
    short = ModuleConfig("b", "net", config={"num_periods": 2})
    modules = made(ModuleConfig("a", "net"), short, ModuleConfig("c", "net"), window={})
    groups = [
        (periods, [module.instance.name for module in group]) for periods, group in by_periods(modules, otherwise=3)
    ]
    assert groups == [(5, ["edge-eth-a", "edge-eth-c"]), (2, ["edge-eth-b"])]
    assert list(by_periods([], otherwise=3)) == [(3, [])]


@pytest.mark.parametrize(
    ("module", "place", "sentence"),
    [
        (ModuleConfig("a", "dsn"), "a.type", "is not available; did you mean 'dns'?"),
        (ModuleConfig("a", "net", "3.0"), "a.require_version", "requires stream handler type 'net' and version '3.0'"),
        (ModuleConfig("a", "net", config={"x": 1}), "a", "x is an invalid/unsupported config or filter"),
        (ModuleConfig("a", "dns", config={"only_rcode": ["X"]}), "a", "invalid/unsupported rcode: X"),
        (ModuleConfig("a", "net", enable=("x",)), "a", "x is an invalid/unsupported metric group"),
        (
            ModuleConfig("a", "net", config={"topn_percentile_threshold": 150}),
            "a.config.topn_percentile_threshold",
            "threshold must be between 0 and 100 but has value 1.500000",
        ),
        (ModuleConfig("a", "net", config={"topn_count": "x"}), "a", "wrong type for key: topn_count"),
    ],
)
def test_what_is_wrong_has_its_place(module: ModuleConfig, place: str, sentence: str) -> None:
    with pytest.raises(ConfigError) as caught:
        made(module)
    assert f"{caught.value.path}.".startswith(f"handlers.modules.{place}.")
    assert sentence in str(caught.value)


def test_a_handler_refuses_an_input_that_it_cant_use() -> None:
    with pytest.raises(ConfigError, match="DhcpStreamHandler: unsupported input event proxy flow"):
        made(ModuleConfig("a", "dhcp"), input_type="flow")
    with pytest.raises(ConfigError, match="NetProbeStreamHandler: unsupported input event proxy pcap"):
        made(ModuleConfig("a", "netprobe"))
    with pytest.raises(ConfigError, match="DnsStreamHandler: unsupported input event proxy netprobe"):
        made(ModuleConfig("a", "dns"), input_type="netprobe")


def test_a_window_lasts_as_long_as_the_policy_says_else_the_agent_else_a_minute() -> None:
    agent = WindowDefaults(length_s=15)
    assert length_of({"length_s": 10}, agent) == 10
    assert length_of(None, agent) == 15
    assert length_of({"num_periods": 2}, agent) == 60, "a window configuration keeps the agent's defaults out"


@pytest.mark.parametrize("wrong", [0, 3601, "ten", True])
def test_a_length_that_is_none_is_an_error_at_its_place(wrong: Value) -> None:
    with pytest.raises(ConfigError) as caught:
        length_of({"length_s": wrong}, WindowDefaults())
    assert caught.value.path == "handlers.window_config.length_s"


def test_handlers_of_a_policy_have_no_length_of_their_own() -> None:
    (module,) = made(ModuleConfig("a", "net"), window={"length_s": 10})
    assert "length_s" not in module.config
    with pytest.raises(ConfigError, match="length_s is an invalid"):
        made(ModuleConfig("a", "net", config={"length_s": 10}))
