"""Panels of any handler's document, from its shape alone: what is named, counted and nested is what is shown."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial

from pktvisor.api.keys import Document
from pktvisor.api.values import Histogram, Quantiles, TopEntry, Value, leaves, read_value
from pktvisor.escaping import printable
from pktvisor.tui.panels import WIDE, Panel, PanelRow, arranged, histogram_panel, quantiles_panel, top_panel, with_rows
from pktvisor.tui.units import Units, in_unit_of, tight

BaseOf = Callable[[str], float]
"""Gives what the counts of a top list so named are a share of; 0 for nothing."""

LEAST_SECTION = 6
"""Metrics that make a nested object a section of its own."""
MOST_PANELS = 120
"""Panels that a screen has at most: a flow handler may know thousands of interfaces."""

WORDS = {
    "geoLoc": "GeoLoc",
    "ips": "IPs",
    "ipv4": "IPv4",
    "ipv6": "IPv6",
    "nxdomain": "NX",
    "qname": "QName",
    "qname2": "QName 2",
    "qname3": "QName 3",
    "qtype": "QType",
    "rcode": "RCode",
}
"""Words of names as people write them."""
CAPITALS = set("asn bgp cpu dhcp dns dscp ecn ecs ip l4 nodata noerror pcap pps refused srvfail tcp udp".split())


@dataclass
class Section:
    """Metrics that belong together."""

    path: tuple[str, ...]
    """Its name, key by key, without those keys that only hold others together."""
    key: str = ""
    """Names it among all, with every key on the way."""
    counts: dict[str, float] = field(default_factory=dict)
    quantiles: list[tuple[str, Quantiles]] = field(default_factory=list)
    histograms: dict[str, Histogram] = field(default_factory=dict)
    tops: dict[str, tuple[TopEntry, ...]] = field(default_factory=dict)

    @property
    def is_empty(self) -> bool:
        """Whether it has no metrics of its own."""
        return not (self.counts or self.quantiles or self.histograms or self.tops)

    def add(self, path: tuple[str, ...], value: Value) -> None:
        """Take a metric, by its path below the section's."""
        name = ".".join(path)
        match value:
            case Quantiles():
                self.quantiles.append((name, value))
            case Histogram():
                self.histograms[name] = value
            case tuple():
                self.tops[name] = value
            case _:
                self.counts[name] = value


def no_base(name: str) -> float:
    """Give no base, whatever the list."""
    del name
    return 0.0


def document_panels(document: Document, shown: Units, wanted: str = "") -> list[Panel]:
    """Make the panels of a handler's metrics; with a wanted text, only those that have it.

    More than can be shown are left out, and the last panel says so.
    """
    panels: list[Panel] = []
    for section in sections(document):
        found = list(section_panels(section, shown))
        panels += with_rows([arranged(panel, "count", wanted) for panel in found]) if wanted else found
        if len(panels) > MOST_PANELS:
            rest = "more than fits here: filter with /, or save the document with j"
            return [*panels[:MOST_PANELS], Panel("more", "More", (PanelRow(rest),), least_width=WIDE)]
    return panels


def sections(document: Document, path: tuple[str, ...] = (), key: str = "") -> Iterator[Section]:
    """Cut a document into sections: what is large or holds top lists stands alone, the rest stays with its parent."""
    section = Section(path, key)
    own: list[tuple[str, Document]] = []
    for name, value in document.items():
        read = read_value(value)
        if read is not None:
            section.add((name,), read)
        elif isinstance(value, dict) and _is_section(value):
            own.append((name, value))
        elif isinstance(value, dict):
            for below, metric in leaves(value, (name,)):
                section.add(below, metric)
    if section.is_empty:
        path = path[:-1]
    else:
        yield section
    for name, value in own:
        yield from sections(value, (*path, name), f"{key}/{name}")


def section_panels(section: Section, shown: Units, base_of: BaseOf = no_base) -> Iterator[Panel]:
    """Make a section's panels: its quantiles in one, its counts in one, each top list and each histogram."""
    group = " · ".join(printable(key) for key in section.path)
    if group:
        yield Panel(f"{section.key}#heading", group, (), is_heading=True)
    for panel in _metric_panels(section, shown, base_of):
        yield replace(panel, group=group)


def _metric_panels(section: Section, shown: Units, base_of: BaseOf) -> Iterator[Panel]:
    key = section.key
    if section.quantiles:
        write = partial(tight, units=shown)
        yield quantiles_panel(f"{key}#quantiles", "Rates and quantiles", section.quantiles, write)
    if section.counts:
        yield Panel(f"{key}#counts", "Counters", _count_rows(section.counts, shown), is_whole=True)
    for name, entries in sorted(section.tops.items(), key=lambda item: not item[1]):
        yield top_panel(f"{key}/{name}", titled(name), entries, base=base_of(name), number=writer(name, shown))
    for name, histogram in section.histograms.items():
        number = writer(name.replace("histogram_", ""), shown)
        yield histogram_panel(f"{key}/{name}", titled(name.removesuffix("_us")), histogram, number)


def flat_panels(document: Document, shown: Units, base_of: BaseOf = no_base) -> list[Panel]:
    """Make the panels of a handler that is small enough to be one section, what matters most first."""
    section = Section(())
    for path, value in sorted(leaves(document), key=lambda leaf: leaf[0][0] != "wire_packets"):
        section.add(path[1:] if path[0] == "wire_packets" else path, value)
    return list(section_panels(section, shown, base_of))


def titled(name: str) -> str:
    """Give a metric's name as a title."""
    return " ".join(_word(word) for word in name.replace(".", "_").split("_"))


def writer(name: str, shown: Units) -> partial[str]:
    """Give the function that writes values of a metric so named."""
    return partial(in_unit_of, name, units=shown)


def _word(word: str) -> str:
    if word in WORDS:
        return WORDS[word]
    return word.upper() if word.lower() in CAPITALS else word[:1].upper() + word[1:]


def _count_rows(counts: Mapping[str, float], shown: Units) -> tuple[PanelRow, ...]:
    return tuple(
        PanelRow(name, (in_unit_of(name, number, shown),), number, copied=str(number))
        for name, number in counts.items()
    )


def _is_section(document: Document) -> bool:
    return _weight(document) >= LEAST_SECTION


def _weight(document: Document) -> int:
    """Count metrics, and top lists as many, no further than matters: documents may have millions."""
    weight = 0
    for value in document.values():
        if isinstance(value, list):
            return LEAST_SECTION
        if isinstance(value, dict):
            weight += 1 if read_value(value) is not None else _weight(value)
        elif isinstance(value, int | float):
            weight += 1
        if weight >= LEAST_SECTION:
            break
    return weight
