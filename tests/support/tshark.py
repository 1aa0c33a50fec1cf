"""What tshark says of a capture, in the shapes of pktvisor's metrics: an independent opinion for golden scenarios.

A question is a display filter, which counts the frames that pass it, or a mapping with `where` (a display filter, all
frames where missing) and one of

- `values: FIELD`      how often the fields occur: of messages rather than frames
- `sum: FIELD`         what they add up to
- `distinct: FIELD`    how many different values they have
- `top: FIELD`         how often each value occurs; `labels: N` cuts names to their last N labels first,
                       `names: qtype` or `rcode` writes numbers as their mnemonics, `extended_rcode` those of the
                       upper eight bits of a code alone
- `pairs: FIELDS`      how often the first, a name, occurs with that one of the others which is there; `names` is of it
- `quantiles: FIELD`   p50, p90, p95 and p99 of the values; `scale: 1000000` makes microseconds of seconds
- `per_second: FIELD`   quantiles of what the field's values add up to in each second of the capture; `frame` counts

A list of fields is several of them, of each frame; a list of `top` questions adds their counts up.
"""

from __future__ import annotations

import math
import subprocess
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from pktvisor.metrics.dns_names import qtype_name, rcode_name

NAMES: dict[str | None, Callable[[str], str]] = {
    None: str,
    "qtype": lambda number: qtype_name(int(number)).lower(),
    "rcode": lambda number: rcode_name(int(number)).lower(),
    "extended_rcode": lambda number: rcode_name(int(number, 0) << 4).lower(),
}
KINDS = {"values", "sum", "distinct", "top", "pairs", "quantiles", "per_second"}
RANKS = (50, 90, 95, 99)
ROOT = "<root>"
NOTHING = {"", "::", "0.0.0.0"}
"""No name and no address: cardinalities leave them out."""


def ask(capture: Path, question: str | list[Any] | dict[str, Any]) -> Any:
    """Give tshark's answer: a number, counts by text, or quantiles."""
    if isinstance(question, str):
        return len(_values(capture, question, ["frame.number"]))
    if isinstance(question, list):
        return dict(sum((Counter(ask(capture, part)) for part in question), Counter()).most_common())
    (kind,) = question.keys() & KINDS
    if kind == "per_second":
        return _quantiles(_sums_by_second(capture, question.get("where", "frame"), question[kind]))
    if kind == "pairs":
        return _pairs(capture, question)
    fields = question[kind] if isinstance(question[kind], list) else [question[kind]]
    values = _values(capture, question.get("where", "frame"), fields)
    match kind:
        case "values":
            return len(values)
        case "sum":
            return sum(int(value) for value in values)
        case "distinct":
            return len(set(values) - NOTHING)
        case "top":
            name = NAMES[question.get("names")]
            return dict(Counter(name(value) for value in _cut(values, question.get("labels"))).most_common())
        case _:
            return _quantiles([float(value) * question.get("scale", 1) for value in values])


def _pairs(capture: Path, question: dict[str, Any]) -> dict[str, int]:
    """Give each frame's first field with that one of the others that it has, as an address of IPv4 or IPv6."""
    name = NAMES[question.get("names")]
    lines = _lines(capture, question.get("where", "frame"), question["pairs"])
    named = (("" if first == ROOT else first.lower(), "".join(others)) for first, *others in lines)
    return dict(Counter(f"{first} {name(other)}" for first, other in named).most_common())


def _sums_by_second(capture: Path, where: str, field: str) -> list[float]:
    sums = {int(float(time)): 0.0 for (time,) in _lines(capture, "frame", ["frame.time_epoch"])}
    sums = dict.fromkeys(range(min(sums), max(sums) + 1), 0.0)
    wanted = ["frame.time_epoch", *([] if field == "frame" else [field])]
    for time, *value in _lines(capture, where, wanted):
        sums[int(float(time))] += float(value[0]) if value else 1
    return list(sums.values())


def _values(capture: Path, where: str, fields: Sequence[str]) -> list[str]:
    """Give all values of the fields in the frames that pass the filter, in lower case, the root's name empty."""
    values = [value.lower() for line in _lines(capture, where, fields) for value in line if value]
    return ["" if value == ROOT else value for value in values]


def _lines(capture: Path, where: str, fields: Sequence[str]) -> list[list[str]]:
    """Give the values of the fields in each frame that passes the filter."""
    wanted = [word for field in fields for word in ("-e", field)]
    format_ = ["-T", "fields", "-E", "occurrence=a", "-E", "aggregator=|", "-E", "separator=|"]
    command = ["tshark", "-n", "-r", str(capture), "-Y", where, *format_, *wanted]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return [line.split("|") for line in done.stdout.splitlines()]


def _cut(names: Sequence[str], labels: int | None) -> list[str]:
    """Cut longer names to their last labels, which a dot then leads; leave out names of too few labels."""
    if labels is None:
        return list(names)
    cut = []
    for name in names:
        parts = name.split(".")
        if len(parts) > labels:
            cut.append("." + ".".join(parts[-labels:]))
        elif len(parts) == labels or labels == 2:
            cut.append(name)
    return cut


def _quantiles(values: Sequence[float]) -> dict[str, float]:
    """Give the smallest value that so many percent of the values do not exceed."""
    ascending = sorted(values)
    ranks = [max(1, math.ceil(len(ascending) * percent / 100)) for percent in RANKS]
    return {f"p{percent}": ascending[rank - 1] for percent, rank in zip(RANKS, ranks, strict=True)}


def _text(entry: dict[str, Any]) -> str:
    """What an entry counts, as tshark's answers have it."""
    beside = [value for key, value in entry.items() if key in ("client", "server", "result")]
    return " ".join([entry["name"], *beside]).lower()


def agrees(answer: Any, ours: Any) -> bool:
    """Whether a metric is what tshark says; of top lists, what is shown of it."""
    if isinstance(ours, list):
        shown = [entry["estimate"] for entry in ours]
        most = sorted(answer.values(), reverse=True)[: len(ours)]
        return shown == most and all(answer.get(_text(entry)) == entry["estimate"] for entry in ours)
    if isinstance(ours, dict):
        return all(math.isclose(ours[rank], value, abs_tol=1) for rank, value in answer.items())
    return bool(answer == ours)
