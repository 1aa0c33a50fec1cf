"""Keys and what they do: one list, for the bindings and the help page."""

from __future__ import annotations

from typing import NamedTuple


class Key(NamedTuple):
    """A key."""

    keys: str
    """As Textual names them, separated by commas."""
    shown: str
    action: str
    help: str


KEYS = (
    Key("question_mark,f1", "? F1", "help", "this page"),
    Key("q", "q ^C", "leave", "quit"),
    Key("1,2,3,4,5,6,7,8", "1 to 8", "", "the screens"),
    Key("right_square_bracket", "]", "next_screen(1)", "next screen"),
    Key("left_square_bracket", "[", "next_screen(-1)", "previous screen"),
    Key("p", "p", "policies", "choose the policy"),
    Key("w", "w", "window(1)", "next window: live, last closed, 2 periods merged, 3 ..."),
    Key("W", "W", "window(-1)", "previous window"),
    Key("h", "h", "handler(1)", "next handler, on the screen Handlers"),
    Key("H", "H", "handler(-1)", "previous handler"),
    Key("space", "space", "pause", "pause or resume"),
    Key("r", "r", "retry", "read now"),
    Key("slash", "/", "filter", "show only names or panels with a text"),
    Key("o", "o", "sort", "sort lists by count or by name"),
    Key("tab,right", "tab →", "panel(1)", "next panel"),
    Key("shift+tab,left", "⇧tab ←", "panel(-1)", "previous panel"),
    Key("down", "↓", "row(1)", "next row of the panel, or scroll"),
    Key("up", "↑", "row(-1)", "previous row"),
    Key("pagedown", "PgDn", "page(1)", "scroll down; the wheel does, too"),
    Key("pageup", "PgUp", "page(-1)", "scroll up"),
    Key("home", "Home", "edge(-1)", "to the top"),
    Key("end", "End", "edge(1)", "to the bottom"),
    Key("enter", "enter", "zoom", "the panel alone with all its rows; a double click does, too"),
    Key("d", "d", "drill", "from a name to its clients, from an address to its names"),
    Key("escape", "Esc", "out", "leave the drill-down, the panel's view, the panel, the filter"),
    Key("c,y", "c", "copy", "copy an entry's name, or a counter's value"),
    Key("b", "b", "bits", "volumes in bits or bytes"),
    Key("percent_sign", "%", "percent", "header counts as numbers or percentages"),
    Key("u", "u", "utc", "times in UTC or in local time"),
    Key("t", "t", "theme", "dark or light"),
    Key("s", "s", "save_picture", "save the screen as SVG, in this folder"),
    Key("j", "j", "save_document", "save the policy's metrics as JSON, in this folder"),
)
