from __future__ import annotations

from dataclasses import replace

import pytest

from parity.accepted import ACCEPTED, FRAGMENTS, NO_LATER_FRAGMENTS, reason
from parity.answers import ANSWERS, WHY_SKIPPED, Answer, handler_answers, reader_answers
from parity.comparing import differences
from pktvisor.outputs.json import flat_document
from pktvisor.policies.summary import summarize_file
from support.measuring import measure

pytestmark = pytest.mark.skipif(not ANSWERS.is_dir(), reason=WHY_SKIPPED)

EVERY_ANSWER = [*reader_answers(), *handler_answers("json")]
WITH_FRAGMENTS = [answer for answer in EVERY_ANSWER if answer.source.path.name == "ecs.pcap"]


@pytest.mark.parametrize("answer", EVERY_ANSWER, ids=lambda answer: answer.name)
def test_every_metric_has_the_value_that_the_cpp_pktvisor_gives(answer: Answer) -> None:
    measured = measure(answer.source, answer.wanted, periods=answer.periods)
    found = [
        f"{place}: {sentence}"
        for place, sentence in differences(measured, answer.json())
        if reason(answer.name, place) is None
    ]
    assert not found, "\n".join(found)


@pytest.mark.parametrize("answer", WITH_FRAGMENTS, ids=lambda answer: answer.name)
def test_dns_metrics_are_the_same_where_fragments_cannot_be_put_together(answer: Answer) -> None:
    accepted = tuple(row for row in ACCEPTED if row[2] != FRAGMENTS)
    source = replace(answer.source, filter_expression=NO_LATER_FRAGMENTS)
    measured = measure(source, answer.wanted, periods=answer.periods)
    found = [
        f"{place}: {sentence}"
        for place, sentence in differences(measured, answer.json())
        if "/dns." in place and reason(answer.name, place, accepted) is None
    ]
    assert not found, "\n".join(found)


@pytest.mark.parametrize("answer", EVERY_ANSWER, ids=lambda answer: answer.name)
def test_two_workers_count_what_one_counts(answer: Answer) -> None:
    one = measure(answer.source, answer.wanted, periods=answer.periods)
    two = measure(replace(answer.source, workers=2), answer.wanted, periods=answer.periods)
    assert two.document() == one.document()


@pytest.mark.parametrize("answer", reader_answers(), ids=lambda answer: answer.name)
def test_the_reader_gives_what_its_handlers_measured(answer: Answer) -> None:
    source = answer.source
    summary = summarize_file(
        str(source.path),
        periods=answer.periods,
        filter_expression=source.filter_expression,
        hosts=source.hosts,
        geo_city=None if source.geo_city is None else str(source.geo_city),
        geo_asn=None if source.geo_asn is None else str(source.geo_asn),
    )
    measured = measure(source, answer.wanted, periods=answer.periods)
    assert flat_document(summary.handlers) == flat_document(measured.snapshots())
