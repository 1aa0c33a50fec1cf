from __future__ import annotations

import pytest

from pktvisor.config.dashboards import MOST_PANELS
from pktvisor.config.hub_schema import load_hub_config
from pktvisor.config.models import DashboardConfig, PanelConfig
from pktvisor.config.schema import check, load_config
from pktvisor.errors import ConfigError

WALL = """
visor:
  dashboards:
    wall:
      title: For the wall
      panels:
        - {metric: xacts, policy: edge, handler: dns, as: figure, title: Queries, width: 3}
        - {metric: top_qname2_xacts}
"""


def panels(text: str) -> str:
    return f"visor: {{dashboards: {{wall: {{panels: {text}}}}}}}"


def test_a_dashboard_is_a_list_of_panels() -> None:
    asked = PanelConfig("xacts", "edge", "dns", "figure", "Queries", 3)
    wall = DashboardConfig("wall", "For the wall", (asked, PanelConfig("top_qname2_xacts")))
    assert load_config(WALL).dashboards == (wall,)


def test_a_hub_has_dashboards_too() -> None:
    assert load_hub_config(WALL.replace("visor", "hub")).dashboards == load_config(WALL).dashboards


def test_without_a_title_it_is_called_by_its_name() -> None:
    assert load_config(panels("[{metric: xacts}]")).dashboards[0].title == "wall"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[{metrc: xacts}]", "there is no key 'metrc' here; did you mean 'metric'?"),
        ("[{title: Queries}]", "a panel needs a metric"),
        ("[{metric: xacts, as: tpo}]", "did you mean 'top'?"),
        ("[{metric: xacts, width: 5}]", "one of 2, 3, 4, 6, 8, 9, 12, not '5'"),
        ("[{metric: [xacts]}]", "a text of 1 to 200 characters must stand here; not a list"),
        ("[xacts]", "a map with a metric must stand here; not 'xacts'"),
        ("[]", f"1 to {MOST_PANELS} panels, not 0"),
        ("{metric: xacts}", "needs a list of panels"),
    ],
)
def test_what_is_wrong_is_told_with_what_would_do(text: str, said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load_config(panels(text))
    assert said in str(caught.value)
    assert caught.value.place


def test_every_mistake_has_its_own_place() -> None:
    text = WALL + "        - {metric: xacts, widht: 3}\n        - {policy: edge}\n"
    assert [(error.place, error.path) for error in check(text)] == [
        ("line 9, column 27", "dashboards.wall.panels.2.widht"),
        ("line 10, column 11", "dashboards.wall.panels.3"),
    ]


def test_there_is_a_bound_of_panels() -> None:
    too_many = ", ".join(["{metric: xacts}"] * (MOST_PANELS + 1))
    with pytest.raises(ConfigError, match=f"not {MOST_PANELS + 1}"):
        load_config(panels(f"[{too_many}]"))
