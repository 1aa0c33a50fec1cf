"""Conditions as texts: `dns.rcode == NXDOMAIN and ip.src in 10.0.0.0/8`, as policies write them.

    condition  = both { "or" both }
    both       = negation { "and" negation }
    negation   = "not" negation | "(" condition ")" | test
    test       = column ( "==" | "!=" | "<" | "<=" | ">" | ">=" ) constant
               | column [ "not" ] ( "in" | "below" | "has" | "starts" "with" | "ends" "with" ) constants
               | column "is" ( "present" | "absent" )
    constants  = constant | "[" constant { "," constant } "]"

Constants are numbers (also `0x1f`), words for numbers (`pktvisor.metrics.mnemonics`), addresses, networks, and texts,
in quotes where they hold anything but letters, digits and `_ . : / * -`. What a constant may be follows from its
column.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NoReturn, TypeVar

from pktvisor.errors import ConfigError
from pktvisor.metrics.constants import Part, network_of, number_of, text_of
from pktvisor.metrics.expressions import Condition
from pktvisor.metrics.named_columns import WITH_ARTICLE, NamedColumn, Nature, named_column

LONGEST = 4096
"""Characters of an expression."""
MOST_LEVELS = 16
"""Brackets and negations within each other; the core reads no deeper."""

T = TypeVar("T")

COMPARISONS = ("==", "!=", "<", "<=", ">", ">=")

_TOKEN = re.compile(
    r"""(?P<space>\s+)
      | (?P<text>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')
      | (?P<symbol>==|!=|<=|>=|[<>()\[\],])
      | (?P<word>[A-Za-z0-9_.:/*-]+)""",
    re.VERBOSE | re.DOTALL,
)
_OTHER_LANGUAGES = {"=": "==", "&": "and", "|": "or", "!": "not", "~": "not"}


@dataclass(frozen=True)
class Expression:
    """A condition with the columns that it names."""

    condition: Condition
    columns: tuple[NamedColumn, ...]


@dataclass(frozen=True, slots=True)
class Token:
    """A word, a symbol or a text in quotes."""

    kind: str
    text: str
    """Without quotes, where it had any."""
    start: int
    """The character where it starts, counted from 1."""

    def __str__(self) -> str:
        return "the end" if self.kind == "end" else f"'{self.text[:60]}'"


def parse_expression(text: str) -> Expression:
    """The condition that a text means. ConfigError, with the character where it fails, where it means none."""
    if len(text) > LONGEST:
        raise ConfigError(f"an expression may have {LONGEST} characters, this one has {len(text)}")
    parser = _Parser(_tokens(text))
    condition = parser.whole()
    return Expression(condition, tuple(parser.columns.values()))


def _tokens(text: str) -> list[Token]:
    tokens = []
    at = 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            _fail_at_character(text, at)
        kind, found = match.lastgroup or "", match.group()
        if kind == "text":
            found = re.sub(r"\\(.)", r"\1", found[1:-1], flags=re.DOTALL)
        if kind != "space":
            tokens.append(Token(kind, found, at + 1))
        at = match.end()
    return [*tokens, Token("end", "", len(text) + 1)]


def _fail_at_character(text: str, at: int) -> NoReturn:
    character = text[at]
    if character in "\"'":
        _fail(at + 1, "this quote is not closed")
    instead = _OTHER_LANGUAGES.get(character)
    hint = f"; did you mean '{instead}'?" if instead else "; a text with such characters must stand in quotes"
    _fail(at + 1, f"{character!r} has no meaning here{hint}")


def _fail(start: int, message: str) -> NoReturn:
    raise ConfigError(f"character {start}: {message}")


class _Parser:
    """Reads tokens by recursive descent; each method reads what it is called after."""

    def __init__(self, tokens: Sequence[Token]) -> None:
        self._tokens = tokens
        self._at = 0
        self._level = 0
        self.columns: dict[str, NamedColumn] = {}

    @property
    def _next(self) -> Token:
        return self._tokens[self._at]

    def _take(self) -> Token:
        token = self._next
        self._at += token.kind != "end"
        return token

    def _accept(self, kind: str, *texts: str) -> bool:
        """Take these tokens, if they come next."""
        coming = self._tokens[self._at : self._at + len(texts)]
        is_there = [(token.kind, token.text) for token in coming] == [(kind, text) for text in texts]
        self._at += len(texts) if is_there else 0
        return is_there

    def whole(self) -> Condition:
        """The whole text."""
        condition = self._condition()
        if self._next.kind != "end":
            _fail(self._next.start, f"expected 'and', 'or' or the end, not {self._next}")
        return condition

    def _condition(self) -> Condition:
        return self._joined("or", self._both)

    def _both(self) -> Condition:
        return self._joined("and", self._negation)

    def _joined(self, word: str, part: Callable[[], Condition]) -> Condition:
        parts = [part()]
        while self._accept("word", word):
            parts.append(part())
        return parts[0] if len(parts) == 1 else Condition([word, *(one.json for one in parts)])

    def _negation(self) -> Condition:
        if self._accept("word", "not"):
            return ~self._deeper(self._negation)
        if self._accept("symbol", "("):
            condition = self._deeper(self._condition)
            if not self._accept("symbol", ")"):
                _fail(self._next.start, f"expected ')', not {self._next}")
            return condition
        return self._test()

    def _deeper(self, part: Callable[[], Condition]) -> Condition:
        self._level += 1
        if self._level > MOST_LEVELS:
            _fail(self._next.start, f"more than {MOST_LEVELS} nested brackets and negations")
        condition = part()
        self._level -= 1
        return condition

    def _test(self) -> Condition:
        named = self._column()
        operator = self._next
        if operator.kind == "symbol" and operator.text in COMPARISONS:
            self._take()
            return self._comparison(named, operator)
        if self._accept("word", "is"):
            return self._presence(named, operator)
        is_negated = self._accept("word", "not")
        condition = self._membership(named)
        return ~condition if is_negated else condition

    def _column(self) -> NamedColumn:
        token = self._take()
        if token.kind != "word":
            _fail(token.start, f"expected a column such as dns.qname, not {token}")
        try:
            named = named_column(token.text)
        except ConfigError as error:
            _fail(token.start, error.message)
        self.columns[named.name] = named
        return named

    def _comparison(self, named: NamedColumn, operator: Token) -> Condition:
        if operator.text in ("==", "!="):
            equal = self._one_of(named, [self._constant()])
            return equal if operator.text == "==" else ~equal
        self._check_nature(named, operator, "number", "fraction", "time")
        number = self._read(named, self._constant(), number_of)
        return {
            "<": named.column < number,
            "<=": named.column <= number,
            ">": named.column > number,
            ">=": named.column >= number,
        }[operator.text]

    def _presence(self, named: NamedColumn, operator: Token) -> Condition:
        self._check_nature(named, operator, "text", "address")
        if self._accept("word", "present"):
            return named.column.is_present()
        if self._accept("word", "absent"):
            return ~named.column.is_present()
        _fail(self._next.start, f"expected 'present' or 'absent' after 'is', not {self._next}")

    def _membership(self, named: NamedColumn) -> Condition:
        operator = self._next
        if self._accept("word", "in"):
            return self._one_of(named, self._constants())
        if self._accept("word", "below"):
            self._check_nature(named, operator, "text")
            return named.column.below(*self._texts(named))
        if self._accept("word", "has"):
            self._check_nature(named, operator, "number")
            mask = 0
            for token in self._constants():
                mask |= self._read(named, token, number_of)
            return named.column.has_bits(mask)
        if self._accept("word", "starts", "with"):
            self._check_nature(named, operator, "text", "place")
            return named.column.starts_with(*self._texts(named, part="start"))
        if self._accept("word", "ends", "with"):
            self._check_nature(named, operator, "text", "place")
            return named.column.ends_with(*self._texts(named, part="end"))
        operators = ", ".join((*COMPARISONS, "in", "below", "has", "starts with", "ends with"))
        _fail(operator.start, f"expected {operators} or is after a column, not {operator}")

    def _one_of(self, named: NamedColumn, tokens: Sequence[Token]) -> Condition:
        if named.nature == "address":
            return named.column.within(*(self._read(named, token, network_of) for token in tokens))
        if named.nature in ("text", "place"):
            return named.column.one_of_texts(self._texts_of(named, tokens))
        numbers = [self._read(named, token, number_of) for token in tokens]
        if len(numbers) == 1:
            return named.column == numbers[0]
        return named.column.one_of(sorted(set(numbers)))

    def _texts(self, named: NamedColumn, *, part: Part = "all") -> list[str]:
        return self._texts_of(named, self._constants(), part=part)

    def _texts_of(self, named: NamedColumn, tokens: Sequence[Token], *, part: Part = "all") -> list[str]:
        read = functools.partial(text_of, part=part)
        texts = [self._read(named, token, read) for token in tokens]
        # Tails of longer names have a dot before them, and nobody should have to know.
        return [*texts, *(f".{text}" for text in texts)] if named.is_tail else texts

    def _constants(self) -> list[Token]:
        """One constant, or several in square brackets."""
        if not self._accept("symbol", "["):
            return [self._constant()]
        tokens = [self._constant()]
        while self._accept("symbol", ","):
            tokens.append(self._constant())
        if not self._accept("symbol", "]"):
            _fail(self._next.start, f"expected ',' or ']', not {self._next}")
        return tokens

    def _constant(self) -> Token:
        token = self._take()
        if token.kind not in ("word", "text"):
            _fail(token.start, f"expected a constant, not {token}")
        return token

    def _read(self, named: NamedColumn, token: Token, read: Callable[[NamedColumn, str], T]) -> T:
        try:
            return read(named, token.text)
        except ConfigError as error:
            _fail(token.start, error.message)

    def _check_nature(self, named: NamedColumn, operator: Token, *natures: Nature) -> None:
        if named.nature not in natures:
            wanted = " or ".join(WITH_ARTICLE[nature] for nature in natures)
            is_there = WITH_ARTICLE[named.nature]
            _fail(operator.start, f"{operator} needs {wanted} before it, but {named.name} is {is_there}")
