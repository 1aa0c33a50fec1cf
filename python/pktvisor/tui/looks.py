"""How each role looks: in the dark, in the light, and without colours."""

from __future__ import annotations

from collections.abc import Mapping

from rich.style import Style
from textual.theme import Theme

from pktvisor.tui.lines import Role

DARK = Theme(
    name="pktvisor-dark",
    primary="#4fb3d9",
    accent="#e0a458",
    background="#10151a",
    surface="#161d24",
    panel="#1d262f",
    foreground="#d5dce2",
    dark=True,
)
LIGHT = Theme(
    name="pktvisor-light",
    primary="#0b6a8f",
    accent="#a05a00",
    background="#fbfbf8",
    surface="#f0f1ee",
    panel="#e4e7e4",
    foreground="#1e252b",
    dark=False,
)

Looks = Mapping[Role, Style]

IN_THE_DARK: Looks = {
    Role.PLAIN: Style(),
    Role.LABEL: Style(color="#6fb7d6"),
    Role.VALUE: Style(color="#eef3f7"),
    Role.TITLE: Style(color="#e3c98f", bold=True),
    Role.RULE: Style(color="#3b4a57"),
    Role.FOCUS: Style(color="#f2a65a", bold=True),
    Role.BAR: Style(bgcolor="#1f4a5c"),
    Role.SELECTED: Style(color="#10151a", bgcolor="#f2a65a"),
    Role.DIM: Style(color="#7c8a97"),
    Role.GOOD: Style(color="#7ccf8a"),
    Role.WARNING: Style(color="#f0c95c"),
    Role.BAD: Style(color="#ff7b72", bold=True),
    Role.GRAPH: Style(color="#58c4c4"),
    Role.TAB: Style(color="#9fb0bd", bgcolor="#1d262f"),
    Role.ACTIVE_TAB: Style(color="#10151a", bgcolor="#6fb7d6", bold=True),
}
IN_THE_LIGHT: Looks = {
    Role.PLAIN: Style(),
    Role.LABEL: Style(color="#0b6a8f"),
    Role.VALUE: Style(color="#10161b"),
    Role.TITLE: Style(color="#6b4a00", bold=True),
    Role.RULE: Style(color="#b9c2c8"),
    Role.FOCUS: Style(color="#b34700", bold=True),
    Role.BAR: Style(bgcolor="#c5e3ef"),
    Role.SELECTED: Style(color="#ffffff", bgcolor="#b34700"),
    Role.DIM: Style(color="#67737c"),
    Role.GOOD: Style(color="#1c7a34"),
    Role.WARNING: Style(color="#8a6100"),
    Role.BAD: Style(color="#b3201a", bold=True),
    Role.GRAPH: Style(color="#0d7d7d"),
    Role.TAB: Style(color="#44525c", bgcolor="#e4e7e4"),
    Role.ACTIVE_TAB: Style(color="#ffffff", bgcolor="#0b6a8f", bold=True),
}
WITHOUT_COLOURS: Looks = {
    **dict.fromkeys(Role, Style()),
    Role.TITLE: Style(bold=True),
    Role.RULE: Style(dim=True),
    Role.FOCUS: Style(bold=True, underline=True),
    Role.SELECTED: Style(reverse=True),
    Role.DIM: Style(dim=True),
    Role.WARNING: Style(bold=True),
    Role.BAD: Style(bold=True, reverse=True),
    Role.ACTIVE_TAB: Style(reverse=True),
}


def looks(*, is_dark: bool, is_coloured: bool) -> Looks:
    """Give the looks for a theme."""
    if not is_coloured:
        return WITHOUT_COLOURS
    return IN_THE_DARK if is_dark else IN_THE_LIGHT


def is_dark_terminal(colorfgbg: str) -> bool:
    """Tell by the variable COLORFGBG, as `15;0`, whether the terminal is dark; it is where nothing is known."""
    background = colorfgbg.rpartition(";")[2]
    return background not in {"7", "15"}
