"""Options of the daemon in a file."""

from __future__ import annotations

import pytest

from pktvisor.config.daemon_options import KEYS
from pktvisor.config.models import Scalar
from pktvisor.config.options import Flag, Number, Ports, TagList
from pktvisor.config.schema import check, load_config
from pktvisor.errors import ConfigError


def options(text: str) -> dict[str, object]:
    return dict(load_config(f"visor: {{config: {text}}}").options)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("admin_api: true", True),
        ("admin_api: 'yes'", True),
        ("tls: OFF", False),
        ("port: 10854", 10854),
        ("port: '10854'", 10854),
        ("max_deep_sample: -1", -1),
        ("host: 127.0.0.1", "127.0.0.1"),
        ("prom_instance: 007", "007"),
        ("log_file: ''", ""),
        ("otel_path: true", "true"),
    ],
)
def test_an_option_has_its_own_type(text: str, value: Scalar) -> None:
    [found] = options(f"{{{text}}}").values()
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    "text",
    ["port: x", "port: 1.5", "port: ''", "port: 99999999999999999999", "tls: 1", "tls: ", "host: [x]", "host: {}"],
)
def test_an_option_of_another_type_is_refused(text: str) -> None:
    name = text.partition(":")[0]
    with pytest.raises(ConfigError, match=f"wrong type for key: {name}; it needs") as caught:
        options(f"{{{text}}}")
    assert caught.value.path == f"config.{name}"


@pytest.mark.parametrize("text", ["[8600, 5300]", '"8600, 5300"', "'5300,8600'"])
def test_ports_are_a_list_or_a_text(text: str) -> None:
    assert options(f"{{dns_ports: {text}}}") == {"dns_ports": ["5300", "8600"]}


@pytest.mark.parametrize("text", ["[53, x]", "{udp: 53}", "''", "70000"])
def test_what_are_no_ports_is_refused(text: str) -> None:
    with pytest.raises(ConfigError) as caught:
        options(f"{{dns_ports: {text}}}")
    assert caught.value.path == "config.dns_ports"


def test_tags_are_a_map_of_names_to_texts() -> None:
    assert options("{tags: {site: fra, rack: 7, vip: true}}") == {"tags": {"site": "fra", "rack": "7", "vip": "true"}}
    assert options("{tags: {}}") == {"tags": {}}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[site]", "wrong type for key: tags; it needs a map of names to values, not a list"),
        ("site=fra", "wrong type for key: tags; it needs a map of names to values, not 'site=fra'"),
        ("{site: [a]}", "wrong type for key: tags.site; it needs a single value, not a list"),
        ("{a.b: c}", "'a.b' is not a name of a tag"),
        ("{site: ''}", "the value of tag site must have"),
    ],
)
def test_what_are_no_tags_is_refused(text: str, said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        options(f"{{tags: {text}}}")
    assert caught.value.path == "config.tags"
    assert said in str(caught.value)


def test_an_option_that_is_not_known_is_ignored_with_a_warning() -> None:
    config = load_config("visor: {config: {prot: 1, tls: true}}", source="edge.yaml")
    assert config.options == {"tls": True}
    assert config.warnings == ("edge.yaml:1:18: config.prot: unknown option; it is ignored; did you mean 'port'?",)


def test_options_that_are_no_map_are_ignored_with_a_warning_by_a_lenient_reader() -> None:
    config = load_config("visor: {config: x}", is_lenient=True)
    assert config.options == {}
    assert "config: this is ignored: a map must stand there, not 'x'" in config.warnings[0]


def test_every_option_is_checked() -> None:
    names = [name for name, one in KEYS.items() if isinstance(one.option, Flag | Number | Ports | TagList)]
    text = "\n".join(f"    {name}: what" for name in (*names, *sorted(KEYS.keys() - names)))
    errors = check(f"visor:\n  config:\n{text}\n")
    assert [error.path for error in errors] == [f"config.{name}" for name in names]
