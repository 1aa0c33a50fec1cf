"""Who closes the gate sees what everybody has left behind."""

from __future__ import annotations

import threading

from pktvisor.hub.gate import Gate


def test_who_closes_it_waits_for_those_inside_and_keeps_others_out() -> None:
    gate, order = Gate(), list[str]()
    inside, may_leave = threading.Event(), threading.Event()

    def pass_slowly() -> None:
        with gate.passing():
            inside.set()
            may_leave.wait()
            order.append("left")

    def close() -> None:
        with gate.closed():
            order.append("closed")

    passing = threading.Thread(target=pass_slowly)
    passing.start()
    inside.wait()
    closing = threading.Thread(target=close)
    closing.start()
    may_leave.set()
    passing.join()
    closing.join()
    with gate.passing():
        order.append("open again")
    assert order == ["left", "closed", "open again"]
