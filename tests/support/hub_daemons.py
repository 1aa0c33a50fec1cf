"""What agents and hubs that run tell of the windows between them."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from support.daemon import Daemon

HOUR_S = 3600


def exports(agent: Daemon) -> dict[str, int]:
    """What became of an agent's windows."""
    counted: dict[str, int] = agent.get("/api/v1/metrics/app")["exports"]["hub"]
    return counted


def agents(hub: Daemon) -> Any:
    """The agents of a hub, by their names."""
    return hub.get("/api/v1/agents")


def stored(hub: Daemon) -> int:
    """How many handlers' windows a hub has, of all processes of all agents."""
    return sum(one["windows"]["stored"] for one in agents(hub).values())


def total(hub: Daemon, begin_s: int) -> int:
    """The packets of DNS over the hour that begins then."""
    asked = {"metric": "dns.wire_packets.total", "from": begin_s, "to": begin_s + HOUR_S, "step": HOUR_S}
    told: Any = hub.get(f"/api/v1/history?{urlencode(asked)}")
    return sum(value for _, value in told["series"].get("", []))
