"""Guesses at what was meant, for messages about names that are not known."""

from __future__ import annotations

from collections.abc import Iterable


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """`; did you mean 'dns'?` where a known name is much like the word, else nothing: the end of a message."""
    import difflib

    close = difflib.get_close_matches(word[:100], list(known), n=1)
    return f"; did you mean '{close[0]}'?" if close else ""


def is_meant(wanted: str, there: Iterable[str]) -> str:
    """`; is 'handelrs' meant?` where one of the names that are there is much like the wanted one, else nothing."""
    import difflib

    close = difflib.get_close_matches(wanted, [word[:100] for word in there], n=1)
    return f"; is '{close[0]}' meant?" if close else ""
