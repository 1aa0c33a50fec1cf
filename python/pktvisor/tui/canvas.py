"""Lines on the terminal: redrawn only where they changed."""

from __future__ import annotations

from collections.abc import Sequence

from rich.segment import Segment
from textual import events
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from pktvisor.tui.lines import EMPTY, Line, shown
from pktvisor.tui.looks import Looks


class Canvas(ScrollView, can_focus=False):
    """Shows lines, and scrolls where there are more than fit."""

    DEFAULT_CSS = """
    Canvas { height: 1fr; background: $background; scrollbar-size: 0 0; overflow-x: hidden; overflow-y: auto; }
    """

    class Pressed(Message):
        """A cell was clicked."""

        def __init__(self, canvas: Canvas, x: int, y: int, *, is_double: bool) -> None:
            super().__init__()
            self.canvas = canvas
            self.x = x
            self.y = y
            """Line, counted from the first, in sight or not."""
            self.is_double = is_double

    class Scrolled(Message):
        """Other lines are in sight."""

    def __init__(self, looks: Looks, name: str) -> None:
        super().__init__(id=name)
        self._looks = looks
        self._lines: Sequence[Line] = ()

    def show(self, lines: Sequence[Line]) -> None:
        """Show these lines; only those that differ are drawn again."""
        before, self._lines = self._lines, tuple(shown(line) for line in lines)
        if len(before) != len(lines):
            self.virtual_size = Size(self.size.width, len(lines))
        at = round(self.scroll_y)
        for y in range(at, at + self.size.height):
            if _at(before, y) != _at(self._lines, y):
                self.refresh(Region(0, y - at, self.size.width, 1))

    def restyle(self, looks: Looks) -> None:
        """Draw everything with other looks."""
        self._looks = looks
        self.refresh()

    def render_line(self, y: int) -> Strip:
        """Give one line in sight, for Textual."""
        line = _at(self._lines, y + round(self.scroll_y))
        segments = [Segment(text, self._looks[role]) for text, role in line]
        strip = Strip(segments).adjust_cell_length(self.size.width)
        return strip.apply_style(self.rich_style)

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Tell that other lines are in sight."""
        super().watch_scroll_y(old_value, new_value)
        self.post_message(self.Scrolled())

    def on_click(self, event: events.Click) -> None:
        """Tell which cell was clicked."""
        self.post_message(self.Pressed(self, event.x, event.y + round(self.scroll_y), is_double=event.chain == 2))


def _at(lines: Sequence[Line], y: int) -> Line:
    return lines[y] if 0 <= y < len(lines) else EMPTY
