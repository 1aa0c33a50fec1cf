"""Text from outside, made fit for a terminal, a log, a file name: names come off the wire, documents from strangers."""

from __future__ import annotations

import re

INVISIBLE = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180d\u180f\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]"
)
"""Characters that Python calls printable and that no font shows (Unicode: Default_Ignorable_Code_Point)."""

SHORT = {"\t": "\\t", "\n": "\\n", "\r": "\\r"}

LONGEST_FILE_NAME = 100


def printable(text: str) -> str:
    r"""Give a text on one line, with nothing in it that a terminal would obey or that could not be seen.

    That is control characters of either set (ESC, U+009B), line ends of all kinds, marks that change the direction of
    writing, and what has no width. They are written as `\x1b` or `\u202e`.
    """
    if is_printable(text):
        return text
    return "".join(character if is_printable(character) else _escaped(character) for character in text)


def printable_json(text: str) -> str:
    """Give JSON that says the same, with JSON's own escapes for what is not printable."""
    if is_printable(text):
        return text
    return "".join(c if c == "\n" or is_printable(c) else _escaped_in_json(c) for c in text)


def file_name(text: str) -> str:
    """Give a name that a file may have wherever it is: letters, digits, `-`, `_` and dots inside; others become `_`."""
    plain = "".join(c if (c.isascii() and c.isalnum()) or c in "-_." else "_" for c in text)
    return plain[:LONGEST_FILE_NAME].strip(".") or "_"


def is_printable(text: str) -> bool:
    """Whether all of a text can be seen, on one line."""
    return text.isprintable() and (text.isascii() or INVISIBLE.search(text) is None)


def _escaped(character: str) -> str:
    code = ord(character)
    if code < 0x100:
        return SHORT.get(character, f"\\x{code:02x}")
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _escaped_in_json(character: str) -> str:
    code = ord(character)
    if code < 0x10000:
        return f"\\u{code:04x}"
    high, low = divmod(code - 0x10000, 0x400)
    return f"\\u{0xD800 + high:04x}\\u{0xDC00 + low:04x}"
