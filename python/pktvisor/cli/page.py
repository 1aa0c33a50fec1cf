"""The first screen as a page of text, for the terminal or the pipe that stdout is."""

from __future__ import annotations

import os
import shutil
import sys

from pktvisor.tui.once import first_screen
from pktvisor.tui.views.content import ViewSettings
from pktvisor.tui.watch import Watch

LEAST_WIDTH = 80


def page(watch: Watch) -> str:
    """Write what was read last: as wide as the terminal and in its colours, plain elsewhere."""
    is_terminal = sys.stdout.isatty()
    columns = shutil.get_terminal_size((LEAST_WIDTH, 24)).columns
    return first_screen(
        watch.state,
        ViewSettings(),
        watch.watched.name,
        columns if is_terminal else max(columns, LEAST_WIDTH),
        is_coloured=is_terminal and not os.environ.get("NO_COLOR"),
    )
