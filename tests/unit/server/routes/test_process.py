from __future__ import annotations

import httpx2

from support.agents import FakeAgent
from support.serving import admin, client, running


def test_the_app_document_tells_how_open_the_interface_is() -> None:
    document = client().get("/api/v1/metrics/app").json()
    assert document["security"] == {"tls": False, "authentication": "none", "is_loopback": True}
    assert document["server"]["requests"] == 1


def test_the_app_document_tells_what_is_held_of_memory() -> None:
    assert client().get("/api/v1/metrics/app").json()["memory"] == {
        "held_bytes": 3000,
        "budget_bytes": 64_000_000,
        "held": {"windows": 2000, "groups": 1000},
        "gave_way": {"answers": 2, "groups": 0},
    }


def test_shutting_down_is_answered_with_nothing() -> None:
    agent = FakeAgent()
    reply = admin(agent).delete("/api/v1/server")
    assert (reply.status_code, reply.content) == (200, b"")
    assert "content-type" not in reply.headers
    assert agent.done == [("shut_down",)]


def test_the_answer_arrives_though_the_server_stops_meanwhile() -> None:
    agent = FakeAgent()
    with running(agent, admin_api=True) as server:
        agent.on_shut_down = lambda: setattr(server._server, "should_exit", True)
        assert httpx2.delete(f"http://127.0.0.1:{server.port}/api/v1/server").status_code == 200
        server._thread.join(5)
        assert not server._thread.is_alive()
