"""The state directory: what it keeps, forgets and refuses; with streams that need no rights."""

from __future__ import annotations

import logging
import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from pktvisor import clock
from pktvisor.agent import saving
from pktvisor.agent.local import AgentSettings, LocalAgent
from pktvisor.agent.saving import LONGEST_ABSENCE_S, StateDirectory
from pktvisor.errors import InputError
from pktvisor.files import replace_own
from support.written import TAP, body, policy

NOW_S = 2_000_000_000.0


@pytest.fixture
def agent(tmp_path: Path) -> LocalAgent:
    made = LocalAgent(AgentSettings(state_directory=tmp_path / "state"))
    made.add_tap(TAP)
    return made


def test_another_agent_can_not_use_it(tmp_path: Path) -> None:
    state = StateDirectory(tmp_path, NOW_S)
    with pytest.raises(InputError, match="another agent uses it"):
        StateDirectory(tmp_path, NOW_S)
    state.close()
    StateDirectory(tmp_path, NOW_S).close()


@pytest.mark.parametrize("content", [b"99\n", b"\xcf\x00\xff", b""])
def test_a_directory_of_another_layout_is_left_alone(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "VERSION").write_bytes(content)
    with pytest.raises(
        InputError, match=r"VERSION: its windows have another layout than this release's \(1\); move the directory away"
    ):
        StateDirectory(tmp_path, NOW_S)
    assert (tmp_path / "VERSION").read_bytes() == content


@pytest.mark.parametrize("name", ["lock", "VERSION"])
def test_no_link_leads_it_to_files_of_others(tmp_path: Path, name: str) -> None:
    other = tmp_path / "other"
    other.write_text("1\n")
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / name).symlink_to(other)
    with pytest.raises(InputError, match=f"state/{name}"):
        StateDirectory(tmp_path / "state", NOW_S)
    assert other.read_text() == "1\n"


def test_a_draft_that_is_a_link_is_replaced(tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.write_text("theirs")
    (tmp_path / "0.draft").symlink_to(other)
    replace_own(tmp_path / "0.window", b"ours")
    assert other.read_text() == "theirs"
    assert (tmp_path / "0.window").read_bytes() == b"ours"


def test_what_is_no_file_is_left_out_without_waiting(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "0.window")
    (tmp_path / "1.window").symlink_to("/etc/passwd")
    (tmp_path / "2.window").mkdir()
    assert [saving._read(tmp_path / f"{number}.window") for number in range(3)] == [None, None, None]


class ThreeWindows:
    """A policy's core with three windows."""

    def windows(self) -> list[tuple[int, bool]]:
        return [(6, True), (7, True), (8, False)]

    def save_window(self, number: int) -> bytes:
        return f"window {number}".encode()

    def restore(self, saved: list[bytes]) -> int:
        return len(saved)


def with_three_windows(name: str) -> Any:
    source = SimpleNamespace(is_recorded=False)
    stream = SimpleNamespace(name="eth-0", input=source, is_started=False)
    return SimpleNamespace(
        name=name,
        parts=[SimpleNamespace(stream=stream, policy=SimpleNamespace(periods=5, length_s=60, core=ThreeWindows()))],
    )


def test_odd_things_in_their_place_stop_neither_the_agent_nor_other_windows(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = tmp_path / "policies" / "edge" / "eth-0.5"
    for odd in ("7.window", "8.draft", "notes.window", "99.window"):
        (folder / odd).mkdir(parents=True)
    (tmp_path / "policies" / "other").write_text("none of ours")
    state = StateDirectory(tmp_path, now_s=0)
    policies = [with_three_windows("edge"), with_three_windows("other")]
    for one in policies:
        state.restore(one)
    for _ in range(2):
        state.save(policies)
    assert (folder / "6.window").read_bytes() == b"window 6"
    assert (folder / "7.window").is_dir()
    for name in ("edge", "other"):
        told = [message for message in caplog.messages if f"policy [{name}]: its windows can't be saved" in message]
        assert len(told) == 1, name
    (folder / "8.draft").rmdir()
    (folder / "7.window").rmdir()
    state.save(policies)
    assert sorted(path.name for path in folder.glob("[678].window")) == ["6.window", "7.window", "8.window"]
    state.close()


def test_a_version_that_is_a_directory_is_told_with_its_name(tmp_path: Path) -> None:
    (tmp_path / "VERSION").mkdir()
    with pytest.raises(InputError, match=r"not a file of pktvisor's, or too large: .*VERSION$"):
        StateDirectory(tmp_path, NOW_S)


def test_policies_that_were_not_there_for_a_week_are_forgotten(tmp_path: Path) -> None:
    StateDirectory(tmp_path, NOW_S).close()
    for name, age_s in (("old", LONGEST_ABSENCE_S + 1), ("new", LONGEST_ABSENCE_S - 1)):
        window = tmp_path / "policies" / name / "eth-0.5" / "0.window"
        window.parent.mkdir(parents=True)
        window.write_bytes(b"")
        for path in (window, window.parent, window.parent.parent):
            os.utime(path, (NOW_S - age_s, NOW_S - age_s))
    StateDirectory(tmp_path, NOW_S).close()
    assert [path.name for path in (tmp_path / "policies").iterdir()] == ["new"]


def test_a_policy_keeps_no_folders_of_streams_that_it_has_no_more(agent: LocalAgent, tmp_path: Path) -> None:
    former = tmp_path / "state" / "policies" / "edge" / "eth-former.5"
    former.mkdir(parents=True)
    agent.add_policy(body(policy()))
    agent.save()
    assert not former.exists()
    (folder,) = former.parent.iterdir()
    assert folder.name.startswith("eth-")


def test_a_removed_policy_is_forgotten(agent: LocalAgent, tmp_path: Path) -> None:
    agent.add_policy(body(policy()))
    agent.save()
    agent.remove_policy("edge")
    agent.save()
    assert list((tmp_path / "state" / "policies").iterdir()) == []


def test_an_open_window_that_takes_long_rests_but_is_written_at_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now_s, written = [100.0], []

    def save_window(number: int) -> bytes:
        now_s[0] += 0.5
        written.append((number, now_s[0]))
        return b"window"

    monkeypatch.setattr(clock, "monotonic", lambda: now_s[0])
    core = SimpleNamespace(windows=lambda: [(0, True), (1, False)], save_window=save_window)
    stream = SimpleNamespace(name="eth", input=SimpleNamespace(is_recorded=False))
    part = SimpleNamespace(policy=SimpleNamespace(core=core, periods=5, length_s=60), stream=stream)
    policies: Any = [SimpleNamespace(name="edge", parts=[part])]
    state = StateDirectory(tmp_path, NOW_S)
    for _ in range(12):
        state.save(policies)
        now_s[0] += 1.0
    state.save(policies, is_last=True)
    state.close()
    assert written == [(0, 100.5), (1, 101.0), (1, 111.5), (1, 114.0)]


def test_a_directory_without_room_is_told_once_and_when_it_has_room_again(
    agent: LocalAgent, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    agent.add_policy(body(policy()))

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device", "state/0.window")

    with monkeypatch.context() as patched:
        patched.setattr(StateDirectory, "_save_part", full)
        for _ in range(3):
            agent.save()
    told = [message for message in caplog.messages if "policy [edge]: its windows can't be saved" in message]
    assert len(told) == 1
    with caplog.at_level(logging.INFO, "pktvisor"):
        agent.save()
    assert "policy [edge]: its windows are saved again" in caplog.messages
