from __future__ import annotations

from pktvisor.config.models import DashboardConfig, PanelConfig
from support.agents import FakeAgent
from support.serving import client


def test_dashboards_are_told_as_they_were_listed() -> None:
    panels = (PanelConfig("xacts", "edge", "dns", "figure", "Queries", 3), PanelConfig("in.xacts"))
    told = client(FakeAgent(dashboards={"wall": DashboardConfig("wall", "For the wall", panels)})).get(
        "/api/v1/dashboards"
    )
    assert told.json() == {
        "wall": {
            "title": "For the wall",
            "panels": [
                {"metric": "xacts", "policy": "edge", "handler": "dns", "as": "figure", "title": "Queries", "width": 3},
                {"metric": "in.xacts", "policy": "", "handler": "", "as": "", "title": "", "width": 4},
            ],
        }
    }


def test_without_any_there_is_an_empty_object() -> None:
    assert client().get("/api/v1/dashboards").json() == {}
