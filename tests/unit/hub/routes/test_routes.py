"""What a hub serves: an agent's routes over all agents, and its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from pktvisor import _core, clock
from pktvisor.hub.as_agent import HubAsAgent
from pktvisor.hub.hub import Hub, HubSettings
from pktvisor.hub.routes import groups
from pktvisor.metrics.completeness import completeness
from pktvisor.server.app import create_app
from pktvisor.server.context import make_context
from pktvisor.server.settings import ServerSettings
from pktvisor.server.tokens import make_token
from pktvisor.windows.reading import core_metric, top_values
from support.fleet import CAPTURES, Fleet
from support.serving import UNHURRIED

ARROW = {"content-type": "application/vnd.apache.arrow.stream", "content-encoding": "zstd"}
PACKED = {"content-type": "application/vnd.pktvisor.windows"}
MINUTE_S = 60


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Hub]:
    made = Hub(HubSettings(tmp_path / "hub"))
    yield made
    made.stop()


@pytest.fixture
def fleet() -> Fleet:
    """Agents whose first minute closed a moment ago: their windows are in bucket 1 for a minute at least."""
    newest = (int(clock.now()) - 75) // MINUTE_S
    return Fleet([CAPTURES / "dns_resolver.pcap"], (newest - 1) * MINUTE_S)


def client(hub: Hub, config_file: Path | None = None, **settings: Any) -> TestClient:
    wanted = ServerSettings(**{"bounds": UNHURRIED, **settings})
    app = create_app(make_context(HubAsAgent(hub, config_file), wanted), groups())
    return TestClient(app, base_url="http://localhost:10853")


def test_details_of_merged_windows_are_those_of_all_agents(hub: Hub, fleet: Fleet) -> None:
    asking = client(hub)
    for number in range(3):
        asking.post("/api/v1/windows", content=fleet.body(number, 0), headers=PACKED)
    (record, *_) = [one for one in fleet.records(0) if (one.schema, one.path) == ("dns", "top_qname2")]
    own = top_values(record, core_metric(record), 10).entries  # type: ignore[arg-type]
    dns = asking.get("/api/v1/metrics/window/5?detail=true").json()["5m"]["dns"]
    assert {one["name"]: (one["lower_bound"], one["upper_bound"]) for one in dns["top_qname2"]} == {
        one.name: (3 * one.lower_bound, 3 * one.upper_bound) for one in own
    }
    period = dns["period"]
    assert period["ledger"]["seen"] == 3 * record.seen
    assert period["completeness"] == completeness(record.ledger)


def test_what_agents_send_is_read_as_of_one_agent(hub: Hub, fleet: Fleet) -> None:
    asking = client(hub)
    for number in range(3):
        reply = asking.post("/api/v1/windows", content=fleet.body(number, 0), headers=PACKED)
        assert (reply.status_code, reply.json()) == (200, {"stored": 2, "duplicate": 0, "refused": 0})
    one = sum(r.value or 0 for r in fleet.records(0) if (r.schema, r.path) == ("dns", "wire_packets.total"))
    window = asking.get("/api/v1/policies/default/metrics/window/5").json()["default"]
    assert window["default-default-dns"]["dns"]["wire_packets"]["total"] == 3 * one
    assert asking.get("/api/v1/metrics/window/5").json()["5m"]["dns"]["wire_packets"]["total"] == 3 * one
    assert set(asking.get("/api/v1/policies").json()) == {"default"}
    assert b"dns_wire_packets_total" in asking.get("/metrics").content


def test_a_hub_tells_prometheus_of_what_came_in_and_of_its_agents(hub: Hub, fleet: Fleet) -> None:
    asking = client(hub)
    for number in range(3):
        asking.post("/api/v1/windows", content=fleet.body(number, 0), headers=PACKED)
    lines = asking.get("/api/v1/policies/__all/metrics/prometheus").text.splitlines()
    assert 'pktvisor_hub_events_total{of="deliveries"} 3' in lines
    assert 'pktvisor_hub_events_total{of="windows_stored"} 6' in lines
    assert 'pktvisor_hub_agents{state="live"} 3' in lines
    assert "pktvisor_hub_windows_missing 0" in lines
    assert not [line for line in lines if line.startswith("pktvisor_dns_")], "totals are the agents' to tell"


def test_windows_of_older_agents_are_arrow_streams(hub: Hub, fleet: Fleet) -> None:
    asking, table = client(hub), _core.RecordTable.read(fleet.body(0, 0), most_bytes=1 << 26)
    for body in (table.write(), table.write_plain()):
        reply = asking.post("/api/v1/windows", content=body, headers=ARROW)
        assert reply.status_code == 200
    reply = asking.post("/api/v1/windows", content=fleet.body(0, 0), headers=PACKED)
    assert reply.json() == {"stored": 0, "duplicate": 2, "refused": 0}


def test_what_is_packed_in_a_way_unknown_here_may_come_otherwise(hub: Hub, fleet: Fleet) -> None:
    body = bytearray(fleet.body(0, 0))
    body[5] += 1
    reply = client(hub).post("/api/v1/windows", content=bytes(body), headers=PACKED)
    assert reply.status_code == 415
    assert f"dictionary {body[5]}" in reply.json()["error"]
    reply = client(hub).post("/api/v1/windows", content=b"", headers={"content-type": "application/zstd"})
    assert reply.status_code == 415


def test_agents_are_told_with_what_is_known_of_them(hub: Hub, fleet: Fleet) -> None:
    asking = client(hub, admin_api=True)
    asking.post("/api/v1/windows", content=fleet.body(1, 0), headers=PACKED)
    asking.post("/api/v1/windows", content=fleet.body(1, 2), headers=PACKED)
    (told,) = asking.get("/api/v1/agents").json().values()
    assert told["state"] == "live"
    assert told["tags"] == {"site": "fra"}
    assert told["windows"] == {"stored": 4, "duplicate": 0, "refused": 0, "missing": 2}
    assert asking.get(f"/api/v1/agents/{fleet.name(1)}").status_code == 200
    assert asking.delete(f"/api/v1/agents/{fleet.name(1)}").status_code == 200
    assert asking.get("/api/v1/agents").json() == {}
    assert asking.get(f"/api/v1/agents/{fleet.name(1)}").json() == {"error": "there is no agent agent00001"}


def test_an_agent_may_have_slashes_in_its_name(hub: Hub, fleet: Fleet, monkeypatch: pytest.MonkeyPatch) -> None:
    asking = client(hub, admin_api=True)
    monkeypatch.setattr(fleet, "name", lambda _: "rack/desired/7é'")
    assert asking.post("/api/v1/windows", content=fleet.body(1, 0), headers=PACKED).status_code == 200
    path = "/api/v1/agents/rack%2Fdesired%2F7%C3%A9'"
    assert list(asking.get(path).json()) == ["rack/desired/7é'"]
    assert asking.get(f"{path}/desired").json()["rack/desired/7é'"]["state"] == "none"
    assert asking.delete(path).status_code == 200
    assert asking.get(path).status_code == 404


def test_a_figure_tells_which_agents_are_missing_from_it(hub: Hub, fleet: Fleet) -> None:
    asking = client(hub)
    for number, minute in ((0, 0), (1, 0), (1, 1)):
        hub.admission.take(fleet.body(number, minute), (fleet.start_s + 30) * 1_000_000_000)
    told = [asking.get(f"/api/v1/policies/default/completeness/{bucket}").json() for bucket in range(2)]
    by_start = {one.get("start"): one for one in told}
    assert by_start[fleet.start_s + 60] == {
        "policy": "default",
        "start": fleet.start_s + 60,
        "present": 1,
        "missing": 1,
        "missing_names": [fleet.name(0)],
    }
    assert asking.get("/api/v1/policies/default/completeness/99").status_code == 425
    assert asking.get("/api/v1/policies/none/completeness/0").status_code == 404


def test_policies_of_the_hub_come_and_go_with_its_file(hub: Hub, fleet: Fleet, tmp_path: Path) -> None:
    file = tmp_path / "hub.yaml"
    file.write_text("hub: {policies: {fra: {tags: {site: fra}}, gone: {}}}")
    asking = client(hub, file, admin_api=True)
    for number in range(2):
        asking.post("/api/v1/windows", content=fleet.body(number, 0), headers=ARROW)
    expected = {"added": ["fra", "gone"], "changed": [], "removed": [], "unchanged": []}
    assert asking.post("/api/v1/config/reload?dry_run=true").json()["policies"] == expected
    assert set(asking.get("/api/v1/policies").json()) == {"default"}
    assert asking.post("/api/v1/config/reload").json()["policies"] == expected
    one = sum(r.value or 0 for r in fleet.records(0) if (r.schema, r.path) == ("dns", "wire_packets.total"))
    window = asking.get("/api/v1/policies/fra/metrics/window/5").json()["fra"]
    assert window["fra-default-dns"]["dns"]["wire_packets"]["total"] == one
    assert asking.get("/api/v1/history?metric=dns.wire_packets.total&policy=fra").status_code == 200
    told = [asking.get(f"/api/v1/policies/fra/completeness/{bucket}").json() for bucket in range(3)]
    assert [one["present"] for one in told if one.get("start") == fleet.start_s] == [1]
    assert all(fleet.name(0) not in one.get("missing_names", ()) for one in told)
    file.write_text("hub: {policies: {fra: {tag: {site: fra}}}}")
    reply = asking.post("/api/v1/config/reload")
    assert (reply.status_code, "did you mean 'tags'?" in reply.text) == (422, True)
    assert {"fra", "gone"} < set(asking.get("/api/v1/policies").json())
    file.write_text("hub: {policies: {fra: {tags: {site: fra}}}}")
    assert asking.post("/api/v1/config/reload").json()["policies"] == {
        "added": [],
        "changed": [],
        "removed": ["gone"],
        "unchanged": ["fra"],
    }
    assert set(asking.get("/api/v1/policies").json()) == {"default", "fra"}


def test_a_hub_takes_no_configuration_but_that_of_its_file(hub: Hub) -> None:
    asking = client(hub, admin_api=True)
    reply = asking.post("/api/v1/config", content="hub: {}", headers={"content-type": "application/x-yaml"})
    assert (reply.status_code, reply.json()["error"]) == (
        422,
        "a hub is configured by its file: change it, and have it read again",
    )
    assert asking.post("/api/v1/config/reload").status_code == 404
    assert asking.get("/api/v1/config").json() == {"has_file": False, "policies": {}, "taps": {}}
    for path in ("check", "policy"):
        reply = asking.post(f"/api/v1/config/{path}", content="hub: {}", headers={"content-type": "application/x-yaml"})
        assert reply.status_code in (409, 422)
        assert reply.json()["error"].startswith("a hub's policies are those of its agents")


def test_history_tells_a_metric_by_tag(hub: Hub, fleet: Fleet) -> None:
    asking = client(hub)
    for number in (0, 1, 5):
        asking.post("/api/v1/windows", content=fleet.body(number, 0), headers=PACKED)
    asked: Any = {"metric": "dns.wire_packets.total", "by": "site", "from": fleet.start_s, "to": fleet.start_s + 60}
    document = asking.get("/api/v1/history", params=asked).json()
    one = document["series"]["ams"][0][1]
    assert document["series"] == {"ams": [[fleet.start_s, one]], "fra": [[fleet.start_s, 2 * one]]}
    assert (document["data_from"], document["data_to"]) == (fleet.start_s, fleet.start_s + 60)


def test_history_tells_single_agents(hub: Hub, fleet: Fleet) -> None:
    asking = client(hub)
    for number in (0, 1, 5):
        asking.post("/api/v1/windows", content=fleet.body(number, 0), headers=PACKED)
    asked: Any = {"metric": "dns.wire_packets.total", "by": "agent", "from": fleet.start_s, "to": fleet.start_s + 60}
    document = asking.get("/api/v1/history", params=asked).json()
    assert set(document["series"]) == {fleet.name(number) for number in (0, 1, 5)}
    document = asking.get("/api/v1/history", params={**asked, "agent": fleet.name(5)}).json()
    assert (document["by"], set(document["series"])) == ("agent", {fleet.name(5)})
    assert document["data_from"] == fleet.start_s
    told = asking.get("/api/v1/history", params={**asked, "by": "tags.agent"}).json()
    assert "had a tag agent then" in told["reason"]
    asked["metric"] = "dns.top_qtype"
    told = asking.get("/api/v1/history/top", params={**asked, "tag": "site", "value": "fra", "top": 1}).json()
    assert set(told["series"]) == {fleet.name(1), fleet.name(5)}
    told = asking.get("/api/v1/history/top", params={**asked, "by": "site"}).json()
    assert (told["by"], set(told["series"])) == ("site", {"ams", "fra"})
    told = asking.get("/api/v1/history", params={**asked, "agent": "nobody"}).json()
    assert told["reason"] == "no agent called nobody measured dns.top_qtype then"


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        ({"agent": "a"}, "agent can name agents only where by=agent tells them apart"),
        ({"by": "agent", "agents": "true"}, "leave out agents or by"),
        ({"by": "site", "tag": "role", "value": "edge"}, "by and tag must be one tag, not site and role"),
    ],
)
def test_lists_apart_that_make_no_sense_are_refused_by_a_sentence(hub: Hub, asked: Any, sentence: str) -> None:
    reply = client(hub).get("/api/v1/history/top", params={"metric": "dns.top_qtype", **asked})
    assert reply.status_code == 400
    assert sentence in reply.json()["error"]


def test_top_lists_have_bounds(hub: Hub, fleet: Fleet) -> None:
    asking = client(hub)
    asking.post("/api/v1/windows", content=fleet.body(0, 0), headers=PACKED)
    asked: Any = {"metric": "dns.top_qtype", "from": fleet.start_s, "to": fleet.start_s + 60, "top": 2}
    ((_, entries),) = asking.get("/api/v1/history", params=asked).json()["series"][""]
    assert len(entries) == 2
    assert all(entry["lower"] <= entry["estimate"] <= entry["upper"] for entry in entries)


def test_a_time_as_a_whole_tells_the_heaviest_items_and_what_one_site_saw_alone(hub: Hub, fleet: Fleet) -> None:
    asking = client(hub)
    for number in (0, 1):
        asking.post("/api/v1/windows", content=fleet.body(number, 0), headers=PACKED)
    asked: Any = {"metric": "dns.top_qname3", "from": fleet.start_s, "to": fleet.start_s + 60, "tag": "site"}
    told = asking.get("/api/v1/history/top", params={**asked, "value": "fra", "top": 1}).json()
    assert told["items"][0]["estimate"] + told["other"]["estimate"] == told["total"]
    assert "agents" not in told["items"][0]
    told = asking.get("/api/v1/history/top", params={**asked, "value": "fra", "agents": "true"}).json()
    assert told["agents"]["of"] == 1
    assert told["items"][0]["agents"] == {"at_least": 1, "at_most": 1}
    told = asking.get("/api/v1/history/sets", params={**asked, "in": "fra", "not_in": "nrt"}).json()
    assert told["items"][0]["name"] == "ns.broken.test"
    told = asking.get("/api/v1/history/sets", params={**asked, "in": "fra", "not_in": "ams"}).json()
    assert (told["items"], told["is_certain"]) == ([], True)
    reply = asking.get("/api/v1/history/sets", params={**asked, "in": "fra", "not_in": "fra"})
    assert (reply.status_code, reply.json()["error"]) == (400, "fra can't be both in and not_in")


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        ({}, "metric must say which, as metric=dns.wire_packets.total"),
        ({"metric": "dns.x", "from": 10, "to": 5}, "from (10) must be before to (5)"),
        ({"metric": "dns.x", "step": 7}, "step must be a part of an hour in minutes, or whole hours"),
        ({"metric": "dns.x", "from": 0, "to": 10**9, "step": 60}, "use step="),
    ],
)
def test_questions_that_make_no_sense_are_refused_by_a_sentence(hub: Hub, asked: Any, sentence: str) -> None:
    reply = client(hub).get("/api/v1/history", params=asked)
    assert reply.status_code == 400
    assert sentence in reply.json()["error"]


def test_what_is_no_delivery_is_refused_for_good(hub: Hub) -> None:
    reply = client(hub).post("/api/v1/windows", content=b"nothing", headers=PACKED)
    assert reply.status_code == 422
    assert reply.json()["error"]
    reply = client(hub).post("/api/v1/windows", content=b"nothing", headers={"content-type": "text/plain"})
    assert reply.status_code == 415


def test_a_delivery_without_a_body_is_told_so(hub: Hub) -> None:
    reply = client(hub).post("/api/v1/windows", content=b"", headers=PACKED)
    assert (reply.status_code, reply.json()) == (
        400,
        {"error": "the body is empty: send the records of closed windows"},
    )


def test_what_was_compressed_on_the_way_is_told_from_what_is_damaged(hub: Hub) -> None:
    reply = client(hub).post("/api/v1/windows", content=b"nothing", headers=PACKED | {"content-encoding": "gzip"})
    assert (reply.status_code, reply.json()["error"]) == (415, "send the body without Content-Encoding, not as 'gzip'")


def test_a_value_without_its_tag_is_not_passed_over(hub: Hub) -> None:
    reply = client(hub).get("/api/v1/history/top", params={"metric": "dns.top_qname2", "value": "fra"})
    assert reply.status_code == 400
    assert reply.json()["error"] == "tag must say which tag has the value fra, as tag=site"


def test_an_answer_without_data_says_why(hub: Hub, fleet: Fleet) -> None:
    asking = client(hub)
    asking.post("/api/v1/windows", content=fleet.body(1, 0), headers=PACKED)
    told = asking.get("/api/v1/history", params={"metric": "dns.nope"}).json()
    assert told["series"] == {}
    assert told["reason"].startswith("policy default had no metric dns.nope then")


def test_tokens_of_scope_send_send_and_read_nothing(hub: Hub, fleet: Fleet, tmp_path: Path) -> None:
    path, made = tmp_path / "tokens", {name: make_token(name, "send") for name in (fleet.name(0), "another")}
    path.write_text("\n".join(token.line for token in made.values()))
    path.chmod(0o600)
    asking = client(hub, token_file=path)
    headers = {name: {"authorization": f"Bearer {token.secret}"} for name, token in made.items()}
    body = fleet.body(0, 0)
    assert asking.post("/api/v1/windows", content=body, headers=PACKED).status_code == 401
    reply = asking.post("/api/v1/windows", content=body, headers=PACKED | headers["another"])
    assert reply.status_code == 403, "agents keep what an operator can make right"
    assert reply.json()["error"] == "this token is for the agent another, not for agent00000"
    assert asking.post("/api/v1/windows", content=body, headers=PACKED | headers[fleet.name(0)]).status_code == 200
    assert asking.get("/api/v1/agents", headers=headers[fleet.name(0)]).status_code == 403


def test_what_came_in_is_counted(hub: Hub, fleet: Fleet) -> None:
    asking = client(hub)
    body = fleet.body(0, 0)
    for content in (body, body, b"nothing"):
        asking.post("/api/v1/windows", content=content, headers=PACKED)
    told = asking.get("/api/v1/hub").json()
    counted = {name: told["counters"][name] for name in ("deliveries", "windows_stored", "windows_duplicate")}
    assert counted == {"deliveries": 2, "windows_stored": 2, "windows_duplicate": 2}
    assert told["counters"]["deliveries_refused"] == 1
    assert told["agents"] == 1


def test_a_hub_takes_no_taps_and_no_policies(hub: Hub) -> None:
    asking = client(hub, admin_api=True)
    reply = asking.post("/api/v1/policies", content="{}", headers={"content-type": "application/json"})
    assert reply.json()["error"] == "a hub's policies are those of its agents"
    assert asking.get("/api/v1/inputs").json() == {}
