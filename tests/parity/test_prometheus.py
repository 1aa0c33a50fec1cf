from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from prometheus_client.parser import text_string_to_metric_families

from parity.accepted import DHCP_MESSAGES, FRAGMENTS, FRAGMENTS_PROTOCOL, MORE_OF_DHCP, RATES
from parity.answers import ANSWERS, WHY_SKIPPED, Answer, handler_answers
from parity.comparing import CARDINALITY_TOLERANCE
from support.measuring import measure

pytestmark = pytest.mark.skipif(not ANSWERS.is_dir(), reason=WHY_SKIPPED)

PLAIN_LABELS = {"handler", "policy", "direction", "quantile", "le"}
"""Labels whose values are known beforehand; others name an entry of a top list."""

ACCEPTED = {"_rates": RATES, "_observed_pps": RATES} | {
    f"dhcp_wire_packets_{name}": DHCP_MESSAGES for name in MORE_OF_DHCP
}
OF_FRAGMENTS = {
    "dns_": FRAGMENTS,
    "packets_udp": FRAGMENTS_PROTOCOL,
    "packets_other_l4": FRAGMENTS_PROTOCOL,
    "net_udp_packets": FRAGMENTS_PROTOCOL,
    "net_other_l4_packets": FRAGMENTS_PROTOCOL,
}
"""Families that only ours has, by what their names contain."""


@dataclass
class Family:
    type: str
    values: dict[tuple[str, ...], float] = field(default_factory=dict)
    """Values by the suffix of the name and those labels that are known beforehand."""
    label_names: set[tuple[str, ...]] = field(default_factory=set)
    entries: list[float] = field(default_factory=list)
    """Values of the top lists' entries."""


def _families(text: str, handlers: set[str]) -> dict[str, Family]:
    found: dict[str, Family] = {}
    for family in text_string_to_metric_families(text):
        for one in family.samples:
            if one.labels["handler"] not in handlers:
                continue
            known = found.setdefault(family.name, Family(family.type))
            known.label_names.add((one.name.removeprefix(family.name), *sorted(one.labels)))
            if one.labels.keys() <= PLAIN_LABELS:
                known.values[one.name.removeprefix(family.name), *map("=".join, sorted(one.labels.items()))] = one.value
            else:
                known.entries.append(one.value)
    for gathered in found.values():
        gathered.entries.sort()
    return found


def _differences(ours: dict[str, Family], theirs: dict[str, Family]) -> Iterator[tuple[str, str]]:
    for name in sorted(ours.keys() | theirs.keys()):
        if name not in theirs:
            yield name, "only ours is there"
        elif name not in ours:
            yield name, "only theirs is there"
        elif ours[name].type != theirs[name].type:
            yield name, f"a {ours[name].type}, theirs a {theirs[name].type}"
        elif ours[name].label_names != theirs[name].label_names:
            yield name, f"labels {ours[name].label_names}, theirs {theirs[name].label_names}"
        elif ours[name].entries != theirs[name].entries:
            yield name, f"entries {ours[name].entries}, theirs {theirs[name].entries}"
        else:
            yield from ((name, sentence) for sentence in _value_differences(name, ours[name], theirs[name]))


def _value_differences(name: str, ours: Family, theirs: Family) -> Iterator[str]:
    """Quantiles and buckets are compared with the JSON answers; here their sums and counts are."""
    tolerance = CARDINALITY_TOLERANCE if "_cardinality_" in name else 0.0
    for series in sorted(ours.values.keys() | theirs.values.keys()):
        if series[0] == "_bucket" or any(label.startswith("quantile=") for label in series):
            continue
        our, their = ours.values.get(series), theirs.values.get(series)
        if our is None or their is None or abs(our - their) > tolerance * their:
            yield f"{series} is {our}, theirs {their}"


@pytest.mark.parametrize("answer", handler_answers("prom"), ids=lambda answer: answer.name)
def test_families_types_labels_and_values_are_those_of_the_cpp_pktvisor(answer: Answer) -> None:
    measured = measure(answer.source, answer.wanted, periods=answer.periods)
    names = {one.name for one in answer.wanted}
    ours, theirs = _families(measured.prometheus(), names), _families(answer.prometheus(), names)
    accepted = ACCEPTED | (OF_FRAGMENTS if answer.source.path.name == "ecs.pcap" else {})
    found = [
        f"{name}: {sentence}"
        for name, sentence in _differences(ours, theirs)
        if not any(part in name for part in accepted)
    ]
    assert not found, "\n".join(found)
