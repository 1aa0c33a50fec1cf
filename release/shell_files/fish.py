"""Completion for fish."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from shell_files.commands import Command, Option, Values, subcommands


def script(command: Command, among: Sequence[Command]) -> str:
    """The file for one command, with those that are a word of it."""
    return "\n".join(_lines(command, among)) + "\n"


def _lines(command: Command, among: Sequence[Command]) -> Iterator[str]:
    yield "# Written by release/shell_files; change the declarations of the options, not this file."
    below = subcommands(command, among)
    start = f"complete -c {command.name}"
    yield f"{start} -f" if not command.takes_files else f"{start} -F"
    if command.targets:
        interfaces = f"{' '.join(command.targets)} (command ls /sys/class/net 2>/dev/null)"
        yield f"{start} -a {_quoted(interfaces)} -d {_quoted('interface')}"
    alone = f"not __fish_seen_subcommand_from {' '.join(below)}" if below else ""
    for name, one in below.items():
        yield f"{start} -n __fish_is_first_token -a {name} -d {_quoted(one.summary)}"
        yield from (_option(start, option, f"__fish_seen_subcommand_from {name}") for option in one.shown)
    yield from (_option(start, option, alone) for option in command.shown)


def _option(start: str, option: Option, condition: str) -> str:
    parts = [start, *([f"-n {_quoted(condition)}"] if condition else []), *map(_name, option.names)]
    if option.choices:
        parts.append(f"-x -a {_quoted(' '.join(option.choices))}")
    elif option.values is Values.DIRECTORY:
        parts.append("-x -a '(__fish_complete_directories)'")
    elif option.values is Values.FILE:
        parts.append("-r -F")
    elif option.values is Values.ANYTHING:
        parts.append("-x")
    return " ".join([*parts, f"-d {_quoted(option.brief)}"])


def _name(name: str) -> str:
    """Fish tells `--long`, `-s` and `-old` apart."""
    if name.startswith("--"):
        return f"-l {name[2:]}"
    return f"-s {name[1:]}" if len(name) == 2 else f"-o {name[1:]}"


def _quoted(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
