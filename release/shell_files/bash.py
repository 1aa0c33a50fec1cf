"""Completion for bash, with nothing but what bash itself has."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from shell_files.commands import Command, Option, Values, subcommands

HEAD = """\
# Completion for {name} in bash. Written by release/shell_files; change the declarations of the options, not this file.
{function}() {{
    local word=${{COMP_WORDS[COMP_CWORD]}} before=${{COMP_WORDS[COMP_CWORD - 1]}}
    COMPREPLY=()
    if [ "$word" = = ]; then
        word=
    elif [ "$before" = = ]; then
        before=${{COMP_WORDS[COMP_CWORD - 2]}}
    fi"""


def script(command: Command, among: Sequence[Command]) -> str:
    """The file for one command, with those that are a word of it."""
    return "\n".join(_lines(command, among)) + "\n"


def _lines(command: Command, among: Sequence[Command]) -> Iterator[str]:
    function = f"_{command.page.replace('-', '_')}"
    yield HEAD.format(name=command.name, function=function)
    below = subcommands(command, among)
    for name, one in below.items():
        yield f'    if [ "$COMP_CWORD" -gt 1 ] && [ "${{COMP_WORDS[1]}}" = {name} ]; then'
        yield from (f"    {line}" for line in _body(one, ()))
        yield from ("        return", "    fi")
    yield from _body(command, tuple(below))
    yield from ("}", f"complete -F {function} {command.name}")


def _body(command: Command, words: Sequence[str]) -> Iterator[str]:
    """Propose values behind an option, options behind a dash, else operands."""
    yield "    case $before in"
    yield from _values(command.shown)
    yield "    esac"
    names = " ".join(name for option in command.shown for name in option.names)
    yield "    if [[ $word == -* ]]; then"
    yield f"        {_words(names)}"
    yield "        return"
    yield "    fi"
    yield from _operands(command, words)


def _values(options: Sequence[Option]) -> Iterator[str]:
    """Cases of options that have values; where none can be proposed, nothing is."""
    of: dict[str, list[str]] = {}
    for option in options:
        if option.values is not Values.NONE:
            of.setdefault(_proposals(option), []).extend(option.names)
    for proposals, names in of.items():
        yield from (f"        {' | '.join(names)})", *(f"            {line}" for line in proposals.split("\n") if line))
        yield from ("            return", "            ;;")


def _proposals(option: Option) -> str:
    if option.choices:
        return _words(" ".join(option.choices))
    kind = {Values.FILE: "-f", Values.DIRECTORY: "-d"}.get(option.values)
    return _paths(kind) if kind else ""


def _paths(kind: str) -> str:
    return f'compopt -o filenames 2>/dev/null\nmapfile -t COMPREPLY < <(compgen {kind} -- "$word")'


def _words(words: str) -> str:
    return f'mapfile -t COMPREPLY < <(compgen -W "{words}" -- "$word")'


def _operands(command: Command, words: Sequence[str]) -> Iterator[str]:
    """Words of its own, interfaces, files."""
    if command.takes_files:
        yield from (f"    {line}" for line in _paths("-f").split("\n"))
    if command.targets:
        interfaces = f"{' '.join(command.targets)} $(ls /sys/class/net 2>/dev/null)"
        yield f"    {_words(interfaces).replace('-t', '-t -O ${#COMPREPLY[@]}')}"
    if words:
        yield f'    [ "$COMP_CWORD" -gt 1 ] || {_words(" ".join(words))}'
