"""Man pages and completion: as new as the options, without mistakes, and of use in the shells that they are for."""

from __future__ import annotations

import os
import pty
import re
import select
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from shell_files.commands import Command, commands
from shell_files.files import SHARE, files

PAGES = sorted(path for path in files() if path.suffix == ".1")
COMMANDS = {command.name: command for command in commands()}
TABLES = SHARE / "zsh" / "site-functions"
PROMPT = "ready> "

Shell = Callable[[str, Path], list[str]]
"""What a shell proposes for a line, in a folder."""


def needed(program: str) -> str:
    found = shutil.which(program)
    if found is None:
        pytest.skip(f"there is no {program}: apt-get install {program}")
    return found


def test_they_are_as_new_as_the_options() -> None:
    kept = {path: path.read_text(encoding="utf-8") for path in SHARE.rglob("*") if path.is_file()}
    assert kept == files(), "run: make docs"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_manual_page_is_without_mistakes(page: Path) -> None:
    lint = [needed("mandoc"), "-T", "lint", "-W", "warning", str(page)]
    done = subprocess.run(lint, check=False, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "")


@pytest.mark.parametrize("command", COMMANDS.values(), ids=lambda command: command.page)
def test_a_manual_page_has_every_option_as_it_is_written(command: Command) -> None:
    done = subprocess.run(
        [needed("mandoc"), "-T", "utf8", "-O", "width=900", SHARE / "man" / "man1" / f"{command.page}.1"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    lines = {line.strip() for line in re.sub(".\b", "", done.stdout).splitlines()}
    for option in command.options:
        words = "".join(f" {word}" for word in option.words)
        names = ", ".join(f"{name}{words}" for name in option.names)
        assert any(line == names or line.startswith(f"{names} ") for line in lines), names


def in_bash(line: str, folder: Path) -> list[str]:
    """What bash proposes for the last word of a line, whose words are cut at blanks."""
    words = line.split(" ")
    script = (
        f'source "{SHARE}/bash-completion/completions/{words[0]}"; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); '
        f'_{words[0].replace("-", "_")}; printf "%s\\n" "${{COMPREPLY[@]}}"'
    )
    done = subprocess.run(
        [needed("bash"), "--norc", "-uc", script, "-", *words], capture_output=True, text=True, check=True, cwd=folder
    )
    return done.stdout.split()


def in_fish(line: str, folder: Path) -> list[str]:
    script = f'source "{SHARE}/fish/vendor_completions.d/{line.split(" ")[0]}.fish"; complete -C "{line}"'
    done = subprocess.run(
        [needed("fish"), "--no-config", "-c", script],
        capture_output=True, text=True, check=True, cwd=folder, env={**os.environ, "HOME": str(folder)},
    )  # fmt: skip
    return [proposed.split("\t")[0] for proposed in done.stdout.splitlines()]


@contextmanager
def zsh(folder: Path) -> Iterator[int]:
    """An interactive zsh with the completions, as the terminal that it sits at."""
    program = needed("zsh")
    setup = folder / ".zshrc"
    setup.write_text(
        f"fpath=('{TABLES}' $fpath); autoload -Uz compinit; compinit -u -D\n"
        f"unsetopt PROMPT_SP AUTO_LIST; bindkey '^I' complete-word; PS1='{PROMPT}'; cd '{folder}'\n"
    )
    pid, terminal = pty.fork()
    if pid == 0:
        os.execve(program, [program, "-i"], {"ZDOTDIR": str(folder), "TERM": "dumb", "PATH": os.environ["PATH"]})
    try:
        yield terminal
    finally:
        os.close(terminal)
        os.waitpid(pid, 0)


def read_until(terminal: int, expected: str) -> str:
    """What the terminal shows up to that. Looks are counted, not seconds: both of us may be stopped for a while."""
    shown, looks = "", 300
    while expected not in shown:
        ready, _, _ = select.select([terminal], [], [], 1)
        looks -= not ready
        assert looks, f"no {expected!r} in {shown!r}"
        shown += os.read(terminal, 4096).decode(errors="replace") if ready else ""
    return shown


BASH_AND_FISH = pytest.mark.parametrize("proposed", [in_bash, in_fish])


@BASH_AND_FISH
def test_options_are_proposed_behind_a_dash(proposed: Shell, tmp_path: Path) -> None:
    assert set(proposed("pktvisord --hub-t", tmp_path)) == {"--hub-token-file", "--hub-top-items"}


@BASH_AND_FISH
def test_options_that_do_nothing_any_more_are_not_proposed(proposed: Shell, tmp_path: Path) -> None:
    assert not [one for one in proposed("pktvisord --", tmp_path) if one.startswith("--cp-")]


@BASH_AND_FISH
def test_the_choices_of_an_option_are_proposed(proposed: Shell, tmp_path: Path) -> None:
    assert set(proposed("pktvisord --log-format ", tmp_path)) == {"text", "json"}


@BASH_AND_FISH
def test_files_are_proposed_where_an_option_takes_one(proposed: Shell, tmp_path: Path) -> None:
    (tmp_path / "policies.yaml").touch()
    assert proposed("pktvisord --config pol", tmp_path) == ["policies.yaml"]


@BASH_AND_FISH
def test_interfaces_and_captures_are_proposed_as_targets(proposed: Shell, tmp_path: Path) -> None:
    (tmp_path / "lost.pcap").touch()
    assert set(proposed("pktvisord lo", tmp_path)) == {"lo", "lost.pcap"}
    assert proposed("pktvisord mo", tmp_path) == ["mock"]


@BASH_AND_FISH
def test_the_words_of_the_hub_have_options_of_their_own(proposed: Shell, tmp_path: Path) -> None:
    assert set(proposed("pktvisor-hub ", tmp_path)) == {"demo", "sql"}
    assert proposed("pktvisor-hub demo --ag", tmp_path) == ["--agents"]
    assert proposed("pktvisor-hub --ag", tmp_path) == []


def test_bash_proposes_behind_an_equals_sign(tmp_path: Path) -> None:
    assert in_bash("pktvisor-reader -i = net", tmp_path) == ["netflow"]


@pytest.mark.parametrize(
    ("typed", "completed"),
    [
        ("pktvisord --hub-token-f", "--hub-token-file="),
        ("pktvisord --log-format=te", "--log-format=text"),
        ("pktvisord --config pol", "policies.yaml"),
        ("pktvisord mo", "mock"),
        ("pktvisor-hub de", "demo"),
        ("pktvisor-hub demo --ag", "--agents="),
        ("pktvisor -H localhost --tim", "--timeout="),
        ("pktvisor-reader -i netf", "netflow"),
    ],
)
def test_zsh_completes_what_was_begun(typed: str, completed: str, tmp_path: Path) -> None:
    (tmp_path / "policies.yaml").touch()
    with zsh(tmp_path) as terminal:
        read_until(terminal, PROMPT)
        os.write(terminal, f"{typed}\t".encode())
        read_until(terminal, completed)
        os.write(terminal, b"\x15exit\r")
