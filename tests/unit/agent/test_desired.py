"""Texts that a hub gives its agents: what they may say, and how they go together."""

from __future__ import annotations

import pytest

from pktvisor.agent.desired import MOST_PARTS, Part, hash_of, parts_document, parts_of, path_keys, read_parts
from pktvisor.errors import ConfigError
from pktvisor.inputs import inputs
from support.written import body, file, policy

NAMED_LIKE_PATHS = ("_file", "_dir", "socket")


def test_texts_go_together_as_one_configuration() -> None:
    desired = read_parts([Part("a.yaml", file(policy())), Part("b.yaml", body(policy("other")))])
    assert [tap.name for tap in desired.config.taps] == ["eth"]
    assert list(desired.digests) == ["edge", "other"]


def test_a_digest_tells_a_policy_from_another_of_its_name() -> None:
    one, same, other = (
        read_parts([Part("a.yaml", text)]).digests["edge"]
        for text in (body(policy()), "# words\n" + body(policy()), body(policy(modules="{dns: {type: dns}}")))
    )
    assert one == same
    assert one != other


def test_a_hash_tells_texts_from_others_whatever_their_order() -> None:
    one, other = Part("a", "x"), Part("b", "y")
    assert hash_of([one, other]) == hash_of([other, one])
    assert len({hash_of([one]), hash_of([Part("a", "z")]), hash_of([Part("a", "x", True)]), hash_of([])}) == 4
    assert hash_of([]) == ""


def test_texts_stay_what_they_are_on_the_way() -> None:
    parts = (Part("a.yaml", "visor: {}"), Part("b.yaml", "ü\n", True))
    assert parts_of(parts_document(parts)) == parts


@pytest.mark.parametrize(
    "document",
    [
        None,
        {},
        [1],
        [{"name": "a"}],
        [{"name": "", "text": ""}],
        [{"name": "a\n", "text": ""}],
        [{"name": "a", "text": "", "dry_run": 1}],
        [{"name": "a", "text": ""}] * (MOST_PARTS + 1),
    ],
)
def test_what_holds_no_texts_is_refused(document: object) -> None:
    with pytest.raises(ConfigError):
        parts_of(document)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("visor: {config: {admin_api: true}}", "a.yaml:1:9: config: a hub gives taps and policies, and nothing else"),
        ("visor: {global_handler_config: {dns: {x: 1}}}", "global_handler_config: a hub gives taps and policies"),
        (
            "visor: {taps: {t: {input_type: pcap, config: {pcap_file: /etc/x}}}}",
            "a hub may name no files of an agent's",
        ),
        ("visor: {taps: {t: {input_type: flow, config: {table_dir: /tmp}}}}", "taps.t.config.table_dir"),
        (body(policy(given=", config: {socket: /run/x}")), "policies.edge.input.config.socket"),
        ("visor: {policies: {edge: {kind: x}}}", "a.yaml:1:33: policies.edge.kind: unknown policy kind: x"),
        ("hub: {}", "a.yaml:1:1: invalid schema"),
    ],
)
def test_a_text_may_not_say_all_that_a_file_may(text: str, sentence: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read_parts([Part("a.yaml", text)])
    assert sentence in str(caught.value)


def test_two_texts_may_not_have_the_same_policy() -> None:
    with pytest.raises(ConfigError) as caught:
        read_parts([Part("a.yaml", body(policy())), Part("b.yaml", "\n" + body(policy()))])
    assert str(caught.value) == "b.yaml:2:20: policies.edge: a.yaml has one of this name, too"


def test_texts_have_a_bound_together() -> None:
    with pytest.raises(ConfigError, match="at most 64 texts of 1048576 characters together"):
        read_parts([Part(str(number), "#" * 600_000) for number in range(2)])


def test_every_key_that_names_a_file_is_declared_to_be_one() -> None:
    keys = {key for one in inputs().values() for key in one.keys or ()}
    assert {key for key in keys if key.endswith(NAMED_LIKE_PATHS)} == path_keys()
