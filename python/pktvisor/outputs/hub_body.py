"""A window as the hub takes it: its records, packed, which say whose they are.

The same bytes go whichever way, so that all that the hub needs stands in them.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import TypeAlias

from pktvisor.config.tags import Tags
from pktvisor.windows.record import Record
from pktvisor.windows.tables import record_table

MOST_INSTANCES = 32
"""Handlers whose windows go together."""
MOST_IMAGE_BYTES = 8 << 20
"""What the metrics of windows that go together take at most, unless they are of one handler."""

Encode: TypeAlias = Callable[[Sequence[Record], Mapping[str, str]], bytes]
"""Makes a body of records, and of what the schema's metadata says besides."""


@dataclass(frozen=True)
class Identity:
    """Who sends windows."""

    agent: str
    boot: str
    """A text that is another one each time the process starts."""
    version: str
    tags: Tags = ()

    def metadata(self) -> dict[str, str]:
        """Give what the schema's metadata says of the agent."""
        tags = json.dumps(dict(self.tags), sort_keys=True, ensure_ascii=False)
        return {
            "pktvisor.agent": self.agent,
            "pktvisor.boot": self.boot,
            "pktvisor.version": self.version,
            "pktvisor.tags": tags,
        }


def packed(records: Sequence[Record], metadata: Mapping[str, str]) -> bytes:
    """Records as a body."""
    return record_table(records, metadata).pack()


def as_arrow(records: Sequence[Record], metadata: Mapping[str, str]) -> bytes:
    """Records as a body that other programs read, too: twice the bytes."""
    return record_table(records, metadata).write()


def instances_of(records: Sequence[Record]) -> list[str]:
    """The handlers that records are of, in their order."""
    return list(dict.fromkeys(record.instance for record in records))


def renamed(records: Sequence[Record], *, policy: str, numbers: Mapping[str, int]) -> list[Record]:
    """Records under the name of a policy, and the number that their window has for the hub, by handler."""
    return [replace(record, policy=policy, number=numbers[record.instance]) for record in records]


def parcels(records: Sequence[Record]) -> Iterator[list[Record]]:
    """Part the records of a window into those that go together; those of a handler always do."""
    parcel: list[Record] = []
    instances = image_bytes = 0
    for _, group in groupby(records, key=lambda record: record.instance):
        run = list(group)
        run_bytes = sum(len(record.image) for record in run)
        if parcel and (instances == MOST_INSTANCES or image_bytes + run_bytes > MOST_IMAGE_BYTES):
            yield parcel
            parcel, instances, image_bytes = [], 0, 0
        parcel += run
        instances += 1
        image_bytes += run_bytes
    if parcel:
        yield parcel
