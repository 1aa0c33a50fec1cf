"""Domain names as people write them, in the form that the core's columns have: lower case, no final dot, A-labels."""

from __future__ import annotations

import re

from pktvisor.errors import ConfigError

_MOST_BYTES = 253
_MOST_LABEL_BYTES = 63
_ESCAPE = re.compile(r"\\([0-9]{3})")
# Where the two standards of IDNA differ (RFC 5894 section 7.2): which A-label is meant can't be told.
_DEVIATIONS = "\u00df\u03c2\u200c\u200d"


def domain_name(text: str, *, shown: str = "") -> str:
    r"""The name that a text means, with or without its final dot; '.' is the root, whose text is empty.

    Labels beyond ASCII become A-labels (RFC 5890 section 2.3.2.1). Bytes that are not printable stand as `\\DDD`, as in
    zone files. ConfigError where no name on the wire could be this one.
    """
    if text == ".":
        return ""
    shown = shown or text
    name = text.removesuffix(".")
    if not name.isascii():
        name = ".".join(_a_label(shown, label) for label in re.split("[.\u3002\uff0e\uff61]", name))
    name = name.lower()
    for label in name.split("."):
        _check_label(shown, label)
    if len(_ESCAPE.sub("x", name)) > _MOST_BYTES:
        raise _no_name(shown, f"it is longer than {_MOST_BYTES} bytes")
    return name


def domain_suffix(text: str) -> str:
    """The end of names that a text means: a name, and all below it; after a dot only what is below it."""
    if text in ("", "."):
        raise ConfigError(f"'{text}' matches every name: leave it out")
    if text.startswith("*."):
        raise _no_name(text, f"use '{text[2:]}' for this name and all below it, '{text[1:]}' only for those below it")
    return f".{domain_name(text[1:], shown=text)}" if text.startswith(".") else domain_name(text)


def start_of_name(text: str, *, after_dot: bool = False) -> str:
    """How names begin that a text means. The last dot is one of theirs: `www.` is no beginning of `www2.example`.

    `after_dot` says that names may begin with a dot, as those that were cut do.
    """
    start = _part(text)
    for at, label in enumerate(labels := start.split(".")):
        if label or not (at == len(labels) - 1 or (after_dot and at == 0)):
            _check_label(text, label)
    return start


def end_of_name(text: str) -> str:
    """How names end that a text means, with or without their final dot."""
    end = _part(text).removesuffix(".")
    if not end:
        raise ConfigError(f"'{text}' matches every name: leave it out")
    for at, label in enumerate(end.split(".")):
        if label or at > 0:
            _check_label(text, label)
    return end


def _part(text: str) -> str:
    if not text.isascii():
        raise ConfigError(f"'{text[:80]}' can't be part of a name: write it in ASCII, as xn--...")
    return text.lower()


def _a_label(text: str, label: str) -> str:
    if label.isascii():
        return label
    if any(character in _DEVIATIONS for character in label.lower()):
        raise _no_name(
            text, f"'{label[:63]}' has more than one form on the wire: write the one that is meant, as xn--..."
        )
    try:
        return label.encode("idna").decode("ascii")
    except UnicodeError:
        raise _no_name(text, f"'{label[:63]}' can't be encoded by IDNA: write it as xn--...") from None


def _check_label(text: str, label: str) -> None:
    if not label:
        raise _no_name(text, "it has an empty label between two dots")
    for number in _ESCAPE.findall(label):
        if int(number) > 255:
            raise _no_name(text, f"\\{number} is not a byte")
        if "!" <= (character := chr(int(number))) <= "~" and character not in ".\\":
            raise _no_name(text, f"write '{character.lower()}' instead of \\{number}")
    plain = _ESCAPE.sub("x", label)
    if len(plain) > _MOST_LABEL_BYTES:
        raise _no_name(text, f"a label has at most {_MOST_LABEL_BYTES} bytes")
    for character in plain:
        if character == "\\" or not "!" <= character <= "~":
            raise _no_name(text, f"write \\{ord(character):03} instead of '{character}'")


def _no_name(text: str, why: str) -> ConfigError:
    return ConfigError(f"'{text[:80]}' can never match a name: {why}")
