from __future__ import annotations

import json
from functools import partial

import pytest

from pktvisor.outputs.json_pieces import Later, later_at, pieces
from pktvisor.outputs.values import PIECE_CHARACTERS


def written(document: object) -> str:
    return b"".join(pieces(document)).decode()


def add(members: dict[str, object], document: dict[str, object]) -> None:
    document.update(members)


def test_what_waits_is_made_in_its_place() -> None:
    document: dict[str, object] = {"z": 1, "a": {"é": [1, 2.5]}}
    later_at(document, ("m", "two")).makers.append(partial(add, {"b": "ü", "a": {"y": 1, "x": 2}}))
    later_at(document, ("m", "one")).makers.append(partial(add, {"c": 3}))
    assert written(document) == '{"a":{"é":[1,2.5]},"m":{"one":{"c":3},"two":{"a":{"x":2,"y":1},"b":"ü"}},"z":1}'


def test_an_object_waits_beside_members_that_it_has_and_objects_that_wait() -> None:
    document: dict[str, object] = {"device": {"counted": 1}}
    later_at(document, ("device",)).makers.append(partial(add, {"lost": 0}))
    later_at(document, ("device", "interfaces", "1")).makers.append(partial(add, {"bytes": 7}))
    assert written(document) == '{"device":{"counted":1,"interfaces":{"1":{"bytes":7}},"lost":0}}'


def test_what_waits_for_nothing_is_not_there_but_other_empty_objects_are() -> None:
    document: dict[str, object] = {"kept": {}, "none": [], "root": {}}
    root = document["root"]
    assert isinstance(root, dict)
    later_at(root, ("a", "b"))
    later_at(document, ("c",)).makers.append(partial(add, {}))
    assert written(document) == '{"kept":{},"none":[],"root":{}}'
    assert written({"root": Later({})}) == "{}"


def test_objects_are_made_when_their_turn_comes() -> None:
    made: list[str] = []
    document: dict[str, object] = {}
    for number in range(4):

        def make(members: dict[str, object], name: str = f"n{number}") -> None:
            made.append(name)
            members[name] = "x" * PIECE_CHARACTERS

        later_at(document, (f"k{number}",)).makers.append(make)
    texts = pieces(document)
    first = next(texts)
    assert made == ["n0"]
    assert json.loads(first + b"".join(texts)).keys() == {"k0", "k1", "k2", "k3"}
    assert made == ["n0", "n1", "n2", "n3"]


@pytest.mark.parametrize("document", [None, 3, "caf\udce9", [], {}, {"b": {"c": "\udce9"}, "a": 1.0}])
def test_whole_documents_are_written_as_json_writes_them(document: object) -> None:
    text = json.dumps(document, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    assert b"".join(pieces(document)) == text.encode(errors="replace")
