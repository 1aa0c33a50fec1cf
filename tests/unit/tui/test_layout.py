from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pktvisor.tui.layout import Focus, Page, PageSetup, column_count, lay_out, zoomed
from pktvisor.tui.lines import Role, plain, width
from pktvisor.tui.panels import Panel, PanelRow


def panel(key: str, rows: int = 2, **options: object) -> Panel:
    return Panel(key, f"Panel {key}", tuple(PanelRow(f"{key}{n}", (str(n),)) for n in range(rows)), **options)  # type: ignore[arg-type]


def texts(page: Page) -> list[str]:
    return [plain(line).rstrip() for line in page.lines]


def test_columns_by_width() -> None:
    assert [column_count(cells) for cells in (10, 77, 78, 118, 160, 1000)] == [1, 1, 2, 3, 4, 4]


def test_panels_stand_side_by_side_with_titles_and_rows() -> None:
    page = lay_out([panel("a", 1), panel("b", 2), panel("c", 1)], PageSetup(80))
    assert texts(page) == [
        "─ Panel a ─────────────────────────────  ─ Panel b ─────────────────────────────",
        " a0                                   0   b0                                   0",
        "                                          b1                                   1",
        "─ Panel c ─────────────────────────────",
        " c0                                   0",
    ]


def test_what_is_hidden_is_told_and_the_selected_row_is_in_sight() -> None:
    page = lay_out([panel("a", 9)], PageSetup(40, Focus("a", 7), most_rows=3))
    assert texts(page)[0].endswith(" +6 ━")
    assert [line.split()[0] for line in texts(page)[1:4]] == ["a5", "a6", "a7"]
    assert [role for _, role in page.lines[3]] == [Role.SELECTED] * 2


def test_a_panel_alone_has_all_its_rows() -> None:
    assert len(zoomed(panel("a", 40), PageSetup(80)).find("a").panel.rows) == 40  # type: ignore[union-attr]
    assert "a39" in texts(zoomed(panel("a", 40), PageSetup(80)))[40]


def test_wide_panels_take_more_columns_and_headings_the_whole_line() -> None:
    wide, heading = panel("w", 1, least_width=60), panel("h", 0, is_heading=True)
    page = lay_out([panel("a", 1), wide, heading, panel("b", 1)], PageSetup(80))
    placed = [(placed.panel.key, placed.x, placed.width) for placed in page.placed]
    assert placed == [("a", 0, 39), ("w", 0, 80), ("b", 0, 39)]
    assert texts(page)[4].startswith("══ Panel h ══")


def test_values_that_do_not_fit_are_left_out_before_the_name_is() -> None:
    crowded = Panel("a", "A", (PanelRow("a-long-name", ("1111111111", "2222222222", "3333333333")),))
    assert texts(lay_out([crowded], PageSetup(31)))[1] == " a-long-… 1111111111 2222222222"


def test_cells_lead_back_to_rows() -> None:
    page = lay_out([panel("a", 3), panel("b", 3)], PageSetup(80), above=[((" above", Role.PLAIN),)])
    placed = page.find("b")
    assert placed is not None
    assert (placed.x, placed.y) == (41, 1)
    assert [placed.row_at(45, y) for y in range(6)] == [None, -1, 0, 1, 2, None]
    assert placed.row_at(10, 2) is None


@given(
    st.lists(st.tuples(st.integers(0, 12), st.booleans(), st.booleans(), st.sampled_from([0, 60]))),
    st.integers(1, 220),
    st.integers(0, 12),
)
def test_every_line_has_the_width_asked_for(made: list[tuple[int, bool, bool, int]], cells: int, row: int) -> None:
    panels = [
        panel(str(number), rows, is_heading=is_heading, is_text=is_text, least_width=least)
        for number, (rows, is_heading, is_text, least) in enumerate(made)
    ]
    page = lay_out(panels, PageSetup(cells, Focus("1", row)))
    assert {width(line) for line in page.lines} <= {cells, 0}
    assert [placed.panel for placed in page.placed] == [one for one in panels if not one.is_heading]
