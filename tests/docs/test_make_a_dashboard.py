"""What docs/how-to/make-a-dashboard.md says is so."""

from __future__ import annotations

import re
from pathlib import Path

from pktvisor.agent.checking import check_agent
from pktvisor.config.dashboards import FORMS, MOST_DASHBOARDS, MOST_PANELS, PANEL_KEYS, WIDTHS
from pktvisor.config.schema import read_all

HOW_TO = Path(__file__).parents[2] / "docs" / "how-to"
PAGE = (HOW_TO / "make-a-dashboard.md").read_text(encoding="utf-8")


def rows(heading: str) -> list[str]:
    """The first cells of a table."""
    table = PAGE.partition(f"\n| {heading} |")[2].partition("\n\n")[0]
    return re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE)


def test_its_example_is_right() -> None:
    example = PAGE.partition("```yaml\n")[2].partition("```")[0]
    config, mistakes = read_all(example)
    assert mistakes == []
    assert check_agent(config).mistakes == []
    assert [one.name for one in config.dashboards] == ["wall"]


def test_it_lists_all_keys_and_forms() -> None:
    assert sorted(rows("Key of a panel")) == sorted(PANEL_KEYS)
    assert sorted(rows("`as` | Draws")) == sorted(FORMS)
    assert ", ".join(map(str, WIDTHS[:-1])) + f" or {WIDTHS[-1]}" in PAGE
    assert f"at most {MOST_PANELS} panels, a configuration {MOST_DASHBOARDS} dashboards" in PAGE
