"""What an option of a command is. One declaration has its name, type, bounds, default and help; the rest follows.

A command has a frozen dataclass; a field that is annotated with an `Option` is an option:

    port: Annotated[int, Port(written="-p", help="serve on this port (default: {default})", most=65535)] = 10853

From it follow the parser (`cli.parsing`), the key in `visor.config` with its type (`config.daemon`), what is refused
(`refused`), which options are paths, and the reference pages (docs/generate.py). A new option is a new field, and the
code that uses it. What options must do together is a `Rule` in the command's `rules`.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_type_hints

from pktvisor.config.networks import read_networks
from pktvisor.config.ports import read_ports
from pktvisor.config.tags import MOST_TAGS, Tags, joined, read_tag, read_tags
from pktvisor.config.urls import BrokerUrl, HttpUrl, LakeUrl, read_url
from pktvisor.errors import ConfigError


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Option:
    """One option; its name is the field's. Use one of the kinds below."""

    help: str
    """What it does; `{default}`, `{least}` and `{most}` stand for what is declared."""
    written: str = ""
    """How it is written on the command line, with blanks between several ways; the name with dashes where empty."""
    value: str | tuple[str, ...] = ""
    """What stands for its value in the help; several words where it takes several."""
    section: str = ""
    """The title that it stands below in the help."""
    is_key: bool = True
    """Whether `visor.config` may say it."""
    excludes: str = ""
    """Of options with the same text here, only one can be given."""

    def read(self, text: str) -> Any:
        """Read what stands on the command line. ValueError with a sentence."""
        return text

    def taken(self, value: Any) -> Any:
        """Give what the command works with, of what a file says."""
        return value

    def refused(self, value: Any) -> str:  # noqa: ARG002 (kinds look at it)
        """Tell what is wrong with a value that has the right type; empty where nothing is."""
        return ""


class Flag(Option):
    """On where the command line or the file says so."""


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Number(Option):
    """A whole number."""

    value: str | tuple[str, ...] = "N"
    least: int | None = None
    most: int | None = None
    on_line: Literal["taken", "clamped", "refused"] = "taken"
    """What becomes of a number out of bounds as soon as it is read from the command line."""
    is_clamped: bool = False
    """Whether the command makes do with the nearest number within the bounds; `--check-config` refuses it."""
    noun: str = "a whole number"

    def read(self, text: str) -> int:
        """Read a number within what the command line may say."""
        number = self._number(text)
        if number is None or (self.on_line == "refused" and self._is_outside(number)):
            raise ValueError(f"{text[:40]!r} is not {self.noun.format(least=self.least, most=self.most)}")
        return self.clamped(number) if self.on_line == "clamped" else number

    def _number(self, text: str) -> int | None:
        try:
            return int(text)
        except ValueError:
            return None

    def _is_outside(self, number: int) -> bool:
        return number != self.clamped(number)

    def clamped(self, number: int) -> int:
        """Give the nearest number within the bounds."""
        number = number if self.least is None else max(number, self.least)
        return number if self.most is None else min(number, self.most)

    def refused(self, value: Any) -> str:
        """Tell that a number is out of bounds."""
        return f"{value} is not between {self.least} and {self.most}" if self._is_outside(value) else ""


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Port(Number):
    """A TCP port; its bounds are checked where the command line and the file meet, unless `on_line` says otherwise."""

    value: str | tuple[str, ...] = "PORT"
    least: int | None = 0
    most: int | None = 65535
    noun: str = "a port number"

    def _number(self, text: str) -> int | None:
        return int(text) if text.isascii() and text.isdecimal() and len(text) < 20 else None


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Ports(Option):
    """Several ports: a text with commas; in a file also a list."""

    value: str | tuple[str, ...] = "PORTS"
    may_be_any: bool = False
    """Whether `any` may be among them."""

    def read(self, text: str) -> tuple[int, ...]:
        """Read a text with commas."""
        try:
            return read_ports(text, may_be_any=self.may_be_any)
        except ConfigError as error:
            raise ValueError(error.message) from error

    def taken(self, value: Any) -> Any:
        """Give the ports of a file's list."""
        return read_ports(value, may_be_any=self.may_be_any) if isinstance(value, list) else value


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Text(Option):
    """A text; one of `choices` where there are any."""

    choices: tuple[str, ...] = ()
    reader: Callable[[str], Any] = str

    def read(self, text: str) -> Any:
        """Read it as `reader` does."""
        return self.reader(text)

    def refused(self, value: Any) -> str:
        """Tell that it is none of the choices."""
        return f"must be {' or '.join(self.choices)}, not {value}" if self.choices and value not in self.choices else ""


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class File(Text):
    """The path of a file or directory, as seen from where the command was started."""

    value: str | tuple[str, ...] = "FILE"


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Url(Text):
    """The address of a service: of HTTP, unless another `reading` says of what."""

    value: str | tuple[str, ...] = "URL"
    reading: Callable[[str], HttpUrl | BrokerUrl | LakeUrl] = read_url

    def read(self, text: str) -> str:
        """Read an address; it stays as it was written."""
        if mistake := self.refused(text):
            raise ValueError(mistake)
        return text

    def refused(self, value: Any) -> str:
        """Tell that it is no address."""
        try:
            self.reading(value)
        except ConfigError as error:
            return str(error)
        return ""


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Networks(Text):
    """Networks and addresses, with commas between them; they stay as they were written."""

    value: str | tuple[str, ...] = "NETWORKS"

    def read(self, text: str) -> str:
        """Read networks."""
        if mistake := self.refused(text):
            raise ValueError(mistake)
        return text

    def refused(self, value: Any) -> str:
        """Tell that they are none."""
        try:
            read_networks(value)
        except ValueError as error:
            return f"makes no sense: {error}"
        return ""


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class TagList(Option):
    """Tags, one at a time; in a file a map. Each is of the command line, else of the file, else of the environment."""

    value: str | tuple[str, ...] = "NAME=VALUE"
    variable: str
    """The variable of the environment that may have some."""

    def read(self, text: str) -> tuple[str, str]:
        """Read one tag."""
        return read_tag(text)

    def taken(self, value: Any) -> Any:
        """Give the tags of a file's map."""
        return joined(value.items()) if isinstance(value, Mapping) else value

    def refused(self, value: Any) -> str:
        """Tell that there are too many."""
        return f"are too many: {len(value)}; use at most {MOST_TAGS}" if len(value) > MOST_TAGS else ""

    def together(self, on_line: Any, in_file: Any, environment: Mapping[str, str]) -> Tags:
        """Join the tags of all places. ConfigError for those of the environment that are none."""
        try:
            around = read_tags(environment.get(self.variable, ""))
        except ValueError as error:
            raise ConfigError(f"{self.variable}: {error}") from None
        return joined(around, self.taken(in_file or {}), on_line or ())


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Operands(Option):
    """What stands on the command line without a name."""

    is_needed: bool = False
    is_key: bool = False


@dataclass(frozen=True, slots=True)
class Declared:
    """An option of a command, with its name and its default."""

    name: str
    option: Option
    default: Any

    @property
    def help(self) -> str:
        """What it does."""
        bounds = {bound: getattr(self.option, bound, None) for bound in ("least", "most")}
        return self.option.help.format(default=self.default, **bounds)

    def mistakes(self, value: Any) -> Iterator[ConfigError]:
        """Give what is wrong with a value of the right type."""
        if value is not None and (mistake := self.option.refused(value)):
            yield ConfigError(f"{self.name} {mistake}", path=f"config.{self.name}")


@dataclass(frozen=True, slots=True)
class Rule:
    """What several options of a command must do together."""

    is_broken: Callable[[Any], bool]
    """Whether a command's options, all of the right type, break it."""
    message: str
    """A sentence for whoever broke it; `{name}` stands for what was said of an option."""
    hint: str = ""
    """What would do."""
    name: str = ""
    """The option that is at fault, where one is."""

    @property
    def path(self) -> str:
        """Where it is said in a file."""
        return f"config.{self.name}".removesuffix(".")


def values_refused(options: Any, *, are_clamped: bool = False) -> Iterator[ConfigError]:
    """Give what is wrong with the values of a command's options: of those that make do with the nearest value where
    `are_clamped`, else of the others.
    """
    command: type = type(options)
    for name, one in options_of(command).items():
        if getattr(one.option, "is_clamped", False) == are_clamped:
            yield from one.mistakes(getattr(options, name))


def rules_broken(options: object) -> Iterator[ConfigError]:
    """Give what a command's options do not do together, by the `rules` of its class."""
    rules: tuple[Rule, ...] = getattr(options, "rules", ())
    for rule in rules:
        if rule.is_broken(options):
            yield ConfigError(rule.message.format_map(vars(options)), hint=rule.hint, path=rule.path)


@functools.cache
def options_of(command: type) -> Mapping[str, Declared]:
    """Give a command's options by name, in the order of its fields."""
    hints = get_type_hints(command, include_extras=True)
    found = {}
    for field in dataclasses.fields(command):
        for said in getattr(hints[field.name], "__metadata__", ()):
            if isinstance(said, Option):
                default = field.default if field.default_factory is dataclasses.MISSING else field.default_factory()
                found[field.name] = Declared(field.name, said, default)
    return found
