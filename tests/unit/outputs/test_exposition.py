from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pktvisor.outputs import openmetrics, prometheus
from pktvisor.outputs.exposition import FORMATS, OPENMETRICS, PROTOBUF, TEXT, Format, choose, render
from pktvisor.outputs.families import Policies
from support.snapshots import counter, handler

PROMETHEUS_2 = (
    "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,"
    "text/plain;version=0.0.4;q=0.5,*/*;q=0.1"
)
PROMETHEUS_2_NATIVE = (
    "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited,"
    "application/openmetrics-text;version=1.0.0;q=0.8,application/openmetrics-text;version=0.0.1;q=0.75,"
    "text/plain;version=0.0.4;q=0.5,*/*;q=0.1"
)
PROMETHEUS_3 = (
    "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,"
    "application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,"
    "text/plain;version=0.0.4;q=0.3,*/*;q=0.2"
)
PROTOBUF_AS_TEXT = "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=text"


@pytest.mark.parametrize(
    ("accept", "chosen"),
    [
        (None, TEXT),
        ("", TEXT),
        ("*/*", TEXT),
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", TEXT),
        ("text/plain", TEXT),
        ("application/json", TEXT),
        (PROMETHEUS_2, OPENMETRICS),
        (PROMETHEUS_2_NATIVE, PROTOBUF),
        (PROMETHEUS_3, OPENMETRICS),
        ("application/openmetrics-text", OPENMETRICS),
        ("Application/OpenMetrics-Text; Version=\"1.0.0\"; charset=utf-8", OPENMETRICS),
        ("application/openmetrics-text;version=0.0.1", TEXT),
        ("application/openmetrics-text;q=0.2,text/plain;q=0.3", TEXT),
        ("application/openmetrics-text, text/plain", TEXT),
        ("application/openmetrics-text, */*", OPENMETRICS),
        ("application/*;q=0.5, text/*;q=0.4", OPENMETRICS),
        ("application/vnd.google.protobuf, application/openmetrics-text;q=0.9", PROTOBUF),
        (f"{PROTOBUF_AS_TEXT}, application/openmetrics-text;q=0.1", OPENMETRICS),
        ("application/openmetrics-text;q=0, */*;q=0.1", TEXT),
        ("*/*, text/plain;q=0, application/openmetrics-text;q=0.5", PROTOBUF),
        ("text/plain;q=0", TEXT),
        ("application/openmetrics-text;q=2, text/plain;q=0.1", TEXT),
        ("application/openmetrics-text;q=nan", TEXT),
        (",;=,;q=,\"", TEXT),
    ],
)  # fmt: skip
def test_what_is_weighed_highest_is_answered(accept: str | None, chosen: Format) -> None:
    assert choose(accept) == chosen


@given(st.text(alphabet='*/,;=q.01ax" ', max_size=60))
def test_no_header_is_an_error(accept: str) -> None:
    assert choose(accept) in FORMATS


def rendered(chosen: Format, policies: Policies, **more: Any) -> tuple[str, bytes]:
    content_type, body = render(chosen, policies, **more)
    return content_type, b"".join(body)


def test_answers_say_what_they_are() -> None:
    policies = {"p": [handler(counter("dns_a", "a", 1))]}
    static = (("instance", "pop1"),)
    assert rendered(TEXT, policies, static=static) == (
        "text/plain",
        prometheus.render(policies, static=static).encode(),
    )
    assert rendered(OPENMETRICS, policies, with_handler=False) == (
        "application/openmetrics-text; version=1.0.0; charset=utf-8",
        openmetrics.render(policies, with_handler=False).encode(),
    )
    content_type, body = rendered(PROTOBUF, policies, static=static)
    assert content_type == (
        "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited"
    )
    assert body[1:].startswith(b"\n\x05dns_a")


def test_what_is_no_text_does_not_hide_the_reply() -> None:
    policies = {"p": [handler(counter("dns_a", "a", 1, (("qname", "caf\udce9"),)))]}
    for chosen in FORMATS:
        assert b"caf?" in rendered(chosen, policies)[1]
