"""The configuration of a hub, and everything that can be wrong with one."""

from __future__ import annotations

from pathlib import Path

import pytest

from pktvisor.config.hub_models import AgentSelector, DesiredConfig, HubConfig, HubPolicyConfig
from pktvisor.config.hub_schema import MOST_POLICIES, load_hub_config, load_hub_file, read_hub
from pktvisor.errors import ConfigError


def policies_text(policies: str) -> str:
    return f"hub: {{policies: {policies}}}"


def test_a_policy_shows_a_policy_of_agents_with_some_tags() -> None:
    text = "{fra: {tags: {site: fra}}, edges: {policy: edge, tags: {site: [fra, ams], role: edge}}, every: }"
    assert load_hub_config(policies_text(text)).policies == (
        HubPolicyConfig("fra", "default", AgentSelector({"site": ("fra",)})),
        HubPolicyConfig("edges", "edge", AgentSelector({"site": ("fra", "ams"), "role": ("edge",)})),
        HubPolicyConfig("every"),
    )


def test_an_agent_is_chosen_where_each_tag_has_one_of_the_values() -> None:
    selector = AgentSelector({"site": ("fra", "ams"), "role": ("edge",)})
    assert selector.chooses({"site": "ams", "role": "edge", "rack": "7"})
    assert not selector.chooses({"site": "ams"})
    assert not selector.chooses({"site": "nrt", "role": "edge"})
    assert AgentSelector().chooses({})


@pytest.mark.parametrize("text", ["hub: {}", "hub: {policies: }", "{version: '1.0', hub: {policies: {}}}"])
def test_a_hub_may_have_no_policies_of_its_own(text: str) -> None:
    assert load_hub_config(text) == HubConfig()


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[]", "the text must be a map with the key 'hub', not a list"),
        ("version: '1.0'", "the key 'hub' must have a map; there is none"),
        ("hub: 1", "the key 'hub' must have a map; not '1'"),
        ("hubs: {}", "there is no key 'hubs' here; did you mean 'hub'?"),
        ("visor: {policies: {}}", "this is a configuration of an agent; a hub's has the key 'hub'"),
        ("{version: '2.0', hub: {}}", "unsupported version in config file: hub.yaml; it is '2.0', only '1.0' is read"),
        ("hub: {policy: {}}", "there is no key 'policy' here; did you mean 'policies'?"),
        ("hub: {zzz: {}}", "there is no key 'zzz' here; there are policies, desired"),
        (policies_text("[]"), "a map of names must stand here; not a list"),
        (policies_text("{a b: {}}"), "invalid module name: a b"),
        (policies_text("{[a]: {}}"), "a name must stand here; not a list"),
        (policies_text("{a: b}"), "a map must stand here; not 'b'"),
        (policies_text("{a: {tag: {site: fra}}}"), "there is no key 'tag' here; did you mean 'tags'?"),
        (policies_text("{a: {tags: [site]}}"), "a map of tags to values must stand here; not a list"),
        (policies_text("{a: {tags: }}"), "a map of tags to values must stand here; not nothing"),
        (policies_text("{a: {tags: {site: {}}}}"), "a value or a list of values must stand here; not a map"),
        (policies_text("{a: {tags: {site: []}}}"), "a tag needs 1 to 100 values; not 0"),
        (policies_text("{a: {tags: {site: ''}}}"), "the value of tag site must have 1 to 128 printable characters"),
        (policies_text("{a: {tags: {site: }}}"), "a value or a list of values must stand here; not nothing"),
        (policies_text("{a: {tags: {1a: x}}}"), "'1a' is not a name of a tag"),
        (policies_text("{a: {policy: {}}}"), "the name of a policy of the agents must stand here; not a map"),
        (policies_text("{a: {policy: x/y}}"), "invalid module name: x/y"),
        (policies_text("{a: {}, a: {}}"), "the key 'a' appears here a second time"),
        ("hub: {policies: {a: *b}}", "the alias *b has no anchor before it"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(text: str, sentence: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load_hub_config(text, source="hub.yaml")
    assert sentence in str(caught.value)
    assert str(caught.value).startswith("hub.yaml:1:")


def test_all_mistakes_are_told_at_once_each_on_its_line() -> None:
    text = """hub:
  policies:
    a: {tag: {}}
    b:
      tags:
        site: ''
        role: {}
    c: {tags: {x: y}}
"""
    config, errors = read_hub(text, "hub.yaml")
    assert [one.place for one in errors] == ["hub.yaml:3:9", "hub.yaml:6:15", "hub.yaml:7:9"]
    assert [one.path for one in errors] == [
        "hub.policies.a.tag",
        "hub.policies.b.tags.site",
        "hub.policies.b.tags.role",
    ]
    assert HubPolicyConfig("c", "default", AgentSelector({"x": ("y",)})) in config.policies


def test_a_hub_has_a_bounded_number_of_policies() -> None:
    many = ", ".join(f"p{number}: {{}}" for number in range(MOST_POLICIES + 1))
    with pytest.raises(ConfigError, match="there are 101 entries; a hub has at most 100 of them"):
        load_hub_config(policies_text(f"{{{many}}}"))


def test_texts_for_agents_stand_in_files_beside(tmp_path: Path) -> None:
    (tmp_path / "edge.yaml").write_text("visor: {}")
    file = tmp_path / "hub.yaml"
    file.write_text("hub: {desired: {a: {tags: {role: edge}, file: edge.yaml}, b: {file: ./edge.yaml, dry_run: true}}}")
    assert load_hub_file(str(file)).desired == (
        DesiredConfig("a", AgentSelector({"role": ("edge",)}), "edge.yaml", "visor: {}"),
        DesiredConfig("b", AgentSelector(), "edge.yaml", "visor: {}", is_trial=True),
    )


@pytest.mark.parametrize(
    ("desired", "sentence"),
    [
        ("{a: {}}", "hub.desired.a.file: the name of a file with taps and policies must stand here; there is none"),
        ("{a: {file: [x]}}", "must stand here; not a list"),
        ("{a: {file: none.yaml}}", "hub.desired.a.file: No such file or directory in config file"),
        ("{a: {file: .}}", "hub.desired.a.file: Is a directory"),
        ("{a: {fil: x}}", "there is no key 'fil' here; did you mean 'file'?"),
        ("{a: {file: x, dry_run: maybe}}", "true or false must stand here; not 'maybe'"),
    ],
)
def test_what_is_wrong_with_texts_is_said_with_its_place(tmp_path: Path, desired: str, sentence: str) -> None:
    file = tmp_path / "hub.yaml"
    file.write_text(f"hub: {{desired: {desired}}}")
    with pytest.raises(ConfigError) as caught:
        load_hub_file(str(file))
    assert sentence in str(caught.value)
    assert str(caught.value).startswith(f"{file}:1:")
