"""The samples of a handler that has very many groups, one group after the other."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from pktvisor.metrics.breakdown import GroupName, Open
from pktvisor.metrics.snapshot import Sample, SampleGroup, Samples

if TYPE_CHECKING:
    from pktvisor import _core
    from pktvisor.handlers.base import Handler
    from pktvisor.policies.plan import Placed
    from pktvisor.policies.policy import WindowReader


@dataclass(frozen=True, eq=False)
class SamplesOfMetric:
    """One metric's samples, over groups that its reader holds."""

    reader: WindowReader
    number: int
    handler: Handler
    placed: Placed

    def __iter__(self) -> Iterator[Sample]:
        return self.reader.samples_of(self.number, self.handler, self.placed)


class SamplesOfMany(Samples):
    """Reads a window anew each time: what a reader has unfolded of the groups goes with it."""

    def __init__(self, reader: Callable[[], WindowReader], number: int, handler: Handler) -> None:
        self._reader, self._number, self._handler = reader, number, handler

    def metrics(self) -> Iterator[Iterable[Sample]]:
        reader = self._reader()
        for placed in self._shown(reader):
            yield SamplesOfMetric(reader, self._number, self._handler, placed)
        for sample in reader.unfed(self._number, self._handler):
            yield (sample,)

    def together(self) -> Iterator[Sample]:
        reader = self._reader()
        for placed in self._shown(reader):
            if not isinstance(placed.by, Open):
                yield from reader.samples_of(self._number, self._handler, placed)
        yield from reader.unfed(self._number, self._handler)

    def groups(self) -> Iterator[SampleGroup]:
        reader = self._reader()
        apart: dict[Open, list[Placed]] = {}
        for placed in self._shown(reader):
            if isinstance(placed.by, Open):
                apart.setdefault(placed.by, []).append(placed)
        for by, metrics in apart.items():
            # A reader of its own: it holds the groups by name, which are to go one by one.
            named = self._reader().named_groups(self._number, self._handler, metrics[0], by)
            for name, groups in named.items():
                yield SampleGroup(name.path, partial(self._read, reader, metrics, name, groups))

    def _shown(self, reader: WindowReader) -> Iterator[Placed]:
        number, handler = self._number, self._handler
        return (placed for placed in reader.placed(number) if reader.is_shown(number, handler, placed))

    def _read(
        self, reader: WindowReader, metrics: Sequence[Placed], name: GroupName, groups: Sequence[_core.Group]
    ) -> Iterator[Sample]:
        for placed in metrics:
            yield from reader.sample_of_group(self._number, self._handler, placed, name, groups)
