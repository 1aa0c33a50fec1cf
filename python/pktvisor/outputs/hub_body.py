"""A window as the hub takes it: its records, packed, which say whose they are.

The same bytes go whichever way, so that all that the hub needs stands in them.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import NamedTuple, TypeAlias

from pktvisor.config.tags import Tags
from pktvisor.windows.record import Record
from pktvisor.windows.tables import record_table

MOST_INSTANCES = 32
"""Handlers whose windows go together."""
MOST_IMAGE_BYTES = 8 << 20
"""What the metrics of windows that go together take at most, unless they are of one handler."""

MOST_RUN_IMAGE_BYTES = 12 << 20
"""The same of a single handler: packed, it has room in the 8 MiB that a hub takes."""
MOST_UNPACKED_BYTES = 60 << 20
"""What records that go together take unpacked, about: a hub takes 64 MiB."""
USUAL_RECORD_BYTES = 450
"""What a record takes unpacked, beside its image and its longer texts."""

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


def fits(records: Sequence[Record]) -> bool:
    """Whether the hub has room for the window of each handler."""
    runs = groupby(records, key=lambda record: record.instance)
    return all(_sizes(list(run)).are_within(MOST_RUN_IMAGE_BYTES) for _, run in runs)


def parcels(records: Sequence[Record]) -> Iterator[list[Record]]:
    """Part the records of a window into those that go together; those of a handler always do."""
    parcel: list[Record] = []
    instances, sizes = 0, Sizes(0, 0)
    for _, group in groupby(records, key=lambda record: record.instance):
        run = list(group)
        of_run = _sizes(run)
        instances, sizes = instances + 1, sizes.with_those(of_run)
        if parcel and (instances > MOST_INSTANCES or not sizes.are_within(MOST_IMAGE_BYTES)):
            yield parcel
            parcel, instances, sizes = [], 1, of_run
        parcel += run
    if parcel:
        yield parcel


class Sizes(NamedTuple):
    """What records take."""

    image_bytes: int
    unpacked_bytes: int

    def with_those(self, others: Sizes) -> Sizes:
        """Give what these and others take together."""
        return Sizes(self.image_bytes + others.image_bytes, self.unpacked_bytes + others.unpacked_bytes)

    def are_within(self, most_image_bytes: int) -> bool:
        """Whether there is room for them."""
        return self.image_bytes <= most_image_bytes and self.unpacked_bytes <= MOST_UNPACKED_BYTES


def _sizes(records: Sequence[Record]) -> Sizes:
    image_bytes = sum(len(one.image) for one in records)
    texts = sum(sum(map(len, (one.help, *one.group, *one.labels.values()))) for one in records)
    return Sizes(image_bytes, image_bytes + texts + USUAL_RECORD_BYTES * len(records))
