"""Texts that the core makes of other columns while it counts, so that what has one text counts as one item."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from pktvisor.metrics.expressions import Column

LabelKind = Literal["address", "port", "endpoint", "conversation"]


@dataclass(frozen=True)
class Summary:
    """What stands for addresses; networks as they are written."""

    excluded: tuple[str, ...] = ()
    """Addresses that stand for themselves."""
    by_network: bool = False
    """Autonomous systems stand for their addresses."""
    excluded_networks: tuple[int, ...] = ()
    """Numbers of those that don't."""
    names_unknown: bool = True
    """Whether addresses that the database does not know are called `Unknown`."""
    subnets: tuple[str, ...] = ()
    """The first of these that holds an address stands for it."""
    prefixes: tuple[str, ...] = ()
    """One of each family: what nothing else stands for becomes the network of this length that it is in."""

    @property
    def json(self) -> dict[str, Any]:
        """The summary as the core reads it."""
        networks = {"except": list(self.excluded_networks), "names_unknown": self.names_unknown}
        return {
            "except": list(self.excluded),
            "networks": networks if self.by_network else None,
            "subnets": list(self.subnets),
            "prefixes": list(self.prefixes),
        }


def label(kind: LabelKind, *columns: Column, services: bool = False, summary: Summary | None = None) -> Column:
    """A column of texts made of others: of an address; of a port and a protocol; of these three; of address and port of
    both ends and the protocol. With `services`, ports are called by
    the names of the registry at hand.
    """
    return Column(
        {
            "label": kind,
            "of": [column.json for column in columns],
            "services": services,
            "summary": None if summary is None else summary.json,
        }
    )


def parts(*columns: Column, word: str | None = None) -> Column:
    """A column of the texts of others, with spaces between and perhaps a word behind: several values that count as one
    item. Only the first may be empty; a row without one of them has no text.
    """
    more = {} if word is None else {"word": word}
    return Column({"label": "parts", "of": [column.json for column in columns], **more})
