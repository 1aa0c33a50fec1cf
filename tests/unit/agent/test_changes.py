"""What a changed configuration would change."""

from __future__ import annotations

from pktvisor.agent.changes import difference, sentence
from pktvisor.api.catalogue import Changes, Difference


def test_names_are_told_by_what_becomes_of_them() -> None:
    found = difference({"a": 1, "b": 1, "c": 1}, {"b": 1, "c": 2, "d": 1})
    assert found == Difference(added=["d"], changed=["c"], removed=["a"], unchanged=["b"])


def test_a_line_says_it() -> None:
    changes = Changes(Difference(added=["x", "y"]), Difference(removed=["p"], changed=["q"]))
    assert sentence(changes) == "taps added: x, y; policies changed: q; policies removed: p"
    assert sentence(Changes(Difference(), Difference(unchanged=["p"]))) == "nothing has changed"
