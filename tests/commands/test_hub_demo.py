"""pktvisor-hub demo: made-up agents that send over HTTP, until they are told to end."""

from __future__ import annotations

import signal
import subprocess

from pktvisor.hub.delivery import MINUTE_NS, read_delivery
from support.commands import BIN, run
from support.hub_receiver import hub, refusal

COMMAND = str(BIN / "pktvisor-hub")


def test_agents_send_the_minutes_that_are_over_and_end_when_asked() -> None:
    with hub() as receiver:
        line = [COMMAND, "demo", "--hub", f"http://localhost:{receiver.port}", "--agents", "3", "--past", "2"]
        with subprocess.Popen(line, stderr=subprocess.PIPE, text=True) as demo:
            assert demo.stderr is not None
            assert demo.stderr.readline() == "3 agents have sent 2 minutes each; they go on until Ctrl-C\n"
            demo.send_signal(signal.SIGINT)
            assert demo.wait(timeout=60) == 0
            assert demo.stderr.read() == ""
    sent = [read_delivery(body) for body in receiver.bodies[:6]]
    assert [one.sender.agent for one in sent] == ["demo0000", "demo0001", "demo0002"] * 2
    first, second = sent[0].runs[0], sent[3].runs[0]
    assert second.start_ns - first.start_ns == MINUTE_NS


def test_a_hub_that_takes_nothing_is_told() -> None:
    with hub(refusal(422, "no windows here")) as receiver:
        done = run("pktvisor-hub", "demo", "--hub", f"http://localhost:{receiver.port}", "--agents", "1")
    assert done.returncode == 1
    assert done.stderr.decode().startswith("the hub does not take what the demo sends: 422")
    assert "no windows here" in done.stderr.decode()


def test_nothing_made_up_goes_to_a_hub_of_others() -> None:
    done = run("pktvisor-hub", "demo", "--hub", "http://hub.example:10853")
    assert done.returncode == 1
    assert b"hub.example:10853 is not on this host" in done.stderr


def test_the_fleet_has_a_bound() -> None:
    done = run("pktvisor-hub", "demo", "--agents", "5001")
    assert done.returncode == 2
    assert b"a whole number from 1 to 5000" in done.stderr
