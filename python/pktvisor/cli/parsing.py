"""Parsers of command lines, from the declarations of their options (`config.options`)."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any, Protocol, TypeVar

from pktvisor import _core
from pktvisor.cli.options import Parser, UsageError
from pktvisor.config.options import Declared, Flag, Operands, Option, TagList, options_of, rules_broken, values_refused

_Command = TypeVar("_Command")


class Adder(Protocol):
    """A parser, or one of its sections."""

    def add_argument(self, *names: str, **settings: Any) -> argparse.Action:
        """Add an option."""
        ...


class _Tuple(argparse.Action):
    """Keeps what stands on the line as a tuple."""

    def __call__(self, _: object, namespace: argparse.Namespace, values: Any, *__: object) -> None:
        setattr(namespace, self.dest, tuple(values))


def add_options(parser: Parser, command: type, *, is_open: bool = False) -> None:
    """Add all options of a command; what was not said is None where `is_open`, so that a file may say it."""
    sections: dict[str, argparse._ArgumentGroup | Parser] = {"": parser}
    exclusive: dict[str, Adder] = {}
    for one in options_of(command).values():
        title = one.option.section
        section = sections[title] if title in sections else sections.setdefault(title, parser.add_argument_group(title))
        adder: Adder = section
        if (key := one.option.excludes) and (adder := exclusive.get(key) or section) is section:
            adder = exclusive[key] = section.add_mutually_exclusive_group()
        adder.add_argument(*_spellings(one), **_settings(one, is_open=is_open))


def read_options(command: type[_Command], said: argparse.Namespace) -> _Command:
    """Give a command's options as its class. Raises `UsageError` where they break a rule, or one is out of bounds."""
    options = command(**vars(said))
    for error in (*rules_broken(options), *values_refused(options)):
        raise UsageError(error.message, hint=error.hint)
    return options


def add_version(parser: Parser) -> None:
    """Add the option that shows the version."""
    parser.add_argument("--version", action="version", version=f"pktvisor {_core.__version__}", help="show the version")


def _spellings(one: Declared) -> list[str]:
    if isinstance(one.option, Operands):
        return [one.name]
    return one.option.written.split() or [f"--{one.name.replace('_', '-')}"]


def _settings(one: Declared, *, is_open: bool) -> dict[str, Any]:
    """Give what argparse is told of an option."""
    option = one.option
    told: dict[str, Any] = {"help": one.help.replace("%", "%%")}
    if isinstance(option, Operands):
        return {**told, "metavar": option.value, "nargs": "+" if option.is_needed else "*", "action": _Tuple}
    told["dest"] = one.name
    if isinstance(option, Flag):
        return {**told, "action": "store_true"}
    if isinstance(option, TagList):
        told["action"] = "append"
    if isinstance(option.value, tuple):
        told["nargs"] = len(option.value)
    if choices := getattr(option, "choices", ()):
        told["choices"] = choices
    return {**told, "metavar": option.value, "type": _reader(option), "default": None if is_open else one.default}


def _reader(option: Option) -> Callable[[str], Any]:
    def read(text: str) -> Any:
        try:
            return option.read(text)
        except ValueError as error:
            raise argparse.ArgumentTypeError(str(error)) from None

    return read
