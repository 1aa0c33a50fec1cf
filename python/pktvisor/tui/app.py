"""The terminal application: what keys and the mouse do."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.geometry import Region

from pktvisor.escaping import file_name
from pktvisor.tui.board import Board
from pktvisor.tui.canvas import Canvas
from pktvisor.tui.dialogs import Choice, Help, Question
from pktvisor.tui.drill import Target, target_of
from pktvisor.tui.keys import KEYS
from pktvisor.tui.layout import Focus
from pktvisor.tui.looks import DARK, LIGHT, looks
from pktvisor.tui.moves import Cursor
from pktvisor.tui.panels import Order
from pktvisor.tui.saving import picture, save_document, save_text
from pktvisor.tui.status import spot_at
from pktvisor.tui.views import SCREENS
from pktvisor.tui.views.content import ViewSettings
from pktvisor.tui.windows import LENGTH_S, MOST_PERIODS, neighbour, windows


class Terminal(Board):
    """The application."""

    BINDINGS: ClassVar[list[BindingType]] = [
        *(Binding(key.keys, key.action, key.help, show=False) for key in KEYS if key.action),
        Binding("ctrl+c,ctrl+q", "leave", "quit", show=False, priority=True),
        *(Binding(str(number + 1), f"screen({number})", view.title, show=False) for number, view in enumerate(SCREENS)),
    ]

    def on_canvas_pressed(self, message: Canvas.Pressed) -> None:
        """Act on a click."""
        if message.canvas.id == "page":
            self.cursor = self.cursor.pressed(self.page, message.x, message.y, is_double=message.is_double)
            self.draw()
            return
        says = spot_at(self.spots.get(message.canvas.id or "", []), message.x)
        if says.startswith("key("):
            self.run_worker(self._press(says[4:-1]))
        elif says:
            self.run_worker(self.run_action(says))

    async def _press(self, shown: str) -> None:
        action = next(key.action for key in KEYS if shown in key.shown.split())
        await self.run_action(action)

    def adjust(self, settings: ViewSettings) -> None:
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
        self.settings = replace(self.settings, trail=())
        self._ways.clear()
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
        policies = reading.inventory.policies if reading is not None else {}
        names = sorted(policies, key=lambda name: policies[name].is_resources)
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
        self.say(f"window: {window.name(LENGTH_S if reading is None else reading.length_s)}")
        self.ask()

    def action_handler(self, step: int) -> None:
        """Show another handler."""
        self.cursor = Cursor()
        self.adjust(replace(self.settings, handler=self.settings.handler + step))

    def action_pause(self) -> None:
        """Stop reading, or go on."""
        self.is_paused = not self.is_paused
        if self.poller is not None:
            self.poller.pause(is_paused=self.is_paused)
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
            canvas.restyle(looks(is_dark=is_dark, is_coloured=self.is_coloured))

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

    def action_drill(self) -> None:
        """Show what goes with the row's name or address."""
        placed = self.page.find(self.cursor.focus.panel)
        row = None if placed is None else self.cursor.row(self.page)
        target = None if placed is None or row is None else target_of(placed.panel, row)
        if target is None:
            self.say("choose a name or an address in a list, with tab and the arrows")
            return
        self._ways.append(self.cursor)
        self._follow((*self.settings.trail, target), Cursor(Focus("0_drill")))

    def _follow(self, trail: tuple[Target, ...], cursor: Cursor) -> None:
        """Show the end of a trail, or the screen where it began."""
        self.cursor = cursor
        self.canvas("page").scroll_to(0, 0, animate=False)
        self.adjust(replace(self.settings, trail=trail))
        self.ask()

    def action_out(self) -> None:
        """Leave what was entered last."""
        if self.settings.trail and not self.cursor.is_zoomed:
            self._follow(self.settings.trail[:-1], self._ways.pop())
            return
        if not self.cursor.focus.panel and self.settings.wanted:
            self.adjust(replace(self.settings, wanted=""))
        self._move(self.cursor.back())

    def _move(self, cursor: Cursor) -> None:
        self.cursor = cursor
        self.draw()
        placed = self.page.find(cursor.focus.panel)
        if placed is None:
            return
        canvas = self.canvas("page")
        row = placed.y + placed.above + cursor.focus.row - placed.first
        top = placed.y if row - placed.y < canvas.size.height else row
        canvas.scroll_to_region(Region(0, top, 1, row - top + 1), animate=False)

    def action_copy(self) -> None:
        """Copy the row's name."""
        text = self.cursor.copied(self.page)
        if text:
            self.copy_to_clipboard(text)
        self.say(f"copied: {text}" if text else "nothing to copy: choose a row with tab and the arrows")

    def action_save_picture(self) -> None:
        """Save the screen as SVG."""
        self.say(save_text(picture(self.export_screenshot(title="pktvisor")), self._file_name(), "svg"))

    def action_save_document(self) -> None:
        """Save the document that is shown."""
        reading = self.state.reading
        self.say("nothing was read yet" if reading is None else save_document(reading, self._file_name()))

    def _file_name(self) -> str:
        reading = self.state.reading
        policy = "agent" if reading is None else reading.metrics.policy
        return file_name(f"pktvisor-{policy}-{int(self.feed.now())}")
