"""What a constant in an expression means to the column that it is compared with."""

from __future__ import annotations

import ipaddress
import re
from typing import Literal

from pktvisor.config.suggestions import did_you_mean
from pktvisor.errors import ConfigError
from pktvisor.metrics.domain_names import domain_name, end_of_name, start_of_name
from pktvisor.metrics.expressions import schema
from pktvisor.metrics.mnemonics import mnemonics
from pktvisor.metrics.named_columns import WITH_ARTICLE, NamedColumn

Part = Literal["all", "start", "end"]
"""What of a column's text a constant is."""

_DIGITS = re.compile(r"[0-9]{1,20}|0[xX][0-9a-fA-F]{1,16}")


def number_of(named: NamedColumn, text: str) -> int:
    """The number that a constant is, or stands for. ConfigError where the column can't hold it."""
    words = mnemonics(named.name)
    if _DIGITS.fullmatch(text):
        number = int(text, 16 if text[:2] in ("0x", "0X") else 10)
        if number > named.largest:
            raise ConfigError(f"{named.name} holds numbers up to {named.largest}, not {text}")
        return number
    number_of_word = None if words is None else words.number(text)
    if number_of_word is not None:
        return number_of_word
    known = () if words is None else tuple(words.numbers)
    hint = did_you_mean(text, known) or did_you_mean(text.upper(), known)
    word = f", or a word like {known[-1]}" if known else ""
    raise ConfigError(
        f"{named.name} is {WITH_ARTICLE[named.nature]}: use a whole number{word}, not '{text[:60]}'{hint}"
    )


def text_of(named: NamedColumn, text: str, *, part: Part = "all") -> str:
    """The text that a constant is, or the part of one; names are in the form of the column."""
    if text in schema():
        raise ConfigError(f"{named.name} can be compared with constants, not with the column {text}")
    if not text:
        raise ConfigError("an empty text stands for nothing; 'is absent' asks for rows without one")
    if not named.is_of_dns_names:
        return text
    if part == "start":
        return start_of_name(text, after_dot=named.is_tail)
    if part == "end":
        return end_of_name(text)
    return domain_name(text.removeprefix(".") if named.is_tail else text)


def network_of(named: NamedColumn, text: str) -> str:
    """The network, or the single address, that a constant is."""
    try:
        return str(ipaddress.ip_network(text, strict=False))
    except ValueError:
        raise ConfigError(
            f"{named.name} is an address: use one such as 10.0.0.1, or a network such as 10.0.0.0/8 or 2001:db8::/32, "
            f"not '{text[:60]}'"
        ) from None
