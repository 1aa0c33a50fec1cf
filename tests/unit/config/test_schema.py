"""Whole configurations, and the bodies of POST."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pktvisor.config.document import MOST_BYTES
from pktvisor.config.models import (
    AgentConfig,
    ModuleConfig,
    PolicyConfig,
    PolicyInput,
    Settings,
    TapConfig,
    TapSelector,
)
from pktvisor.config.reading import MOST_ERRORS
from pktvisor.config.schema import check, load_config, load_file, load_one_policy, load_one_tap
from pktvisor.errors import ConfigError, ConflictError

WHOLE = """\
version: "1.0"
visor:
  config: {admin_api: true}
  taps:
    wire: {input_type: pcap, config: {iface: eth0}}
  global_handler_config:
    dns: {only_qname_suffix: [.example.com]}
  policies:
    edge:
      kind: collection
      input: {tap: wire, input_type: pcap}
      handlers:
        modules:
          net: {type: net}
  description: "ignored"
"""


def test_a_file_holds_all_sections(tmp_path: Path) -> None:
    path = tmp_path / "edge.yaml"
    path.write_text(WHOLE, encoding="utf-8")
    config = load_file(str(path))
    assert config == AgentConfig(
        {"admin_api": True},
        (TapConfig("wire", "pcap", {"iface": "eth0"}),),
        {"dns": {"only_qname_suffix": [".example.com"]}},
        (PolicyConfig("edge", PolicyInput("pcap", "wire"), (ModuleConfig("net", "net"),)),),
    )
    assert config.document is not None
    assert config.document.source == str(path)
    assert [warning.partition(": ")[2] for warning in config.warnings] == [
        "visor.description: unknown section; it is ignored"
    ]


@pytest.mark.parametrize(
    "text", ["visor: {}", "visor: {taps: }", "version: '1.0'\nvisor: {policies: {}}", "{visor: {}}"]
)
def test_sections_may_be_missing_or_empty(text: str) -> None:
    config = load_config(text)
    assert config == AgentConfig()
    assert config.warnings == ()


SHAPELESS = "visor: {taps: [a], policies: x, config: []}"


def test_a_section_that_is_no_map_is_a_mistake() -> None:
    assert [str(error) for error in check(SHAPELESS, "edge.yaml")] == [
        "edge.yaml:1:41: config: no config found in schema; a map must stand there, not a list",
        "edge.yaml:1:15: taps: no taps found in schema; a map must stand there, not a list",
        "edge.yaml:1:30: policies: no policies found in schema; a map must stand there, not 'x'",
    ]
    with pytest.raises(ConfigError, match="no taps found in schema"):
        load_config("visor: {taps: [a]}")


def test_a_lenient_reader_warns_of_it_and_goes_on_without() -> None:
    config = load_config(SHAPELESS, source="edge.yaml", is_lenient=True)
    assert config == AgentConfig()
    assert config.warnings[1:] == (
        "edge.yaml:1:15: taps: this is ignored: a map must stand there, not a list",
        "edge.yaml:1:30: policies: this is ignored: a map must stand there, not 'x'",
    )


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "edge.yaml:1:1: invalid schema in config file: edge.yaml"),
        ("- visor", "edge.yaml:1:1: invalid schema in config file: edge.yaml; the text must be a map"),
        ("vizor: {}", "invalid schema in config file: edge.yaml; there is no key 'visor'; is 'vizor' meant?"),
        ("hub: {}", "there is no key 'visor'; this is a configuration of a hub: pktvisor-hub takes it"),
        ("visor: 1", "edge.yaml:1:8: visor: invalid schema in config file: edge.yaml; it must be a map, not '1'"),
        ("version: 2.0\nvisor: {}", "edge.yaml:1:10: version: unsupported version in config file: edge.yaml"),
        ("version: 1\nvisor: {}", "unsupported version in config file: edge.yaml; it is '1', only '1.0' is read"),
        ("version: [1.0]\nvisor: {}", "unsupported version in config file: edge.yaml"),
        ("visor: {", "did not find expected node content while parsing a flow node in config file: edge.yaml"),
        ("visor: {}\nvisor: {}", "edge.yaml:2:1: the key 'visor' appears here a second time"),
        (
            "visor: {taps: {a: {input_type: x, config: {y: 1, y: 2}}}}",
            "edge.yaml:1:50: taps.a.config: the key 'y' appears here a second time",
        ),
        ("visor: {global_handler_config: {dns: x}}", "expecting global_handler_config configuration map; not 'x'"),
    ],
)
def test_a_file_that_is_no_configuration_is_refused(text: str, sentence: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load_config(text, source="edge.yaml")
    assert sentence in str(caught.value)


def test_settings_of_all_handlers_of_a_type_are_given_once() -> None:
    with pytest.raises(ConflictError) as caught:
        load_config("visor: {global_handler_config: {dns: {}, dns: {}}}")
    assert "stream handler type 'dns' already exists in global_handler_config configuration" in str(caught.value)


@pytest.mark.parametrize(
    ("section", "one", "load"), [("taps", "tap", load_one_tap), ("policies", "policy", load_one_policy)]
)
class TestOne:
    """The bodies of POST hold one tap or one policy."""

    def test_an_empty_map_is_nothing(self, section: str, one: str, load: object) -> None:
        assert callable(load)
        assert load(f"visor: {{{section}: {{}}, other: x}}") is None

    def test_what_is_not_one_is_refused(self, section: str, one: str, load: object) -> None:
        assert callable(load)
        for text, sentence in [
            ("", "empty data"),
            (" \n", "empty data"),
            ("[]", "invalid schema"),
            ("visors: {}", "invalid schema"),
            ("visor: x", "invalid schema"),
            ("{version: 2, visor: {}}", "unsupported version"),
            ("visor: {}", f"no {section} found in schema"),
            (f"visor: {{{section}: x}}", f"no {section} found in schema"),
            (f"visor: {{{section}: {{a: 1, b: 2, c: 3}}}}", f"only a single {one} expected but got 3"),
            ("visor: [", "not valid YAML"),
        ]:
            with pytest.raises(ConfigError) as caught:
                load(text)
            assert sentence in str(caught.value)

    def test_other_sections_are_ignored(self, section: str, one: str, load: object) -> None:
        assert callable(load)
        text = WHOLE.replace(
            "{input_type: pcap, config",
            "{input_typo: pcap, config" if section == "policies" else "{input_type: pcap, config",
        )
        assert load(text).name in ("wire", "edge")


def test_every_independent_error_is_found() -> None:
    text = (
        WHOLE.replace("input_type: pcap", "input_typ: pcap").replace("type: net}", "typ: net}").replace("true", "what")
    )
    assert [str(error).split(": ")[1] for error in check(text, "edge.yaml")] == [
        "config.admin_api",
        "taps.wire.input_type",
        "policies.edge.input.input_type",
        "policies.edge.handlers.modules.net.type",
    ]
    assert check(WHOLE) == []


def test_a_text_that_cannot_be_read_is_one_error() -> None:
    assert [str(error).partition(": ")[0] for error in check("a: [1\nb: 2", "edge.yaml")] == ["edge.yaml:2:2"]


def test_there_is_an_end_to_errors() -> None:
    """The largest maps of nonsense are done with in a moment, for nothing is looked up by walking through them."""
    for section in ("config", "taps", "global_handler_config", "policies", "other"):
        entries = ", ".join(f"k{number}: x" for number in range(45_000))
        text = f"visor: {{{section}: {{{entries}}}}}"
        assert len(text) < MOST_BYTES
        assert len(check(text)) in (0, MOST_ERRORS)


# Whatever can be said can be written and is read back.

NAMES = st.from_regex(r"[a-zA-Z_][a-zA-Z0-9_-]{0,8}", fullmatch=True).filter(lambda name: name.lower() != "null")
TEXTS = st.from_regex(r"[a-z.:/ -]{1,12}", fullmatch=True).filter(lambda text: text.lower() not in ("true", "false"))
SCALARS = st.one_of(st.integers(0, 2**64 - 1), st.booleans(), TEXTS)
VALUES = st.recursive(
    st.one_of(SCALARS, st.lists(TEXTS, max_size=3)),
    lambda inner: st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=5,
)
SETTINGS = st.dictionaries(TEXTS, VALUES, max_size=4)


def write(value: object) -> str:
    """A value as YAML; all texts in quotes."""
    match value:
        case bool():
            return "True" if value else "false"
        case int():
            return f"'{value}'"
        case list() | tuple():
            return f"[{', '.join(write(item) for item in value)}]"
        case dict():
            return f"{{{', '.join(f'{write(key)}: {write(item)}' for key, item in value.items())}}}"
        case _:
            return f"'{value}'"


def write_map(**entries: object) -> str:
    return f"{{{', '.join(f'{key}: {value}' for key, value in entries.items())}}}"


def write_module(module: ModuleConfig) -> str:
    groups = {key: list(names) for key, names in (("enable", module.enable), ("disable", module.disable)) if names}
    return write_map(
        type=write(module.type),
        require_version=write(module.version),
        config=write(dict(module.config)),
        filter=write(dict(module.filter)),
        **({"metric_groups": write(groups)} if groups else {}),
    )


def write_policy(policy: PolicyConfig) -> str:
    source = policy.input
    selector = source.selector
    where = {"tap": write(source.tap)}
    if selector is not None:
        tags = [{key: value} for key, value in selector.tags]
        where = {"tap_selector": write_map(**{"all" if selector.needs_all else "any": write(tags)})}
    modules = [f"{module.name}: {write_module(module)}" for module in policy.modules]
    written = f"[{', '.join(f'{{{one}}}' for one in modules)}]" if policy.is_chain else f"{{{', '.join(modules)}}}"
    handlers = {"modules": written} | ({} if policy.window is None else {"window_config": write(dict(policy.window))})
    return write_map(
        kind="collection",
        config=write({"merge_like_handlers": policy.merges_like_handlers}),
        input=write_map(
            **where,
            input_type=write(source.input_type),
            config=write(dict(source.config)),
            filter=write(dict(source.filter)),
        ),
        handlers=write_map(**handlers),
    )


SELECTORS = st.builds(TapSelector, st.booleans(), st.lists(st.tuples(TEXTS, SCALARS), max_size=3).map(tuple))
INPUTS = st.one_of(
    st.builds(PolicyInput, TEXTS, tap=TEXTS, config=SETTINGS, filter=SETTINGS),
    st.builds(PolicyInput, TEXTS, selector=SELECTORS, config=SETTINGS, filter=SETTINGS),
)
GROUPS = st.lists(TEXTS, max_size=2).map(tuple)
MODULES = st.builds(ModuleConfig, NAMES, TEXTS, TEXTS, SETTINGS, SETTINGS, GROUPS, GROUPS)
POLICIES = st.builds(
    PolicyConfig,
    NAMES,
    INPUTS,
    st.lists(MODULES, max_size=3, unique_by=lambda module: module.name).map(tuple),
    st.booleans(),
    st.none() | SETTINGS,
    st.booleans(),
)


@given(POLICIES)
def test_a_policy_that_is_written_is_read_back(policy: PolicyConfig) -> None:
    assert load_one_policy(f"visor: {{policies: {{{policy.name}: {write_policy(policy)}}}}}") == policy


@given(NAMES, TEXTS, SETTINGS, SETTINGS)
def test_a_tap_that_is_written_is_read_back(name: str, input_type: str, config: Settings, tags: Settings) -> None:
    text = write_map(input_type=write(input_type), config=write(config), tags=write(tags))
    assert load_one_tap(f"visor: {{taps: {{{name}: {text}}}}}") == TapConfig(name, input_type, config, tags)


# Nothing else than a configuration or an error comes of anything.

KEYS = st.sampled_from(
    "visor version taps policies config global_handler_config kind input tap tap_selector all any input_type filter"
    " handlers window_config modules type require_version metric_groups enable disable metrics tags a".split()
)
TREES = st.recursive(
    st.one_of(st.none(), st.sampled_from(["collection", "1.0", "a", "pcap", "custom", ""]), st.integers(0, 9)),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=5),
    max_leaves=25,
)


@given(st.dictionaries(st.sampled_from(["taps", "policies", "config", "global_handler_config"]), TREES))
def test_any_tree_is_a_configuration_or_an_error(sections: dict[str, object]) -> None:
    text = f"visor: {write_tree(sections)}"
    errors = check(text, "any.yaml")
    for load in (load_config, load_one_tap, load_one_policy):
        with suppress(ConfigError):
            load(text)
            assert load is not load_config or not errors
    assert all(str(error).startswith("any.yaml:") for error in errors)


def write_tree(tree: object) -> str:
    if tree is None:
        return "~"
    if isinstance(tree, dict):
        return f"{{{', '.join(f'{key}: {write_tree(value)}' for key, value in tree.items())}}}"
    if isinstance(tree, list):
        return f"[{', '.join(write_tree(item) for item in tree)}]"
    return write(tree)


@given(st.binary(max_size=300))
def test_any_bytes_are_a_configuration_or_an_error(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    path = tmp_path_factory.mktemp("any") / "any.yaml"
    path.write_bytes(data)
    with pytest.raises(ConfigError):
        load_file(str(path))
