"""What a constant in an expression means to the column that it is compared with."""

from __future__ import annotations

import ipaddress
import re

from pktvisor.config.suggestions import did_you_mean
from pktvisor.errors import ConfigError
from pktvisor.metrics.domain_names import domain_name
from pktvisor.metrics.expressions import schema
from pktvisor.metrics.mnemonics import mnemonics
from pktvisor.metrics.named_columns import WITH_ARTICLE, NamedColumn

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
        f"{named.name} is {WITH_ARTICLE[named.nature]}: a whole number{word} would do, not '{text[:60]}'{hint}"
    )


def text_of(named: NamedColumn, text: str, *, is_whole: bool = True) -> str:
    """The text that a constant is, a whole one or the part of one; names are in the form of the column."""
    if text in schema():
        raise ConfigError(f"{named.name} can be compared with constants, not with the column {text}")
    if not text:
        raise ConfigError("an empty text stands for nothing; 'is absent' asks for rows without one")
    if not named.is_of_dns_names:
        return text
    if not is_whole:
        return _part_of_name(text)
    return domain_name(text.removeprefix(".") if named.is_tail else text)


def _part_of_name(text: str) -> str:
    """The beginning or the end of names."""
    if not text.isascii():
        raise ConfigError(f"'{text[:80]}' is no part of a name on the wire: write it in ASCII, as xn--...")
    return text.lower().rstrip(".")


def network_of(named: NamedColumn, text: str) -> str:
    """The network, or the single address, that a constant is."""
    try:
        return str(ipaddress.ip_network(text, strict=False))
    except ValueError:
        raise ConfigError(
            f"{named.name} is an address: one like 10.0.0.1, or a network like 10.0.0.0/8 or 2001:db8::/32 would do, "
            f"not '{text[:60]}'"
        ) from None
