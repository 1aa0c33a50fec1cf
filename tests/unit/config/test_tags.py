"""Tags: what is one, and which is meant where several have the same name."""

from __future__ import annotations

import pytest

from pktvisor.config.tags import joined, read_tag, read_tags


def test_a_tag_is_a_name_with_a_value() -> None:
    assert read_tag("site=fra") == ("site", "fra")
    assert read_tag("_a-1=x=y z") == ("_a-1", "x=y z")


def test_many_have_commas_between_them() -> None:
    assert read_tags("site=fra, role=edge,") == (("role", "edge"), ("site", "fra"))
    assert read_tags("") == ()


def test_of_two_with_one_name_the_last_is_meant() -> None:
    assert joined([("a", "1"), ("b", "2")], [("a", "3")]) == (("a", "3"), ("b", "2"))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("site", "'site' is not a tag: write NAME=VALUE"),
        ("1=a", "'1' is not a name of a tag"),
        ("a.b=c", "'a.b' is not a name of a tag"),
        ("=a", "'' is not a name of a tag"),
        (f"{'a' * 65}=b", "is not a name of a tag"),
        ("a=", "the value of tag a must have 1 to 128 printable characters"),
        (f"a={'b' * 129}", "the value of tag a must have"),
        ("a=b\x1b", "the value of tag a must have"),
    ],
)
def test_what_is_none_is_told(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        read_tag(text)
