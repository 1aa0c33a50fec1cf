"""What scrapers are answered: the formats of Prometheus, and the choice among them by an `Accept` header."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from pktvisor.metrics.snapshot import Labels
from pktvisor.outputs import openmetrics, prometheus
from pktvisor.outputs.families import Policies
from pktvisor.outputs.values import encoded

QUALITY = re.compile(r"0(\.\d{0,3})?|1(\.0{0,3})?")
"""A weight, as RFC 9110, 12.4.2 has it."""

NO_MATTER = {"charset", "escaping"}
"""Parameters that don't tell one format from another: all names are plain and all text is UTF-8."""


@dataclass(frozen=True)
class Format:
    """A form that metrics may be asked for in."""

    content_type: str
    """What the answer says it is."""
    media_type: str
    """What it is asked for as, with the parameters that may be named."""
    pieces: Callable[[Policies, Labels, bool], Iterator[bytes]]
    """Writes policies' windows, with static labels, with or without the label `handler`, piece by piece."""


def render(
    chosen: Format, policies: Policies, *, static: Labels = (), with_handler: bool = True
) -> tuple[str, Iterator[bytes]]:
    """Give content type and body. What the arguments mean is said at `prometheus.render`."""
    return chosen.content_type, chosen.pieces(policies, static, with_handler)


def choose(accept: str | None) -> Format:
    """Give the format that an `Accept` header weighs highest (RFC 9110, 12.5.1).

    Of equals, the one that is named more exactly, then the earlier in `FORMATS`. Plain text where there is no header,
    or nothing in it fits.
    """
    ranges = list(_ranges(accept or ""))
    best, best_weight = TEXT, (0.0, 0)
    for offered in FORMATS:
        weight = _weight(offered, ranges)
        if weight[0] > 0 and weight > best_weight:
            best, best_weight = offered, weight
    return best


def accepts(accept: str, media_type: str) -> bool:
    """Whether an `Accept` header names a media type itself, and does not rule it out."""
    return any(one.type == media_type and one.quality > 0 for one in _ranges(accept))


@dataclass(frozen=True)
class _Range:
    """One entry of an `Accept` header."""

    type: str
    parameters: dict[str, str]
    quality: float

    def exactness(self, offered: _Range) -> int:
        """Tell how exactly it names what is offered; 0 where it does not."""
        if any(offered.parameters.get(name) != value for name, value in self.parameters.items()):
            return 0
        if self.type == offered.type:
            return 3 + len(self.parameters)
        if self.type == offered.type.split("/")[0] + "/*":
            return 2
        return 1 if self.type == "*/*" else 0


def _weight(offered: Format, ranges: list[_Range]) -> tuple[float, int]:
    """Give quality and exactness of the range that names a format most exactly."""
    (described,) = _ranges(offered.media_type)
    exactness, quality = max(((one.exactness(described), one.quality) for one in ranges), default=(0, 0.0))
    return (quality, exactness) if exactness else (0.0, 0)


def _ranges(accept: str) -> Iterator[_Range]:
    """Read an `Accept` header; entries whose weight can't be read are skipped."""
    for entry in accept.split(","):
        type_, *rest = (part.strip() for part in entry.split(";"))
        pairs = (part.partition("=") for part in rest)
        parameters = {name.strip().lower(): value.strip().strip('"') for name, _, value in pairs}
        quality = parameters.pop("q", "1")
        if type_ and QUALITY.fullmatch(quality):
            known = {name: value for name, value in parameters.items() if name not in NO_MATTER}
            yield _Range(type_.lower(), known, float(quality))


def _text(policies: Policies, static: Labels, with_handler: bool) -> Iterator[bytes]:
    return encoded(prometheus.texts(policies, static=static, with_handler=with_handler))


def _openmetrics(policies: Policies, static: Labels, with_handler: bool) -> Iterator[bytes]:
    return encoded(openmetrics.texts(policies, static=static, with_handler=with_handler))


def _protobuf(policies: Policies, static: Labels, with_handler: bool) -> Iterator[bytes]:
    from pktvisor.outputs import prometheus_protobuf  # which brings protobuf along: only for who asks for it

    return prometheus_protobuf.messages(policies, static=static, with_handler=with_handler)


TEXT = Format("text/plain", "text/plain;version=0.0.4", _text)
OPENMETRICS = Format(
    "application/openmetrics-text; version=1.0.0; charset=utf-8",
    "application/openmetrics-text;version=1.0.0",
    _openmetrics,
)
PROTOBUF = Format(
    "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited",
    "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited",
    _protobuf,
)
FORMATS = (TEXT, OPENMETRICS, PROTOBUF)
"""All formats, the usual one first."""
