"""The sketches' bytes are those of Apache DataSketches, both ways."""

from __future__ import annotations

import datasketches
import pytest

from pktvisor import _core
from pktvisor.handlers.base import HandlerSettings
from pktvisor.handlers.dns import Dns
from pktvisor.inputs.batches import batches
from pktvisor.metrics.kinds import Cardinality, Reading, TopN
from pktvisor.policies.plan import Instance
from pktvisor.policies.policy import Policy
from pktvisor.policies.summary import run_file
from support.captures import FOLDER

CAPTURE = str(FOLDER / "dns_authoritative.pcap")


def names() -> list[str]:
    """The lower-case names of all messages, by another way than the sketches."""
    pyarrow = pytest.importorskip("pyarrow")
    columns = [pyarrow.record_batch(batch.dns).column("dns.qname").to_pylist() for batch in batches(CAPTURE)]
    return [name for column in columns for name in column if name is not None]


def sketch(kind: type[Cardinality | TopN], path: str) -> bytes:
    policy = Policy("test", [Instance("dns", Dns(HandlerSettings(enable=["all"])))], periods=1, is_recorded=True)
    run_file(CAPTURE, policy)
    placed = next(p for p in policy.plan.placed[0] if isinstance(p.metric, kind) and p.metric.path == path)
    window = policy.core.read(0, 0)
    assert window is not None
    return window.metric(0, placed.index).image()


def test_datasketches_reads_our_cardinalities_and_adding_the_same_names_changes_nothing() -> None:
    ours = datasketches.hll_sketch.deserialize(sketch(Cardinality, "cardinality.qname"))
    distinct = {name for name in names() if name}
    assert ours.get_estimate() == pytest.approx(len(distinct), rel=0.001)
    union = datasketches.hll_union(12)
    union.update(ours)
    for name in distinct:
        union.update(name)
    assert union.get_estimate() == pytest.approx(ours.get_estimate(), rel=1e-6)


def test_datasketches_reads_our_top_lists_with_their_counts() -> None:
    ours = datasketches.frequent_strings_sketch.deserialize(sketch(TopN, "top_qname2"))
    items = ours.get_frequent_items(datasketches.frequent_items_error_type.NO_FALSE_NEGATIVES)
    assert ours.total_weight == len(names())
    assert sum(estimate for _, estimate, _, _ in items) == len(names())


def test_we_read_the_cardinalities_of_datasketches_and_merge_them() -> None:
    theirs = datasketches.hll_sketch(12, datasketches.tgt_hll_type.HLL_4)
    for number in range(5000):
        theirs.update(f"host{number}.example")
    ours = _core.Metric.from_image("cardinality", "", theirs.serialize_compact())
    assert ours.estimate() == pytest.approx(5000, rel=0.05)
    merged = ours.merged(_core.Metric.from_image("cardinality", "", sketch(Cardinality, "cardinality.qname")))
    back = datasketches.hll_sketch.deserialize(merged.image())
    assert back.get_estimate() == pytest.approx(merged.estimate(), rel=0.02)


def test_we_read_the_top_lists_of_datasketches_and_merge_them() -> None:
    theirs = datasketches.frequent_strings_sketch(10)
    theirs.update("www.example", 70)
    theirs.update("mail.example", 30)
    ours = _core.Metric.from_image("top", "text", theirs.serialize())
    merged = ours.merged(_core.Metric.from_image("top", "text", theirs.serialize()))
    shown = [(name, estimate, lower, upper) for name, estimate, lower, upper, _, _ in merged.top(2)]
    assert shown == [("www.example", 140, 140, 140), ("mail.example", 60, 60, 60)]
    assert merged.weights() == (200, 0)
    back = datasketches.frequent_strings_sketch.deserialize(merged.image())
    assert back.get_estimate("www.example") == 140


@pytest.mark.parametrize(("kind", "items"), [("cardinality", ""), ("top", "text"), ("distribution", ""), ("rate", "")])
def test_bytes_that_are_no_sketch_are_refused_in_a_sentence(kind: str, items: str) -> None:
    with pytest.raises(_core.InputFault):
        _core.Metric.from_image(kind, items, b"no sketch at all")


def test_metrics_of_different_kinds_do_not_merge() -> None:
    with pytest.raises(TypeError, match="a counter is no cardinality"):
        _core.Metric.from_image("counter", "", bytes(8)).merged(
            _core.Metric.from_image("cardinality", "", sketch(Cardinality, "cardinality.qname"))
        )


def test_every_kind_is_made_again_from_its_image_and_shows_the_same() -> None:
    policy = Policy("test", [Instance("dns", Dns(HandlerSettings(enable=["all"])))], periods=1, is_recorded=True)
    run_file(CAPTURE, policy)
    window = policy.core.read(0, 0)
    assert window is not None
    reading = Reading(is_running=False, top_count=100)
    kinds = set()
    for placed in policy.plan.placed[0]:
        metric = window.metric(0, placed.index)
        back = _core.Metric.from_image(metric.kind, metric.items, metric.image())
        assert placed.metric.read(back, reading) == placed.metric.read(metric, reading), placed.metric.path
        kinds.add(metric.kind)
    assert kinds == {"counter", "rate", "distribution", "cardinality", "top"}
