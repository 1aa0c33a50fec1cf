"""Flow records against the C++ pktvisor's answers: everything it shows, value by value."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from parity.answers import ANSWERS, CAPTURES, WHY_SKIPPED
from pktvisor.handlers.base import HandlerSettings
from support.measuring import Measured, Source, Wanted, measure

pytestmark = pytest.mark.skipif(not ANSWERS.is_dir(), reason=WHY_SKIPPED)

CAPTURE_NAMES = ("nf5", "nf9", "sflow_keyed")
GROUPS = [
    (f"{name}{suffix}", enable)
    for name in CAPTURE_NAMES
    for suffix, enable in (("", ()), (".allgroups", ("all",)), (".allgroups.geo", ("all",)))
]
NAME = "flow_v1"
OWN = ("/records_lost", "/datagrams_lost")
"""What the C++ agent does not count."""


def measured(answer: str, enable: tuple[str, ...]) -> Measured:
    source = Source(CAPTURES / f"{answer.partition('.')[0]}.pcap", reads_flows=True)
    if answer.endswith(".geo"):
        city, network = CAPTURES / "GeoIP2-City-Test.mmdb", CAPTURES / "GeoIP2-ISP-Test.mmdb"
        source = replace(source, geo_city=city, geo_asn=network)
    return measure(source, [Wanted(NAME, "flow", settings=HandlerSettings(enable=enable))])


def flat(document: Any, path: str = "") -> dict[str, Any]:
    """Give values by path; the items of lists in any order, as that of ties is arbitrary."""
    if isinstance(document, dict):
        return {key: value for name, part in document.items() for key, value in flat(part, f"{path}/{name}").items()}
    return {path: sorted(map(_text, document)) if isinstance(document, list) else document}


def _text(item: Any) -> str:
    return json.dumps(item, sort_keys=True)


@pytest.mark.parametrize(("answer", "enable"), GROUPS)
def test_documents_are_the_same(answer: str, enable: tuple[str, ...]) -> None:
    theirs = flat(json.loads((ANSWERS / f"handlers.{answer}.json").read_bytes())[NAME]["flow"]["devices"])
    ours = flat(measured(answer, enable).document()[NAME]["flow"]["devices"])
    assert {path for path in ours if not path.endswith(OWN)} == set(theirs)
    assert {path: ours[path] for path in theirs} == theirs


@pytest.mark.parametrize(("answer", "enable"), GROUPS)
def test_series_are_the_same(answer: str, enable: tuple[str, ...]) -> None:
    def series(text: str) -> set[str]:
        lines = (line for line in text.splitlines() if line and not line.startswith("#"))
        # See docs/reference/compatibility.md.
        others = ("flow_records_lost", "flow_datagrams_lost", "flow_cardinality_conversations")
        return {line for line in lines if not line.startswith(others)}

    theirs = series((ANSWERS / f"handlers.{answer}.prom").read_text())
    assert series(measured(answer, enable).prometheus()) == theirs
