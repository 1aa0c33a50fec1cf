"""The commands, and what a shell or a reader of the manual has to know of their options."""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, auto

from pktvisor.cli.daemon import daemon_parser
from pktvisor.cli.hub import hub_parser
from pktvisor.cli.hub_demo import DemoOptions, demo_parser
from pktvisor.cli.hub_sql import SqlOptions, sql_parser
from pktvisor.cli.options import Parser
from pktvisor.cli.reader import ReaderOptions, reader_parser
from pktvisor.cli.report import ReportOptions, report_parser
from pktvisor.cli.ui import terminal_parser
from pktvisor.cli.ui_options import TerminalOptions
from pktvisor.config.daemon_options import FORMER, DaemonOptions
from pktvisor.config.hub_options import HubOptions
from pktvisor.config.options import Declared, File, options_of

TARGETS = {"pktvisord": ("any", "auto", "mock"), "pktvisor": ("any",)}
"""Commands whose operands may also be interfaces, and the words that stand for some of these."""
LONG_END = "; ", " (", ", such as"
"""Where what follows is for the manual."""

SENTENCE_END = re.compile(r"\.( |$)|: | \(")
"""Where half a line of a description ends."""


class Values(Enum):
    """What may be the value of an option, as far as a shell can tell."""

    NONE = auto()
    ANYTHING = auto()
    FILE = auto()
    DIRECTORY = auto()


@dataclass(frozen=True)
class Option:
    """One option of a command."""

    names: tuple[str, ...]
    """How it is written."""
    words: tuple[str, ...]
    """What stands for its values."""
    help: str
    section: str
    values: Values
    choices: tuple[str, ...] = ()

    @property
    def brief(self) -> str:
        """What fits beside it in a list."""
        return min((self.help.split(end)[0] for end in LONG_END), key=len)

    @property
    def is_former(self) -> bool:
        """Whether it does nothing any more."""
        return self.section == FORMER


@dataclass(frozen=True)
class Command:
    """One command, or one that is a word of another: `pktvisor-hub sql`."""

    name: str
    description: str
    options: tuple[Option, ...]
    operands: tuple[Option, ...]
    synopsis: str

    @property
    def summary(self) -> str:
        """What it does, in half a line."""
        first = SENTENCE_END.split(self.description)[0]
        return first[0].lower() + first[1:]

    @property
    def page(self) -> str:
        """The name of its manual page."""
        return self.name.replace(" ", "-")

    @property
    def shown(self) -> tuple[Option, ...]:
        """The options that a shell proposes."""
        return tuple(option for option in self.options if not option.is_former)

    @property
    def targets(self) -> tuple[str, ...]:
        """Words for interfaces; none where it takes no interfaces."""
        return TARGETS.get(self.name, ())

    @property
    def takes_files(self) -> bool:
        """Whether what stands without a name are paths."""
        return bool(self.targets) or any(operand.values is Values.FILE for operand in self.operands)


def commands() -> tuple[Command, ...]:
    """All commands."""
    return tuple(
        _command(parser, options_of(declared))
        for parser, declared in (
            (terminal_parser(), TerminalOptions),
            (report_parser(), ReportOptions),
            (daemon_parser(), DaemonOptions),
            (hub_parser(), HubOptions),
            (demo_parser(), DemoOptions),
            (sql_parser(), SqlOptions),
            (reader_parser(), ReaderOptions),
        )
    )


def subcommands(command: Command, among: Sequence[Command]) -> Mapping[str, Command]:
    """The commands that are a word of this one, by that word."""
    start = f"{command.name} "
    return {one.name.removeprefix(start): one for one in among if one.name.startswith(start)}


def _command(parser: Parser, declared: Mapping[str, Declared]) -> Command:
    found = tuple(_options(parser, declared))
    return Command(
        name=parser.prog,
        description=parser.description or "",
        options=tuple(option for option in found if option.names),
        operands=tuple(option for option in found if not option.names),
        synopsis=" ".join(["[OPTION]...", *_synopsis(parser)]),
    )


def _synopsis(parser: Parser) -> Iterator[str]:
    for action in parser._get_positional_actions():
        yield f"{action.metavar}..." if action.nargs == "+" else f"[{action.metavar}]..."


def _options(parser: Parser, declared: Mapping[str, Declared]) -> Iterator[Option]:
    for group in parser._action_groups:
        for action in group._group_actions:
            if action.help not in (None, argparse.SUPPRESS):
                title = "" if group in (parser._optionals, parser._positionals) else group.title or ""
                yield _option(action, title, declared.get(action.dest))


def _option(action: argparse.Action, section: str, declared: Declared | None) -> Option:
    words = () if action.nargs == 0 else (action.metavar,) if isinstance(action.metavar, str) else action.metavar or ()
    return Option(
        names=tuple(action.option_strings),
        words=words,
        help=str(action.help).replace("%%", "%"),
        section=section,
        values=_values(words, declared),
        choices=tuple(action.choices or ()),
    )


def _values(words: tuple[str, ...], declared: Declared | None) -> Values:
    if not words:
        return Values.NONE
    if words == ("DIR",):
        return Values.DIRECTORY
    is_path = words == ("FILE",) or (declared is not None and isinstance(declared.option, File))
    return Values.FILE if is_path else Values.ANYTHING
