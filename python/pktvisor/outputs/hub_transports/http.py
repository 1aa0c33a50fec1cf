"""Windows to the hub over HTTP: one request each, and what its answer means.

A hub that does not know packed records (415) gets Arrow streams; it is asked again each hour, since hubs get newer.
"""

from __future__ import annotations

from collections.abc import Callable

from pktvisor import _core, clock
from pktvisor.outputs.http_post import Answer, Reply, Sender, shortened
from pktvisor.outputs.hub_connection import HubConnection, document_in, told
from pktvisor.outputs.hub_target import HubTarget
from pktvisor.windows.tables import PACKED_TYPE, STREAM_TYPE

PATH = "/api/v1/windows"
UNACCEPTABLE = {400, 406, 409, 410, 413, 415, 422}
"""Statuses that say that a window is never taken. Others are about the hub, the way to it, or who may use it: that can
be put right, and no window is to be lost until then.
"""
UNSUPPORTED_TYPE = 415
PACKED = {"Content-Type": PACKED_TYPE}
ARROW = {"Content-Type": STREAM_TYPE, "Content-Encoding": "zstd"}
SECONDS_WITHOUT_PACKING = 3600.0
LARGEST_WINDOW_BYTES = 1 << 30
"""What a window of this agent's own takes at most when it is unpacked."""


def sender(hub: HubTarget, *, agent: str, version: str) -> Sender:  # noqa: ARG001 - it stands in the window
    """Make what sends windows."""
    return Client(hub, version=version)


class Client:
    """Sends windows to the hub, one at a time. Raises `ConfigError` as `HubConnection`."""

    def __init__(self, hub: HubTarget, *, version: str, monotonic: Callable[[], float] = clock.monotonic) -> None:
        self._connection = HubConnection(hub, PATH, {}, version=version)
        self._monotonic = monotonic
        self._packs_from_s = monotonic()

    def post(self, message: bytes, *, timeout_s: float) -> Reply:
        """Send a window; no hub makes it raise."""
        deadline_s = self._monotonic() + timeout_s
        if not _core.RecordTable.is_packed(message):
            return self._connection.post(message, _reply, timeout_s=timeout_s, more=ARROW)
        if self._monotonic() >= self._packs_from_s:
            reply = self._connection.post(message, _reply, timeout_s=timeout_s, more=PACKED)
            if reply.status != UNSUPPORTED_TYPE:
                return reply
            self._packs_from_s = self._monotonic() + SECONDS_WITHOUT_PACKING
        try:
            arrow = _core.RecordTable.read(message, most_bytes=LARGEST_WINDOW_BYTES).write()
        except _core.InputFault as fault:
            return Reply("refused", str(fault))
        return self._connection.post(arrow, _reply, timeout_s=deadline_s - self._monotonic(), more=ARROW)

    def abort(self) -> None:
        """End the request at work, from another thread."""
        self._connection.abort()

    def close(self) -> None:
        """Let go of the connection."""
        self._connection.close()


def _reply(answer: Answer) -> Reply:
    if answer.is_success:
        return _receipt(answer)
    if answer.status in UNACCEPTABLE:
        return Reply("refused", told(answer), status=answer.status)
    return Reply("again", told(answer), retry_after_s=answer.retry_after_s)


def _receipt(answer: Answer) -> Reply:
    """Read how many handlers' windows were refused. Without a whole receipt, nobody knows whether the hub has them."""
    receipt = document_in(answer)
    refused = receipt.get("refused")
    if not isinstance(receipt.get("stored"), int) or not isinstance(refused, int):
        return Reply("again", f"{answer.reason}, without a receipt")
    return Reply("taken", shortened(str(receipt.get("error", ""))), rejected=max(0, refused))
