"""Guesses at what was meant, for messages about names that are not known.

A name is meant where few slips of the pen lead to it: letters that are missing, too many, others, or changed places.
Whether it is one or many (`policy`, `policies`) makes no difference.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

LONGEST = 100
"""Characters of a name that are looked at."""
LETTERS_PER_SLIP = 3
MOST_SLIPS = 2

_MEANT = re.compile("did you mean '([^']+)'\\?")
_IS_MEANT = re.compile("is '([^']+)' meant\\?")


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """`; did you mean 'dns'?` where a known name is much like the word, else nothing: the end of a message."""
    close = _nearest(word, known)
    return f"; did you mean '{close}'?" if close else ""


def is_meant(wanted: str, there: Iterable[str]) -> str:
    """`; is 'handelrs' meant?` where one of the names that are there is much like the wanted one, else nothing."""
    close = _nearest(wanted, (word[:LONGEST] for word in there))
    return f"; is '{close}' meant?" if close else ""


def meant_by(sentence: str) -> str | None:
    """Give the name that a sentence with `did_you_mean` in it proposes."""
    found = _MEANT.search(sentence)
    return None if found is None else found[1]


def misspelt_by(sentence: str) -> str | None:
    """Give the name that a sentence with `is_meant` in it takes for another."""
    found = _IS_MEANT.search(sentence)
    return None if found is None else found[1]


def _nearest(word: str, names: Iterable[str]) -> str:
    """The first of the names that fewest slips lead to; empty where all need too many for words of that length."""
    wanted, nearest = _singular(word[:LONGEST]), ""
    most = min(MOST_SLIPS, max(1, len(wanted) // LETTERS_PER_SLIP))
    for name in names:
        known = _singular(name)
        if abs(len(known) - len(wanted)) <= most and (slips := _slips(wanted, known, most)) < min(most + 1, len(known)):
            nearest, most = name, slips - 1
    return nearest


def nearest_word(meant: str, words: Iterable[str]) -> str:
    """Give the one of the words that was to be another; empty where none is much like it."""
    return _nearest(meant, (word for word in words if word != meant))


def _singular(word: str) -> str:
    return f"{word.removesuffix('ies')}y" if word.endswith("ies") else word


def _slips(one: str, other: str, most: int) -> int:
    """How many slips lead from a word to another (the distance of Damerau and Levenshtein); more than `most` where it
    takes more.
    """
    before: list[int] = []
    row = list(range(len(other) + 1))
    for at, letter in enumerate(one):
        before, last, row = row, before, [at + 1]
        for place, known in enumerate(other):
            slips = min(row[place] + 1, before[place + 1] + 1, before[place] + (letter != known))
            if at and place and letter == other[place - 1] and one[at - 1] == known:
                slips = min(slips, last[place - 1] + 1)
            row.append(slips)
        if min(row) > most:
            return most + 1
    return row[-1]
