"""What comes over a screen for a moment: help, a choice, a line to type."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Input, OptionList, Static

from pktvisor.tui.keys import KEYS

BOX = "border: round $primary; background: $surface; padding: 0 1;"


class Help(ModalScreen[None]):
    """The keys."""

    BINDINGS: ClassVar[list[BindingType]] = [("escape,q,question_mark,f1,enter,space", "dismiss(None)", "close")]
    CSS = f"Help {{ align: center middle; }} Help VerticalScroll {{ width: 76; max-height: 100%; height: auto; {BOX} }}"

    def compose(self) -> ComposeResult:
        """Make the page."""
        lines = [f"{key.shown:<9}{key.help}" for key in KEYS]
        text = "\n".join(lines)
        with VerticalScroll() as box:
            box.border_title = "Keys"
            box.border_subtitle = "Esc closes"
            yield Static(text, markup=False)


class Choice(ModalScreen[str | None]):
    """One of some names; None where nothing was chosen."""

    BINDINGS: ClassVar[list[BindingType]] = [("escape,q,p", "dismiss(None)", "close")]
    CSS = f"Choice {{ align: center middle; }} Choice OptionList {{ width: 60; max-height: 80%; height: auto; {BOX} }}"

    def __init__(self, title: str, names: Sequence[str], chosen: str) -> None:
        super().__init__()
        self._title = title
        self._names = names
        self._chosen = chosen

    def compose(self) -> ComposeResult:
        """Make the list."""
        options = OptionList(*self._names, markup=False)
        options.border_title = self._title
        options.highlighted = self._names.index(self._chosen) if self._chosen in self._names else 0
        yield options

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Take the choice."""
        self.dismiss(self._names[event.option_index])


class Question(ModalScreen[str | None]):
    """A line to type; None where it was left."""

    BINDINGS: ClassVar[list[BindingType]] = [("escape", "dismiss(None)", "close")]
    CSS = f"Question Input {{ dock: bottom; width: 100%; height: 3; {BOX} }}"

    def __init__(self, title: str, text: str) -> None:
        super().__init__()
        self._title = title
        self._text = text

    def compose(self) -> ComposeResult:
        """Make the line."""
        line = Input(self._text)
        line.cursor_blink = False
        line.border_title = self._title
        yield line

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Take what was typed."""
        self.dismiss(event.value)
