from __future__ import annotations

from itertools import accumulate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pktvisor import _core
from pktvisor.handlers.base import HandlerSettings
from pktvisor.handlers.dns import Dns
from pktvisor.metrics.exponential import MOST_BUCKETS, ExponentialValues
from pktvisor.metrics.kinds import Counter, Histogram, Metric, Rate
from pktvisor.policies.plan import Instance
from pktvisor.policies.policy import Policy
from pktvisor.policies.summary import run_file
from support.captures import FOLDER

ANY_COUNTS = st.lists(st.integers(0, 9), max_size=400).map(tuple)


def exponential(counts: tuple[int, ...], *, scale: int = 6, offset: int = 0) -> ExponentialValues:
    return ExponentialValues(scale, zero_threshold=2.0**-32, zero_count=0, offset=offset, counts=counts)


def bounds(values: ExponentialValues, index: int) -> tuple[float, float]:
    """Lower and upper bound of a bucket, as powers of two."""
    return index / 2**values.scale, (index + 1) / 2**values.scale


def test_a_step_makes_one_bucket_of_two_beginning_at_even_indexes() -> None:
    coarser = exponential((1, 2, 4, 8), offset=-1).coarser(1)
    assert (coarser.scale, coarser.offset, coarser.counts) == (5, -1, (1, 6, 8))


def test_what_fits_stays_as_it_is() -> None:
    values = exponential((1,) * MOST_BUCKETS, offset=17)
    assert values.at_most(MOST_BUCKETS) == values


def test_the_whole_range_of_the_core_fits_at_scale_zero() -> None:
    # From 2^-32 to 2^64 at scale 6.
    values = exponential((1,) * (96 * 64 + 1), offset=-32 * 64 - 1)
    fitting = values.at_most(MOST_BUCKETS)
    assert (fitting.scale, len(fitting.counts), fitting.offset) == (0, 97, -33)


def test_nothing_stays_nothing() -> None:
    assert exponential(()).at_most(MOST_BUCKETS) == exponential(())
    assert exponential((), offset=5).coarser(2).counts == ()


@given(ANY_COUNTS, st.integers(-3000, 3000), st.integers(0, 8))
def test_every_value_stays_within_the_bounds_of_its_bucket(counts: tuple[int, ...], offset: int, steps: int) -> None:
    fine = exponential(counts, offset=offset)
    coarse = fine.coarser(steps)
    assert sum(coarse.counts) == sum(counts)
    for index, count in enumerate(coarse.counts, coarse.offset):
        low, high = bounds(coarse, index)
        inside = [
            count
            for fine_index, count in enumerate(counts, offset)
            if low <= bounds(fine, fine_index)[0] and bounds(fine, fine_index)[1] <= high
        ]
        assert count == sum(inside)


@given(ANY_COUNTS, st.integers(-3000, 3000), st.integers(2, 200))
def test_the_greatest_scale_that_fits_is_taken(counts: tuple[int, ...], offset: int, most: int) -> None:
    values = exponential(counts, offset=offset)
    fitting = values.at_most(most)
    assert len(fitting.counts) <= most
    if fitting.scale < values.scale:
        assert len(values.coarser(values.scale - fitting.scale - 1).counts) > most
    assert sum(fitting.counts) == sum(counts)


def window_and_metrics(kind: type[Metric]) -> tuple[_core.Window, list[int]]:
    """A capture read through dns, and where its metrics of a kind stand."""
    policy = Policy("test", [Instance("dns", Dns(HandlerSettings(enable=["all"])))], periods=1, is_recorded=True)
    run_file(str(FOLDER / "dns_resolver.pcap"), policy, hosts="0.0.0.0/0,::/0")
    window = policy.core.read(0, 0)
    assert window is not None
    return window, [placed.index for placed in policy.plan.placed[0] if type(placed.metric) is kind]


def test_a_window_gives_its_values_in_buckets_where_its_quantiles_lie() -> None:
    window, metrics = window_and_metrics(Histogram)
    seen = 0
    for metric in metrics:
        core = window.metric(0, metric).exponential()
        values = ExponentialValues.of(core)
        assert core.count == values.zero_count + sum(values.counts)
        quantiles, maximum, total, count, _ = window.metric(0, metric).quantiles([0.1, 0.5, 0.99])
        assert (core.max or 0.0, core.sum, core.count) == (maximum, total, count)
        for rank, quantile in zip([0.1, 0.5, 0.99], quantiles, strict=False):
            reached = list(accumulate(values.counts, initial=values.zero_count))
            place = next(at for at, upto in enumerate(reached) if upto >= rank * count)
            low, high = bounds(values, values.offset + place - 1)
            assert 2**low < quantile <= 2**high
            seen += 1
    assert seen >= 3


def test_a_rate_gives_its_seconds_in_buckets() -> None:
    window, metrics = window_and_metrics(Rate)
    rate = window.metric(0, metrics[0])
    row, core = rate.quantiles([]), rate.exponential()
    assert core.count == core.zero_count + sum(core.counts) == row[3] > 0


def test_other_kinds_have_no_buckets() -> None:
    window, metrics = window_and_metrics(Counter)
    with pytest.raises(TypeError, match="no distribution"):
        window.metric(0, metrics[0]).exponential()
