"""The terminal application: readings come in, keys and the mouse too, and a page goes out."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable
from dataclasses import replace
from typing import ClassVar

from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.geometry import Region
from textual.message import Message

from pktvisor.tui.canvas import Canvas
from pktvisor.tui.dialogs import Choice, Help, Question
from pktvisor.tui.history import History
from pktvisor.tui.keys import KEYS
from pktvisor.tui.layout import Page
from pktvisor.tui.lines import Line, Role
from pktvisor.tui.looks import DARK, LIGHT, is_dark_terminal, looks
from pktvisor.tui.moves import Cursor
from pktvisor.tui.panels import Order
from pktvisor.tui.poller import Poller
from pktvisor.tui.saving import save_document, save_text
from pktvisor.tui.status import Spot, fault_line, hints_line, spot_at, tabs_line, title_line
from pktvisor.tui.views import SCREENS
from pktvisor.tui.views.content import Context, Settings, View, page_of
from pktvisor.tui.watch import State, Watch
from pktvisor.tui.windows import MOST_PERIODS, neighbour, windows

MakePoller = Callable[[Watch, Callable[[State | Exception], object]], Poller]

TICK_S = 1.0
"""How often the age of what is old is told anew."""
SAYING_TICKS = 4
"""Ticks that an answer to a key stays."""


class Terminal(App[None]):
    """The application. Without a poller nothing is read but by `watch.step`."""

    CSS = "#title, #tabs, #fault, #hints { height: 1; } #fault { display: none; }"
    ENABLE_COMMAND_PALETTE = False
    BINDINGS: ClassVar[list[BindingType]] = [
        *(Binding(key.keys, key.action, key.help, show=False) for key in KEYS if key.action),
        Binding("ctrl+c,ctrl+q", "leave", "quit", show=False, priority=True),
        *(Binding(str(number + 1), f"screen({number})", view.title, show=False) for number, view in enumerate(SCREENS)),
    ]

    class Delivered(Message):
        """The poller has a new state, or has failed."""

        def __init__(self, result: State | Exception) -> None:
            super().__init__()
            self.result = result

    def __init__(self, watch: Watch, settings: Settings | None = None, make_poller: MakePoller | None = Poller) -> None:
        self._is_coloured = not os.environ.get("NO_COLOR")
        super().__init__(ansi_color=None if self._is_coloured else True)
        self.animation_level = "none"
        self.feed = watch
        self.settings = settings or Settings()
        self.history = History()
        self.state = State()
        self.cursor = Cursor()
        self.page = Page(())
        self.screen_number = 0
        self.is_paused = False
        self._says = ""
        self._says_ticks = 0
        self._spots: dict[str, list[Spot]] = {}
        self._poller = None if make_poller is None else make_poller(watch, self._deliver)

    # What is on the terminal

    def compose(self) -> ComposeResult:
        """Make the five parts of the screen."""
        dark = is_dark_terminal(os.environ.get("COLORFGBG", ""))
        chosen = looks(is_dark=dark, is_coloured=self._is_coloured)
        for name in ("title", "tabs", "fault", "page", "hints"):
            yield Canvas(chosen, name)

    def on_mount(self) -> None:
        """Begin."""
        self.register_theme(DARK)
        self.register_theme(LIGHT)
        self.theme = (DARK if is_dark_terminal(os.environ.get("COLORFGBG", "")) else LIGHT).name
        self._stop_on_signals()
        self.set_interval(TICK_S, self._tick)
        if self._poller is not None:
            self._poller.start()

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
            "title", title_line(self.state, self.settings, self.feed.source.name, width, is_paused=self.is_paused)
        )
        tabs, self._spots["tabs"] = tabs_line(SCREENS, self.screen_number, width)
        self._show("tabs", tabs)
        fault = fault_line(self.state, now, width)
        self.canvas("fault").display = fault is not None
        if fault is not None:
            self._show("fault", fault)
        height = self.size.height - 3 - (fault is not None)
        self.page = self._page(width, height)
        self.cursor = self.cursor.within(self.page)
        self.canvas("page").show(self.page.lines)
        self._draw_hints()

    def _page(self, width: int, height: int) -> Page:
        reading = self.state.reading
        if reading is None:
            text = "waiting for the first answer" if self.state.fault is None else "nothing was read yet"
            return Page(((), ((f" {text}", Role.DIM),)))
        context = Context(reading, self.history, reading.taken_at, self.settings, width, height)
        return page_of(self.view, context, self.cursor.focus, is_zoomed=self.cursor.is_zoomed)

    def _draw_hints(self) -> None:
        canvas = self.canvas("page")
        lines, height = len(self.page.lines), canvas.size.height
        top = round(canvas.scroll_y)
        position = f"{top + 1}-{min(top + height, lines)}/{lines}" if lines > height else ""
        modes = f"filter {self.settings.wanted}  " if self.settings.wanted else ""
        modes += "by name  " if self.settings.order == "name" else ""
        hints, self._spots["hints"] = hints_line(self._says, modes + position, self.size.width)
        self._show("hints", hints)

    def _show(self, name: str, line: Line) -> None:
        self.canvas(name).show((line,))

    @property
    def view(self) -> View:
        """The screen that is shown."""
        return SCREENS[self.screen_number]

    # What comes in

    def _deliver(self, result: State | Exception) -> None:
        self.post_message(self.Delivered(result))

    def on_terminal_delivered(self, message: Delivered) -> None:
        """Take what the poller brings."""
        if isinstance(message.result, Exception):
            raise message.result
        self.take(message.result)

    def take(self, state: State) -> None:
        """Show a new state."""
        if self.is_paused:
            return
        is_first = self.state.reading is None
        if state.reading is not None and state.fault is None:
            self.history.take(state.reading)
            if is_first and state.reading.metrics.handler("packets", "net", "dns", "dhcp") is None:
                self.screen_number = len(SCREENS) - 1
        self.state = state
        self.draw()

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

    def on_canvas_pressed(self, message: Canvas.Pressed) -> None:
        """Act on a click."""
        if message.canvas.id == "page":
            self.cursor = self.cursor.pressed(self.page, message.x, message.y, is_double=message.is_double)
            self.draw()
            return
        says = spot_at(self._spots.get(message.canvas.id or "", []), message.x)
        if says.startswith("key("):
            self.run_worker(self._press(says[4:-1]))
        elif says:
            self.run_worker(self.run_action(says))

    async def _press(self, shown: str) -> None:
        action = next(key.action for key in KEYS if shown in key.shown.split())
        await self.run_action(action)

    # What keys do

    def say(self, text: str) -> None:
        """Answer a key, in the last line, for some seconds."""
        self._says = text
        self._says_ticks = SAYING_TICKS
        self._draw_hints()

    def ask(self) -> None:
        """Read now what is asked for now."""
        extra = self.view.extra
        self.feed.ask(extras=frozenset() if extra is None else frozenset([extra]))
        if self._poller is not None:
            self._poller.wake()

    def adjust(self, settings: Settings) -> None:
        """Show it in another way."""
        self.settings = settings
        self.draw()

    def action_help(self) -> None:
        """Show the keys."""
        self.push_screen(Help())

    def action_leave(self) -> None:
        """Quit."""
        self.exit()

    def action_screen(self, number: int) -> None:
        """Show a screen."""
        self.screen_number = number
        self.cursor = Cursor()
        self.canvas("page").scroll_to(0, 0, animate=False)
        self.ask()
        self.draw()

    def action_next_screen(self, step: int) -> None:
        """Show the screen beside this one."""
        self.action_screen((self.screen_number + step) % len(SCREENS))

    def action_policies(self) -> None:
        """Choose a policy."""
        reading = self.state.reading
        names = list(reading.inventory.policies) if reading is not None else []
        if reading is None or not names:
            self.say("no policies are known yet")
            return
        self.push_screen(Choice("Policies", names, reading.metrics.policy), self._choose_policy)

    def _choose_policy(self, name: str | None) -> None:
        if name is not None:
            self.feed.ask(policy=name)
            self.cursor = Cursor()
            self.ask()

    def action_window(self, step: int) -> None:
        """Show another window."""
        reading = self.state.reading
        every = windows(MOST_PERIODS) if reading is None else reading.windows
        window = neighbour(self.feed.request.window, every, step)
        self.feed.ask(window=window)
        self.say(f"window: {window}")
        self.ask()

    def action_handler(self, step: int) -> None:
        """Show another handler."""
        self.cursor = Cursor()
        self.adjust(replace(self.settings, handler=self.settings.handler + step))

    def action_pause(self) -> None:
        """Stop reading, or go on."""
        self.is_paused = not self.is_paused
        if self._poller is not None:
            self._poller.pause(is_paused=self.is_paused)
        self.draw()

    def action_retry(self) -> None:
        """Read now."""
        self.ask()

    def action_filter(self) -> None:
        """Ask for the text that is wanted."""
        self.push_screen(Question("Only names or panels with (empty: all)", self.settings.wanted), self._filter)

    def _filter(self, wanted: str | None) -> None:
        if wanted is not None:
            self.adjust(replace(self.settings, wanted=wanted.strip()))

    def action_sort(self) -> None:
        """Sort lists in the other way."""
        order: Order = "count" if self.settings.order == "name" else "name"
        self.adjust(replace(self.settings, order=order))
        self.say(f"lists are sorted by {order}")

    def action_bits(self) -> None:
        """Write volumes in bits or bytes."""
        units = self.settings.units
        self.adjust(replace(self.settings, units=replace(units, is_bits=not units.is_bits)))

    def action_percent(self) -> None:
        """Write the header's counts as shares or as they are."""
        units = self.settings.units
        self.adjust(replace(self.settings, units=replace(units, is_percent=not units.is_percent)))

    def action_utc(self) -> None:
        """Write times in UTC or local time."""
        units = self.settings.units
        self.adjust(replace(self.settings, units=replace(units, is_utc=not units.is_utc)))

    def action_theme(self) -> None:
        """Make it light or dark."""
        is_dark = self.theme == LIGHT.name
        self.theme = (DARK if is_dark else LIGHT).name
        for canvas in self.screen_stack[0].query(Canvas):
            canvas.restyle(looks(is_dark=is_dark, is_coloured=self._is_coloured))

    def action_panel(self, step: int) -> None:
        """Go to another panel."""
        self._move(self.cursor.to_panel(self.page, step))

    def action_row(self, step: int) -> None:
        """Go to another row; scroll where no panel has the keys."""
        if self.cursor.focus.panel:
            self._move(self.cursor.to_row(self.page, step))
        else:
            self.canvas("page").scroll_relative(y=step, animate=False)

    def action_page(self, step: int) -> None:
        """Scroll by what is in sight."""
        canvas = self.canvas("page")
        canvas.scroll_relative(y=step * max(canvas.size.height - 1, 1), animate=False)

    def action_edge(self, step: int) -> None:
        """Scroll to the top or the bottom."""
        self.canvas("page").scroll_to(y=0 if step < 0 else len(self.page.lines), animate=False)

    def action_zoom(self) -> None:
        """Show the panel alone."""
        if not self.cursor.focus.panel:
            self.action_panel(1)
        self._move(self.cursor.zoomed())

    def action_up(self) -> None:
        """Leave what was entered last."""
        if not self.cursor.focus.panel and self.settings.wanted:
            self.adjust(replace(self.settings, wanted=""))
        self._move(self.cursor.back())

    def _move(self, cursor: Cursor) -> None:
        self.cursor = cursor
        self.draw()
        place = self.page.place(cursor.focus.panel)
        if place is None:
            return
        canvas = self.canvas("page")
        row = place.y + place.above + cursor.focus.row - place.first
        top = place.y if row - place.y < canvas.size.height else row
        canvas.scroll_to_region(Region(0, top, 1, row - top + 1), animate=False)

    def action_copy(self) -> None:
        """Copy the row's name."""
        text = self.cursor.copied(self.page)
        if text:
            self.copy_to_clipboard(text)
        self.say(f"copied: {text}" if text else "nothing to copy: choose a row with tab and the arrows")

    def action_save_picture(self) -> None:
        """Save the screen as SVG."""
        self.say(save_text(self.export_screenshot(title="pktvisor"), self._file_name(), "svg"))

    def action_save_document(self) -> None:
        """Save the document that is shown."""
        reading = self.state.reading
        self.say("nothing was read yet" if reading is None else save_document(reading, self._file_name()))

    def _file_name(self) -> str:
        reading = self.state.reading
        policy = "agent" if reading is None else reading.metrics.policy
        return f"pktvisor-{policy}-{int(self.feed.now())}"

    async def on_unmount(self) -> None:
        """End."""
        if self._poller is not None:
            self._poller.stop()
