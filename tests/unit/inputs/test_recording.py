"""A capture file in a running agent."""

from __future__ import annotations

from pathlib import Path

import pytest

from pktvisor.errors import InputError
from pktvisor.handlers.base import HandlerSettings
from pktvisor.handlers.net import Net
from pktvisor.inputs.recording import Recording
from pktvisor.policies.plan import Instance
from pktvisor.policies.policy import Policy
from support.links import write
from support.live import eventually

CAPTURE = str(Path(__file__).parents[2] / "captures" / "dns_resolver.pcap")


def policy() -> Policy:
    return Policy("test", [Instance("net", Net(HandlerSettings()))], is_recorded=True)


def test_each_policy_gets_it_whole() -> None:
    recording = Recording([CAPTURE])
    policies = policy(), policy()
    for one in policies:
        recording.attach(one.core)
    eventually(lambda: not recording.is_running)
    windows = [one.core.read(0, 9) for one in policies]
    assert [window.ledger()["seen"] for window in windows if window] == [211, 211]
    assert recording.ledger()["seen"] == 211
    assert recording.fault is None


def test_a_policy_that_leaves_at_once_leaves_no_trace() -> None:
    recording = Recording([CAPTURE])
    for _ in range(50):
        one = policy()
        recording.attach(one.core)
        recording.detach(one.core)
    assert not recording.is_running
    assert recording.fault is None


def test_a_file_that_is_none_is_told_before_anything_is_read(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="No such file"):
        Recording([str(tmp_path / "nope.pcap")]).check()


def test_what_a_file_holds_that_is_none_is_not_told(tmp_path: Path) -> None:
    secret = tmp_path / "shadow"
    secret.write_bytes(b"root:$6$")
    with pytest.raises(InputError, match="is not a capture file: ") as caught:
        Recording([str(secret)]).check()
    assert "72 6f" not in str(caught.value)
    recording = Recording([str(secret)])
    recording.attach(policy().core)
    eventually(lambda: not recording.is_running)
    assert recording.fault is not None
    assert "72 6f" not in recording.fault


def test_a_damaged_file_is_counted_up_to_the_damage(tmp_path: Path) -> None:
    damaged = tmp_path / "damaged.pcap"
    damaged.write_bytes(Path(CAPTURE).read_bytes()[:-1])
    recording = Recording([str(damaged)])
    recording.attach(policy().core)
    eventually(lambda: not recording.is_running)
    assert recording.ledger()["seen"] == 210
    assert recording.fault is not None
    assert "is damaged at byte" in recording.fault


def test_a_file_that_is_not_read_is_told_of_while_nothing_is_wrong_with_it(tmp_path: Path) -> None:
    usb = write(tmp_path / "usb.pcap", 189, [bytes(64)])
    recording = Recording([str(usb)])
    recording.attach(policy().core)
    eventually(lambda: not recording.is_running)
    assert recording.fault is None
    [warning] = recording.warnings
    assert "1 of 1 packets could not be read" in warning


def test_several_files_are_read_as_one_in_time_order(tmp_path: Path) -> None:
    for name in ("a1.pcap", "a2.pcap"):
        (tmp_path / name).write_bytes(Path(CAPTURE).read_bytes())
    (tmp_path / "other.txt").write_text("no capture")
    recording = Recording([str(tmp_path / "a*.pcap"), str(tmp_path / "a1.pcap"), CAPTURE])
    recording.check()
    one = policy()
    recording.attach(one.core)
    eventually(lambda: not recording.is_running)
    assert (recording.ledger()["seen"], recording.fault) == (3 * 211, None), "each file once, however often it is named"
    (tmp_path / "a3.pcap").write_bytes(Path(CAPTURE).read_bytes())
    recording.attach(policy().core)
    eventually(lambda: not recording.is_running)
    assert recording.ledger()["seen"] == 4 * 211, "patterns are looked for anew"


def test_a_pattern_that_nothing_matches_is_told_and_one_of_several_files_that_is_none(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"^no file matches .*/\*\.pcap$"):
        Recording([CAPTURE, str(tmp_path / "*.pcap")]).check()
    (tmp_path / "what.txt").write_text("no capture")
    with pytest.raises(InputError, match=r"what\.txt is not a capture file: "):
        Recording([CAPTURE, str(tmp_path / "*")]).check()
    (tmp_path / "a[1].pcap").write_bytes(Path(CAPTURE).read_bytes())
    Recording([str(tmp_path / "a[1].pcap")]).check()
