"""Files that a key saves: never over one that is there."""

from __future__ import annotations

import itertools
import re
from pathlib import Path

from pktvisor.escaping import printable_json
from pktvisor.outputs.json import encode
from pktvisor.tui.watched import Reading


def save_document(reading: Reading, name: str) -> str:
    """Save the document that the agent gave, and say where, or why not."""
    return save_text(printable_json(encode(reading.metrics.document).decode()) + "\n", name, "json")


def picture(svg: str) -> str:
    """Make a screenshot the same for the same screen, with fonts of the viewer's and all its blanks."""
    without_fonts = re.sub(r"@font-face \{.*?\}\s*", "", svg, flags=re.DOTALL)
    same_names = re.sub(r"terminal-\d+", "terminal", without_fonts)
    return same_names.replace("<svg ", '<svg xml:space="preserve" ', 1)


def save_text(text: str, name: str, ending: str) -> str:
    """Save a text in the current folder, and say where, or why not."""
    for number in itertools.count():
        path = Path(f"{name}{f'-{number}' if number else ''}.{ending}")
        try:
            with path.open("x", encoding="utf-8") as file:
                file.write(text)
        except FileExistsError:
            continue
        except OSError as error:
            return f"cannot save {path}: {error.strerror}"
        return f"saved {path}"
    raise AssertionError("numbers don't end")
