"""The sketches' bytes are those of Apache DataSketches, both ways."""

from __future__ import annotations

import datasketches
import pytest

from pktvisor import _core
from pktvisor.handlers.base import Settings
from pktvisor.handlers.dns import Dns
from pktvisor.inputs.batches import batches
from pktvisor.metrics.kinds import Cardinality, TopN
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
    policy = Policy("test", [Instance("dns", Dns(Settings(enable=["all"])))], periods=1, is_recorded=True)
    run_file(CAPTURE, policy)
    placed = next(p for p in policy.plan.placed[0] if isinstance(p.metric, kind) and p.metric.path == path)
    window = policy.core.read(0, 0)
    assert window is not None
    return window.sketch(0, placed.index)


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
    ours = _core.Hll.from_bytes(theirs.serialize_compact())
    assert ours.estimate() == pytest.approx(5000, rel=0.05)
    ours.merge(_core.Hll.from_bytes(sketch(Cardinality, "cardinality.qname")))
    back = datasketches.hll_sketch.deserialize(ours.to_bytes())
    assert back.get_estimate() == pytest.approx(ours.estimate(), rel=0.02)


def test_we_read_the_top_lists_of_datasketches_and_merge_them() -> None:
    theirs = datasketches.frequent_strings_sketch(10)
    theirs.update("www.example", 70)
    theirs.update("mail.example", 30)
    ours = _core.Frequent.from_bytes(theirs.serialize())
    other = _core.Frequent.from_bytes(theirs.serialize())
    ours.merge(other)
    assert ours.top(2) == [("www.example", 140, 140, 140), ("mail.example", 60, 60, 60)]
    back = datasketches.frequent_strings_sketch.deserialize(ours.to_bytes())
    assert back.get_estimate("www.example") == 140


def test_bytes_that_are_no_sketch_are_refused_in_a_sentence() -> None:
    with pytest.raises(_core.InputFault):
        _core.Hll.from_bytes(b"no sketch at all")
    with pytest.raises(_core.InputFault):
        _core.Frequent.from_bytes(b"no sketch at all")
