"""Taps chosen by their tags."""

from __future__ import annotations

import pytest

from pktvisor.config.document import read_document
from pktvisor.config.models import Settings, TapConfig, TapSelector
from pktvisor.config.selectors import read_selector, select
from pktvisor.errors import ConfigError, NoMatchError

TAPS = [
    TapConfig("first", "pcap", tags={"virtual": True, "vhost": 1, "site": "north"}),
    TapConfig("second", "pcap", tags={"virtual": True, "vhost": 2}),
    TapConfig("third", "pcap"),
]


def selector(text: str) -> TapSelector:
    return read_selector(read_document(text).root)


@pytest.mark.parametrize(
    ("text", "chosen"),
    [
        ("all: [{virtual: true}]", ["first", "second"]),
        ("all: [{virtual: true}, {vhost: '1'}]", ["first"]),
        ("any: [{vhost: 2}, {site: north}]", ["first", "second"]),
        ("any: [{site: south}, {vhost: 2}]", ["second"]),
        ("{any: [{virtual: True}], other: x}", ["first", "second"]),
    ],
)
def test_taps_are_chosen_by_all_or_any_of_their_tags(text: str, chosen: list[str]) -> None:
    assert [tap.name for tap in select(selector(text), TAPS)] == chosen


@pytest.mark.parametrize("text", ["all: []", "any: []", "all: [{vhost: 3}]", "all: [{vhost: 1}, {none: 1}]"])
def test_a_selector_that_nothing_meets_is_no_match(text: str) -> None:
    with pytest.raises(NoMatchError, match=r"no tap match found for specified 'input\.tap_selector' tags"):
        select(selector(text), TAPS)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("any: [{virtual: 1}]", "Tap [first]: tag and selector value types are different for key 'virtual'"),
        ("any: [{site: true}]", "Tap [first]: tag and selector value types are different for key 'site'"),
        ("any: [{vhost: one}]", "wrong type for key: vhost"),
    ],
)
def test_tags_of_another_type_are_refused(text: str, sentence: str) -> None:
    with pytest.raises(ConfigError) as caught:
        select(selector(text), TAPS)
    assert sentence in str(caught.value)
    assert not isinstance(caught.value, NoMatchError)


@pytest.mark.parametrize(
    ("text", "path", "sentence"),
    [
        ("x", "", "'input.tap_selector' is not a map"),
        ("", "", "'input.tap_selector' is not a map"),
        ("{all: [], any: []}", "", "can have only key 'input.tap_selector.all' or key 'input.tap_selector.any'"),
        ("{some: []}", "", "missing key 'input.tap_selector.all' or key 'input.tap_selector.any'"),
        ("all: {a: 1}", "all", "'input.tap_selector.all' is not a sequence"),
        ("any: x", "any", "'input.tap_selector.any' is not a sequence"),
        ("any: [{a: 1, b: 2}]", "any", "selector tag must contain only one key/value pair per sequence index"),
        ("any: [{a: [1]}]", "any.a", "tag key 'a' must have scalar value"),
        ("any: [{a: }]", "any.a", "tag key 'a' must have scalar value"),
        ("any: [a]", "any", "tag key 'null' have be scalar"),
        ("any: [{}]", "any", "tag key 'null' have be scalar"),
        ("any: [{[a]: 1}]", "any", "tag key 'null' have be scalar"),
        ("any: [{a: 99999999999999999999}]", "any.a", "bad conversion"),
    ],
)
def test_what_is_wrong_with_a_selector_is_said(text: str, path: str, sentence: str) -> None:
    with pytest.raises(ConfigError) as caught:
        selector(text)
    assert caught.value.path == path
    assert sentence in str(caught.value)


def test_a_tag_of_truth_is_no_number() -> None:
    tags: Settings = {"virtual": True}
    with pytest.raises(ConfigError, match="types are different"):
        select(TapSelector(needs_all=True, tags=(("virtual", 1),)), [TapConfig("a", "pcap", tags=tags)])
