"""Manual pages, in the language of man(7)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pktvisor.cli.options import STATUSES
from pktvisor.cli.ui_options import TOKEN_VARIABLE
from pktvisor.config.daemon_options import DECLARED
from pktvisor.config.options import TagList
from shell_files.commands import Command, Option

ENVIRONMENT = {
    "pktvisor": ((TOKEN_VARIABLE, "the agent's token, where no option names one"),),
    "pktvisord": tuple((one.option.variable, one.help) for one in DECLARED.values() if isinstance(one.option, TagList)),
}


def page(command: Command, version: str, date: str, among: Sequence[Command]) -> str:
    """One page of section 1."""
    return "\n".join(_lines(command, version, date, among)) + "\n"


def _lines(command: Command, version: str, date: str, among: Sequence[Command]) -> Iterator[str]:
    yield '.\\" Written by release/shell_files; change the declarations of the options, not this page.'
    yield f'.TH {_text(command.page.upper())} 1 {date} "pktvisor {version}" "User Commands"'
    yield from (".SH NAME", f"{_text(command.page)} \\- {_text(command.summary)}")
    yield from (".SH SYNOPSIS", f".B {_text(command.name)}", _text(command.synopsis))
    yield from (".SH DESCRIPTION", _text(command.description))
    for operand in command.operands:
        yield from (".TP", f".I {_text(operand.words[0])}", _text(operand.help))
    yield ".SH OPTIONS"
    yield from _options(command.options)
    if variables := ENVIRONMENT.get(command.name):
        yield ".SH ENVIRONMENT"
        for name, meaning in variables:
            yield from (".TP", f".B {_text(name)}", _text(meaning))
    yield ".SH EXIT STATUS"
    for status, meaning in sorted(STATUSES.items()):
        yield from (".TP", f".B {status}", _text(meaning))
    others = sorted(other.page for other in among if other is not command)
    yield from (".SH SEE ALSO", ",\n".join(f".BR {_text(other)} (1)" for other in others).replace(" (1),", " (1),"))


def _options(options: Sequence[Option]) -> Iterator[str]:
    section = ""
    for option in sorted(options, key=lambda one: [two.section for two in options].index(one.section)):
        if option.section != section:
            section = option.section
            yield f".SS {_text(section.capitalize())}"
        yield from (".TP", _names(option), _text(option.help))


def _names(option: Option) -> str:
    values = "".join(f" \\fI{_text(word)}\\fR" for word in option.words)
    return ", ".join(f"\\fB{_text(name)}\\fR{values}" for name in option.names)


def _text(text: str) -> str:
    """A text as it is: a dash stays a dash, and no line is a request."""
    escaped = text.replace("\\", "\\e").replace("-", "\\-").replace("~", "\\(ti").replace("^", "\\(ha")
    return f"\\&{escaped}" if escaped.startswith((".", "'")) else escaped
