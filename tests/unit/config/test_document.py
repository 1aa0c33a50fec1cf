"""YAML texts as trees that know their places, within bounds."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pktvisor.config.document import (
    MOST_BYTES,
    MOST_CHARACTERS,
    MOST_LEVELS,
    MOST_NODES,
    MapNode,
    Mark,
    Node,
    NullNode,
    ScalarNode,
    SequenceNode,
    read_document,
    read_text,
)
from pktvisor.errors import ConfigError, InputError


def root_of(text: str) -> MapNode:
    root = read_document(text).root
    assert isinstance(root, MapNode)
    return root


def text_at(root: MapNode, key: str) -> str:
    node = root.get(key)
    assert isinstance(node, ScalarNode)
    return node.text


def test_nodes_know_where_they_stand() -> None:
    root = root_of("a: 1\nlist:\n  - x\n  - {y: z}\n")
    assert root.get("a") == ScalarNode(Mark(1, 4), "1")
    node = root.get("list")
    assert isinstance(node, SequenceNode)
    assert [item.mark for item in node.items] == [Mark(3, 5), Mark(4, 5)]


def test_json_is_yaml() -> None:
    root = root_of('{"a": {"b": [1, "two", null]}}')
    inner = root.get("a")
    assert isinstance(inner, MapNode)
    items = inner.get("b")
    assert isinstance(items, SequenceNode)
    assert [type(item) for item in items.items] == [ScalarNode, ScalarNode, NullNode]


def test_quotes_make_no_difference_but_for_nothing() -> None:
    root = root_of("a: '1'\nb: 1\nc: ~\nd: '~'\ne:\nf: ''\ng: null\nh: !!str null")
    assert text_at(root, "a") == text_at(root, "b") == "1"
    assert text_at(root, "d") == "~"
    assert text_at(root, "f") == ""
    assert text_at(root, "h") == "null"
    assert all(isinstance(root.get(key), NullNode) for key in "ceg")


def test_an_empty_text_is_nothing() -> None:
    assert isinstance(read_document("").root, NullNode)
    assert isinstance(read_document("# a remark\n").root, NullNode)


def test_aliases_repeat_what_they_name() -> None:
    root = root_of("a: &it {x: 1}\nb: *it\n")
    assert root.get("b") is root.get("a")


def test_keys_that_stand_there_twice_are_known() -> None:
    assert [(key.text, key.mark) for key in root_of("a: 1\nb: 2\na: 3").repeated()] == [("a", Mark(3, 1))]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("a: [1\nb: 2", "line 2, column 2: not valid YAML: "),
        ("a: 'x", "not valid YAML: found unexpected end of stream"),
        (
            "a: 1\n\tb: 2",
            "line 2, column 1: not valid YAML: a tab, which YAML does not take for indentation: use spaces",
        ),
        ("a:\u2028\tb: [", "not valid YAML: "),
        ("a: \x07", "not valid YAML: control characters are not allowed, character 3"),
        ("a: \ud800", "character 3 is not a Unicode character"),
        ("a: *b", "line 1, column 4: the alias *b has no anchor before it"),
        ("a: &b [*b]", "line 1, column 8: the alias *b refers to itself"),
        ("a: 1\n---\nb: 2", "line 2, column 1: a second document starts here; only one is read"),
        ("a: &d {x: 1}\nb: {<<: *d}", "line 2, column 5: merge keys (<<) are not read; write the keys out"),
        ("[" * 40 + "]" * 40, f"there are more than {MOST_LEVELS} levels"),
        ("x" * (MOST_BYTES + 1), f"the text has more than {MOST_BYTES} bytes"),
    ],
)
def test_what_is_no_document_is_said_with_its_place(text: str, sentence: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read_document(text)
    assert sentence in str(caught.value)


def test_a_file_is_named_in_what_is_wrong_with_it() -> None:
    with pytest.raises(ConfigError, match=r"^edge\.yaml:2:2: not valid YAML: .* in config file: edge\.yaml$"):
        read_document("a: [1\nb: 2", "edge.yaml")


def test_aliases_of_aliases_are_bounded() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 10)]
    with pytest.raises(ConfigError, match=f"more than {MOST_NODES} nodes, counting what aliases repeat"):
        read_document("\n".join(lines))


def test_what_aliases_repeat_is_bounded_in_characters() -> None:
    text = f"a: &a {'x' * 100_000}\nb: [{', '.join(['*a'] * 50)}]\n"
    with pytest.raises(ConfigError, match=f"more than {MOST_CHARACTERS} characters, counting what aliases repeat"):
        read_document(text)


def test_aliases_do_not_get_deeper_than_the_bound() -> None:
    lines = ["a0: &a0 [x]", *(f"a{n}: &a{n} [*a{n - 1}]" for n in range(1, MOST_LEVELS + 1))]
    with pytest.raises(ConfigError, match=f"more than {MOST_LEVELS} levels"):
        read_document("\n".join(lines))


def test_a_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "edge.yaml"
    path.write_bytes("\ufeffa: ä".encode())
    assert read_text(str(path)) == "a: ä"


def test_a_file_that_cannot_be_read_is_an_input_error(tmp_path: Path) -> None:
    for name in ("nothing.yaml", "", "nul\0.yaml"):
        with pytest.raises(InputError, match="in config file: "):
            read_text(str(tmp_path / name))


@pytest.mark.parametrize(
    ("data", "sentence"),
    [(b"a: \xff", "byte 3 is not UTF-8 in config file: "), (b"x" * (MOST_BYTES + 1), "more than 1048576 bytes")],
)
def test_a_file_that_is_no_text_is_a_config_error(tmp_path: Path, data: bytes, sentence: str) -> None:
    path = tmp_path / "edge.yaml"
    path.write_bytes(data)
    with pytest.raises(ConfigError, match=sentence):
        read_text(str(path))


YAML_PIECES = st.lists(
    st.sampled_from(
        [
            *"{}[]:,-&*!|>'\"%@`#?~ \n\t",
            "- ",
            ": ",
            "a",
            "b",
            "&a",
            "*a",
            "<<",
            "---",
            "...",
            "\n  ",
            "null",
            "1",
            "ä",
            "\0",
        ]
    ),
    max_size=60,
).map("".join)


def nodes_below(node: Node) -> int:
    return 1 + sum(nodes_below(child) for child in node.children)


@given(st.one_of(st.text(max_size=200), YAML_PIECES))
def test_any_text_is_a_document_or_a_config_error(text: str) -> None:
    try:
        document = read_document(text, "any.yaml")
    except ConfigError:
        return
    assert nodes_below(document.root) <= MOST_NODES
