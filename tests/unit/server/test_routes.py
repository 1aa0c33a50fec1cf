"""The routes, asked without a network."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from starlette.testclient import TestClient

from pktvisor import _core, clock
from pktvisor.metrics.snapshot import HandlerSnapshot, TopEntry, TopValues
from pktvisor.windows.arrow import read_stream
from pktvisor.windows.tables import records_of
from support import serving
from support.agents import FakeAgent, FakePolicy
from support.records import any_record
from support.snapshots import START_TS, counter, handler, sample

PERIOD = {"start_ts": START_TS, "length": 60}
EARLY = "requested metrics period has not yet accumulated, current range is [0, 1]"


def bucket(total: int) -> list[HandlerSnapshot]:
    net = handler(counter("packets_total", "total", total), instance="default-default-net", schema="packets")
    dns = handler(counter("dns_wire_packets_total", "wire_packets.total", 1), instance="default-default-dns")
    return [net, dns]


def metrics(total: int) -> dict[str, object]:
    return {"packets": {"period": PERIOD, "total": total}, "dns": {"period": PERIOD, "wire_packets": {"total": 1}}}


def by_handler(total: int) -> dict[str, object]:
    both = metrics(total)
    return {
        "default-default-net": {"packets": both["packets"]},
        "default-default-dns": {"dns": both["dns"]},
    }


@pytest.fixture
def agent() -> FakeAgent:
    return FakeAgent({"default": FakePolicy("default", [bucket(10), bucket(20)])})


@pytest.fixture
def client(agent: FakeAgent) -> TestClient:
    return serving.client(agent, prometheus_labels=(("instance", "pop1"),))


def test_app_counts_minutes_in_single_precision(
    client: TestClient, agent: FakeAgent, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clock, "now", lambda: agent.started + 741.9)
    text = client.get("/api/v1/metrics/app").text
    assert text.startswith('{"app":{"up_time_min":12.350000381469727,"version":"5.0.0"},')


def test_rates_are_zero_and_deprecated(client: TestClient) -> None:
    assert client.get("/api/v1/metrics/rates").json()["packets"] == {"in": 0, "out": 0}


def test_the_default_policys_bucket_hoists_the_period(client: TestClient) -> None:
    assert client.get("/api/v1/metrics/bucket/1").json() == {"1m": {**metrics(20), "period": PERIOD}}


def test_the_default_policys_window_is_named_by_its_number(client: TestClient) -> None:
    assert client.get("/api/v1/metrics/window/5").json() == {"5m": metrics(10)}


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("bucket/5", {"1m": None, "error": "invalid metrics period, specify [0, 4]"}),
        ("bucket/2", {"1m": None, "error": EARLY}),
        ("window/9", {"9m": None, "error": "invalid metrics period, specify [2, 5]"}),
        ("window/1", {"1m": None, "error": "invalid metrics period, specify [2, 5]"}),
    ],
)
def test_a_missing_period_of_the_default_policy_is_500(client: TestClient, path: str, body: object) -> None:
    reply = client.get(f"/api/v1/metrics/{path}")
    assert (reply.status_code, reply.json()) == (500, body)


def test_a_policys_bucket_has_policy_and_handler_levels(client: TestClient) -> None:
    reply = client.get("/api/v1/policies/default/metrics/bucket/0")
    assert reply.json() == {"default": by_handler(10)}


def test_a_missing_period_of_a_policy_is_425_and_names_its_first_handler(client: TestClient) -> None:
    reply = client.get("/api/v1/policies/default/metrics/bucket/2")
    assert (reply.status_code, reply.json()) == (425, {"default": {"default-default-net": None}, "error": EARLY})


def test_handlers_before_the_one_without_the_period_are_told_in_full(client: TestClient, agent: FakeAgent) -> None:
    agent.policies["default"] = FakePolicy("default", [bucket(10)], reached=(bucket(20)[0],))
    reply = client.get("/api/v1/policies/default/metrics/bucket/5")
    told = {"default-default-net": by_handler(20)["default-default-net"], "default-default-dns": None}
    assert (reply.status_code, reply.json()["default"]) == (425, told)


def test_where_like_handlers_are_merged_only_the_error_is_told(client: TestClient, agent: FakeAgent) -> None:
    agent.policies["default"] = FakePolicy("default", [bucket(10), bucket(20)], instances=())
    reply = client.get("/api/v1/policies/default/metrics/bucket/2")
    assert (reply.status_code, reply.json()) == (425, {"error": EARLY})


def test_all_leaves_out_policies_without_the_period(client: TestClient, agent: FakeAgent) -> None:
    agent.policies["young"] = FakePolicy("young", [bucket(1)])
    assert client.get("/api/v1/policies/__all/metrics/bucket/1").json() == {"default": by_handler(20)}
    assert client.get("/api/v1/policies/__all/metrics/bucket/7").json() == {}
    assert set(client.get("/api/v1/policies/__all/metrics/window/2").json()) == {"default", "young"}


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/api/v1/policies/nope", '{"error":"policy does not exists"}'),
        ("/api/v1/policies/__all", '{"error":"policy does not exists"}'),
        ("/api/v1/policies/nope/metrics/bucket/0", '{"error":"policy does not exist"}'),
        ("/api/v1/policies/nope/metrics/window/2", '{"error":"policy does not exist"}'),
        ("/api/v1/policies/nope/metrics/prometheus", "policy does not exists"),
    ],
)
def test_unknown_policies_are_404(client: TestClient, path: str, body: str) -> None:
    reply = client.get(path)
    assert (reply.status_code, reply.text) == (404, body)


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/api/v1/metrics/bucket/0", '{"error":"no \\"default\\" policy exists"}'),
        ("/api/v1/metrics/window/2", '{"error":"no \\"default\\" policy exists"}'),
        ("/metrics", ""),
    ],
)
def test_without_a_default_policy_its_routes_are_404(path: str, body: str) -> None:
    reply = serving.client().get(path)
    assert (reply.status_code, reply.text) == (404, body)


def test_policies_are_described(client: TestClient) -> None:
    described: object = {"default": {"modules": {"default-default-net": {}, "default-default-dns": {}}}}
    assert client.get("/api/v1/policies").json() == described
    assert client.get("/api/v1/policies/default").json() == described
    assert serving.client().get("/api/v1/policies").text == "{}"


DETAILED_ROUTES = [
    (f"{start}/{period}", path)
    for start, path in (
        ("/api/v1/policies/default/metrics", ("default", "default-default-dns")),
        ("/api/v1/policies/__all/metrics", ("default", "default-default-dns")),
        ("/api/v1/metrics", ()),
    )
    for period in ("bucket/0", "window/2")
]


@pytest.mark.parametrize(("route", "path"), DETAILED_ROUTES)
def test_who_asks_for_details_gets_bounds_and_how_complete_it_is(route: str, path: tuple[str, ...]) -> None:
    names = sample("top", "dns_top", "top", TopValues("qname", (TopEntry("a.example", 7, 5, 8),)))
    dns = handler(names, ledger={"seen": 4, "decoded": 3, "dropped_by_us": 1})
    asked = serving.client(FakeAgent({"default": FakePolicy("default", [[dns], [dns]])}))
    plain, detailed = (asked.get(f"{route}?{query}") for query in ("", "detail=true"))
    assert asked.get(f"{route}?detail=false&_=173").content == plain.content, "other parameters never mattered"
    entry, period = {"name": "a.example", "estimate": 7}, {"start_ts": START_TS, "length": 60}
    ledger = {"seen": 4, "decoded": 3, "dropped_by_us": 1}
    assert metrics_at(plain.json(), path) == {"top": [entry], "period": period}
    assert metrics_at(detailed.json(), path) == {
        "top": [{**entry, "lower_bound": 5, "upper_bound": 8}],
        "period": {**period, "is_closed": True, "ledger": ledger, "completeness": 0.75},
    }


def metrics_at(document: dict[str, Any], path: tuple[str, ...]) -> object:
    """The metrics of the schema `dns`, below these keys; of the default policy below its only one."""
    for key in path or tuple(document):
        document = document[key]
    return document["dns"]


def test_details_are_asked_for_by_true_or_false(client: TestClient) -> None:
    reply = client.get("/api/v1/policies/default/metrics/bucket/0?detail=1")
    assert (reply.status_code, reply.json()) == (400, {"error": "detail must be true or false, not 1"})


def test_prometheus_shows_the_last_closed_bucket_and_names_handlers(client: TestClient) -> None:
    reply = client.get("/api/v1/policies/default/metrics/prometheus")
    line = 'packets_total{instance="pop1",handler="default-default-net",policy="default",tap="default"} 20'
    assert line in reply.text.splitlines()
    assert reply.headers["content-type"] == "text/plain"


def test_the_short_prometheus_route_has_no_handler_label(client: TestClient) -> None:
    line = 'packets_total{instance="pop1",policy="default",tap="default"} 20'
    assert line in client.get("/metrics").text.splitlines()


def test_prometheus_of_no_policies_is_empty() -> None:
    reply = serving.client().get("/api/v1/policies/__all/metrics/prometheus")
    assert (reply.status_code, reply.text) == (200, "")


def test_json_is_text_json_unless_asked_otherwise(client: TestClient) -> None:
    def content_type(accept: str) -> str:
        return str(client.get("/api/v1/metrics/rates", headers={"accept": accept}).headers["content-type"])

    assert content_type("*/*") == "text/json"
    assert content_type("application/json, text/plain") == "application/json"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/"),
        ("GET", "/api/v1/policies/"),
        ("GET", "/api/v1/policies/1st/metrics/bucket/0"),
        ("GET", "/api/v1/policies/default/metrics/bucket/-1"),
        ("GET", "/api/v1/policies/default/metrics/bucket/x"),
        ("DELETE", "/api/v1/policies/default"),
        ("OPTIONS", "/metrics"),
        ("POST", "/metrics"),
    ],
)
def test_unknown_paths_and_methods_are_404_with_nothing_in_it(client: TestClient, method: str, path: str) -> None:
    reply = client.request(method, path, headers={"content-length": "0"})
    assert (reply.status_code, reply.content) == (404, b"")


def test_a_body_of_unknown_length_is_400(client: TestClient) -> None:
    def body() -> Iterator[bytes]:
        yield b"x"

    reply = client.post("/api/v1/policies", content=body())
    assert (reply.status_code, reply.headers["content-type"]) == (400, "text/json")
    assert reply.json() == {"error": "a POST needs a Content-Length, even without a body, as curl -d '' sends it"}


def test_head_is_answered_without_a_body(client: TestClient) -> None:
    reply = client.head("/api/v1/metrics/bucket/0")
    assert (reply.status_code, reply.headers["content-type"]) == (200, "text/json")


def test_a_number_of_very_many_digits_is_out_of_range(client: TestClient) -> None:
    assert client.get("/api/v1/policies/default/metrics/bucket/" + "9" * 5000).status_code == 425


def test_a_failure_is_told_and_the_server_goes_on(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(self: FakePolicy, number: int) -> list[HandlerSnapshot]:
        raise ValueError("the disk is \u00fcberfull")

    monkeypatch.setattr(FakePolicy, "bucket", fail)
    reply = client.get("/api/v1/metrics/bucket/0")
    assert (reply.status_code, reply.json()) == (500, {"error": "the disk is überfull"})
    assert client.get("/api/v1/metrics/window/2").status_code == 200


def test_each_request_is_logged_on_one_line(client: TestClient, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG, logger="pktvisor"):
        client.get("/api/v1/policies")
        client.get("/nothing%0Ahere?secret=1")
    assert [record.getMessage() for record in caplog.records] == [
        "REQUEST: GET /api/v1/policies 200",
        "REQUEST: GET /nothing%0Ahere 404",
    ]


@pytest.mark.parametrize("path", ["/metrics", "/api/v1/policies/__all/metrics/prometheus"])
@pytest.mark.parametrize("asked", ["text/plain", "application/openmetrics-text", "application/vnd.google.protobuf"])
def test_prometheus_gets_the_form_it_asks_for(client: TestClient, path: str, asked: str) -> None:
    reply = client.get(path, headers={"accept": f"{asked};q=0.9,*/*;q=0.1"})
    assert reply.status_code == 200
    assert reply.headers["content-type"].split(";")[0] == asked
    assert reply.headers["vary"] == "accept"


ARROW = {"accept": "application/vnd.apache.arrow.stream"}


@pytest.mark.parametrize(
    ("path", "number"),
    [
        ("/api/v1/policies/default/metrics/bucket/1", 1),
        ("/api/v1/policies/__all/metrics/bucket/1", 1),
        ("/api/v1/policies/default/metrics/window/2", 2),
        ("/api/v1/metrics/bucket/0", 0),
        ("/api/v1/metrics/window/2", 2),
    ],
)
def test_who_asks_for_arrow_gets_records(agent: FakeAgent, path: str, number: int) -> None:
    pytest.importorskip("pyarrow")
    answer = serving.client(agent, agent_name="pop1").get(path, headers=ARROW)
    assert (answer.status_code, answer.headers["content-type"]) == (200, ARROW["accept"])
    assert answer.headers["vary"] == "accept"
    assert read_stream(answer.content) == [any_record(agent="pop1", policy="default", number=number)]


@pytest.mark.parametrize("accept", ["*/*", "application/*", "text/json", "application/vnd.apache.arrow.stream;q=0"])
def test_who_does_not_name_arrow_gets_json(client: TestClient, accept: str) -> None:
    answer = client.get("/api/v1/metrics/bucket/0", headers={"accept": accept})
    assert answer.json()["1m"]["packets"]["total"] == 10


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/api/v1/policies/default/metrics/bucket/4", 425),
        ("/api/v1/policies/unknown/metrics/bucket/0", 404),
        ("/api/v1/metrics/bucket/4", 500),
    ],
)
def test_errors_are_json_whatever_is_asked_for(client: TestClient, path: str, status: int) -> None:
    answer = client.get(path, headers=ARROW)
    assert answer.status_code == status
    assert isinstance(answer.json()["error"], str)


def test_an_agent_without_pyarrow_answers_all_the_same(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    answer = client.get("/api/v1/metrics/bucket/0", headers=ARROW)
    assert answer.status_code == 200
    (record,) = records_of(_core.RecordTable.read(answer.content, most_bytes=1 << 20))
    assert (record.path, record.value) == ("total", 7)


@pytest.mark.parametrize("path", ["/metrics", "/api/v1/policies/__all/metrics/prometheus"])
def test_prometheus_gets_what_the_process_holds_of_memory_beside_the_policies(client: TestClient, path: str) -> None:
    lines = client.get(path).text.splitlines()
    assert 'pktvisor_memory_held_bytes{instance="pop1",of="windows"} 2000' in lines
    assert 'pktvisor_memory_budget_bytes{instance="pop1"} 64000000' in lines
    assert 'pktvisor_memory_gave_way{instance="pop1",of="answers"} 2' in lines
    assert lines.count("# TYPE pktvisor_memory_held_bytes gauge") == 1


EXPORTS = {"hub": {"sent": 7, "queued": 1}, "otlp": {"sent": 3}}


def test_what_became_of_windows_that_are_pushed_is_told(agent: FakeAgent) -> None:
    pushing = serving.client(agent, exports=lambda: EXPORTS)
    assert pushing.get("/api/v1/metrics/app").json()["exports"] == EXPORTS
    lines = pushing.get("/metrics").text.splitlines()
    assert 'pktvisor_exports{of="sent",to="hub"} 7' in lines
    assert 'pktvisor_exports{of="sent",to="otlp"} 3' in lines
    assert lines.count("# TYPE pktvisor_exports gauge") == 1


def test_an_agent_that_pushes_nothing_tells_of_no_exports(client: TestClient) -> None:
    assert "exports" not in client.get("/api/v1/metrics/app").json()
    assert "pktvisor_exports" not in client.get("/metrics").text


def test_one_policy_for_prometheus_tells_nothing_of_the_process(client: TestClient) -> None:
    assert "pktvisor_memory" not in client.get("/api/v1/policies/default/metrics/prometheus").text
