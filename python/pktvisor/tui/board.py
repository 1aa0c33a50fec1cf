"""What is on the terminal: five parts, drawn from the newest state."""

from __future__ import annotations

import asyncio
import os
import signal
import textwrap
from collections.abc import Callable
from typing import ClassVar

from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.screen import Screen

from pktvisor.api.documents import PolicyMetrics
from pktvisor.tui.canvas import Canvas
from pktvisor.tui.history import History
from pktvisor.tui.layout import Page
from pktvisor.tui.lines import Line, Role
from pktvisor.tui.looks import DARK, LIGHT, is_dark_terminal, looks
from pktvisor.tui.moves import Cursor
from pktvisor.tui.poller import Poller
from pktvisor.tui.status import Spot, fault_line, hints_line, tabs_line, title_line
from pktvisor.tui.views import SCREENS, drill, first_number
from pktvisor.tui.views.content import Context, View, ViewSettings, page_of
from pktvisor.tui.watch import State, Watch

MakePoller = Callable[[Watch, Callable[[State | Exception], object]], Poller]

TICK_S = 1.0
"""How often the age of what is old is told anew."""
SAYING_TICKS = 4
"""Ticks that an answer to a key stays."""


class Main(Screen[None]):
    """The screen below all dialogs. Its keys are here where Textual's screens have others."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("tab", "app.panel(1)", show=False),
        Binding("shift+tab", "app.panel(-1)", show=False),
    ]


class Board(App[None]):
    """The application as far as it shows something. Without a poller there is no timer, and nothing is read."""

    CSS = "#title, #tabs, #fault, #hints { height: 1; } #fault { display: none; }"
    ENABLE_COMMAND_PALETTE = False

    class Delivered(Message):
        """The poller has a new state, or has failed."""

        def __init__(self, result: State | Exception) -> None:
            super().__init__()
            self.result = result

    def __init__(
        self, watch: Watch, settings: ViewSettings | None = None, make_poller: MakePoller | None = Poller
    ) -> None:
        self.is_coloured = not os.environ.get("NO_COLOR")
        super().__init__(ansi_color=None if self.is_coloured else True)
        self.animation_level = "none"
        self.feed = watch
        self.settings = settings or ViewSettings()
        self.history = History()
        self.state = State()
        self.cursor = Cursor()
        self.page = Page(())
        self.screen_number = 0
        self.is_paused = False
        self._says = ""
        self._says_ticks = 0
        self.spots: dict[str, list[Spot]] = {}
        self._ways: list[Cursor] = []
        """Where the keys went before each step of the trail."""
        self.poller = None if make_poller is None else make_poller(watch, self._deliver)

    def compose(self) -> ComposeResult:
        """Make the five parts of the screen."""
        dark = is_dark_terminal(os.environ.get("COLORFGBG", ""))
        chosen = looks(is_dark=dark, is_coloured=self.is_coloured)
        for name in ("title", "tabs", "fault", "page", "hints"):
            yield Canvas(chosen, name)

    def get_default_screen(self) -> Screen[None]:
        """Give the screen below all dialogs."""
        return Main()

    def on_mount(self) -> None:
        """Begin."""
        self.register_theme(DARK)
        self.register_theme(LIGHT)
        self.theme = (DARK if is_dark_terminal(os.environ.get("COLORFGBG", "")) else LIGHT).name
        self._stop_on_signals()
        if self.poller is not None:
            self.set_interval(TICK_S, self._tick)
            self.poller.start()

    def _stop_on_signals(self) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, self.exit)

    def canvas(self, name: str) -> Canvas:
        """Give one of the parts."""
        return self.screen_stack[0].query_one(f"#{name}", Canvas)

    def draw(self) -> None:
        """Put everything on the terminal that is not there yet."""
        if not self.screen_stack or not self.size.width:
            return
        width, now = self.size.width, self.feed.now()
        self._show(
            "title", title_line(self.state, self.settings, self.feed.watched.name, now, width, is_paused=self.is_paused)
        )
        tabs, self.spots["tabs"] = tabs_line(SCREENS, self.screen_number, width)
        self._show("tabs", tabs)
        fault = fault_line(self.state, now, width)
        self.canvas("fault").display = fault is not None
        if fault is not None:
            self._show("fault", fault)
        height = self.size.height - 3 - (fault is not None)
        self.page = self._page(width, max(height, 1))
        cursor = self.cursor.within(self.page)
        if cursor != self.cursor:
            self.cursor = cursor
            self.page = self._page(width, max(height, 1))
        self.canvas("page").show(self.page.lines)
        self._draw_hints()

    def _page(self, width: int, height: int) -> Page:
        reading = self.state.reading
        if reading is None:
            text = "waiting for the first answer" if self.state.fault is None else str(self.state.fault)
            return Page(((), *(((f" {line}", Role.DIM),) for line in textwrap.wrap(text, max(width - 2, 1)))))
        context = Context(reading, self.history, reading.taken_at, self.settings, width, height)
        return page_of(self.view, context, self.cursor.focus, is_zoomed=self.cursor.is_zoomed)

    def _draw_hints(self) -> None:
        canvas = self.canvas("page")
        lines, height = len(self.page.lines), canvas.size.height
        top = round(canvas.scroll_y)
        position = f"{top + 1}-{min(top + height, lines)}/{lines}" if lines > height > 0 else ""
        modes = f"filter {self.settings.wanted}  " if self.settings.wanted else ""
        modes += "by name  " if self.settings.order == "name" else ""
        hints, self.spots["hints"] = hints_line(self._says, modes + position, self.size.width)
        self._show("hints", hints)

    def _show(self, name: str, line: Line) -> None:
        self.canvas(name).show((line,))

    @property
    def view(self) -> View:
        """The screen that is shown."""
        return drill.VIEW if self.settings.trail else SCREENS[self.screen_number]

    def _deliver(self, result: State | Exception) -> None:
        self.post_message(self.Delivered(result))

    def on_board_delivered(self, message: Delivered) -> None:
        """Take what the poller brings."""
        if isinstance(message.result, Exception):
            raise message.result
        self.take(message.result)

    def take(self, state: State) -> None:
        """Show a new state."""
        if self.is_paused:
            return
        if state.reading is not None and state.fault is None:
            self.history.take(state.reading)
            self._choose_screen(state.reading.metrics)
        self.state = state
        self.draw()

    def _choose_screen(self, metrics: PolicyMetrics) -> None:
        """Leave the first screen for the handlers', where another policy comes that it would show nothing of."""
        before = self.state.reading
        is_new = before is None or before.metrics.policy != metrics.policy
        if is_new and self.screen_number == 0:
            self.screen_number = first_number(metrics)

    def _tick(self) -> None:
        if self._says:
            self._says_ticks -= 1
            if self._says_ticks <= 0:
                self._says = ""
                self._draw_hints()
        if self.state.fault is not None:
            self.draw()

    def on_resize(self) -> None:
        """Lay everything out for another size."""
        self.draw()

    def on_canvas_scrolled(self) -> None:
        """Tell where the page is scrolled to."""
        self._draw_hints()

    def say(self, text: str) -> None:
        """Answer a key, in the last line, for some seconds."""
        self._says = text
        self._says_ticks = SAYING_TICKS
        self._draw_hints()

    def ask(self) -> None:
        """Read now what is asked for now."""
        extra = self.view.extra
        self.feed.ask(extras=frozenset() if extra is None else frozenset([extra]))
        if self.poller is not None:
            self.poller.wake()

    async def on_unmount(self) -> None:
        """End."""
        if self.poller is not None:
            self.poller.stop()
