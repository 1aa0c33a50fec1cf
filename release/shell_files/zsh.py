"""Completion for zsh, by its own _arguments."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from shell_files.commands import Command, Option, Values, subcommands


def script(command: Command, among: Sequence[Command]) -> str:
    """The file for one command, with those that are a word of it."""
    return "\n".join(_lines(command, among)) + "\n"


def _lines(command: Command, among: Sequence[Command]) -> Iterator[str]:
    yield f"#compdef {command.name}"
    yield "# Written by release/shell_files; change the declarations of the options, not this file."
    below = subcommands(command, among)
    for name, one in below.items():
        yield f"if (( CURRENT > 2 )) && [[ $words[2] == {name} ]]; then"
        yield "    words=(${words[1]} ${words[3,-1]})"
        yield "    (( CURRENT-- ))"
        yield from (f"    {line}" for line in _arguments(one, ()))
        yield from ("    return", "fi")
    yield from _arguments(command, tuple(below))


def _arguments(command: Command, words: Sequence[str]) -> Iterator[str]:
    specifications = [*(_option(option) for option in command.shown), *_operands(command, words)]
    yield "_arguments \\"
    yield from (f"    {one} \\" for one in specifications[:-1])
    yield f"    {specifications[-1]}"


def _option(option: Option) -> str:
    """How _arguments is told of an option: the names exclude each other."""
    values = "".join(f":{word}:{_action(option)}" for word in option.words)
    told = f"[{_text(option.brief, '[]')}]{values}"
    names = [f"{name}{_joint(name, option)}" for name in option.names]
    if len(names) == 1:
        return _quoted(f"{names[0]}{told}" if "NAME=VALUE" not in option.words else f"*{names[0]}{told}")
    exclusive = _quoted(f"({' '.join(option.names)})")
    return f"{exclusive}{{{','.join(names)}}}{_quoted(told)}"


def _joint(name: str, option: Option) -> str:
    """Whether a value may stand behind = or directly behind the letter."""
    if option.values is Values.NONE or len(option.words) > 1:
        return ""
    return "=" if name.startswith("--") else "+" if len(name) == 2 else ""


def _action(option: Option) -> str:
    if option.choices:
        return f"({' '.join(option.choices)})"
    return {Values.FILE: "_files", Values.DIRECTORY: "_files -/"}.get(option.values, " ")


def _operands(command: Command, words: Sequence[str]) -> Iterator[str]:
    if command.targets:
        interfaces = f"{' '.join(command.targets)} $(ls /sys/class/net 2>/dev/null)"
        yield _quoted(f"*:interface or capture file:{{compadd -- {interfaces}; _files}}")
    elif command.takes_files:
        yield _quoted("*:capture file:_files")
    elif words:
        yield _quoted(f"1:command:({' '.join(words)})")


def _text(text: str, special: str) -> str:
    """A text in which characters are no marks of _arguments."""
    return "".join(f"\\{one}" if one in f"\\:{special}" else one for one in text)


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"
