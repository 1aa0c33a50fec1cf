"""Windows to the hub over HTTP: one request each, and what its answer means."""

from __future__ import annotations

from pktvisor.outputs.http_post import Answer, Reply, Sender, shortened
from pktvisor.outputs.hub_connection import HubConnection, document_in, told
from pktvisor.outputs.hub_target import HubTarget
from pktvisor.windows.tables import STREAM_TYPE

PATH = "/api/v1/windows"
UNACCEPTABLE = {400, 406, 409, 410, 413, 415, 422}
"""Statuses that say that a window is never taken. Others are about the hub, the way to it, or who may use it: that can
be put right, and no window is to be lost until then.
"""


def sender(hub: HubTarget, *, agent: str, version: str) -> Sender:  # noqa: ARG001 - it stands in the window
    """Make what sends windows."""
    return Client(hub, version=version)


class Client:
    """Sends windows to the hub, one at a time. Raises `ConfigError` as `HubConnection`."""

    def __init__(self, hub: HubTarget, *, version: str) -> None:
        headers = {"Content-Type": STREAM_TYPE, "Content-Encoding": "zstd"}
        self._connection = HubConnection(hub, PATH, headers, version=version)

    def post(self, message: bytes, *, timeout_s: float) -> Reply:
        """Send a window; no hub makes it raise."""
        return self._connection.post(message, _reply, timeout_s=timeout_s)

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
        return Reply("refused", told(answer))
    return Reply("again", told(answer), retry_after_s=answer.retry_after_s)


def _receipt(answer: Answer) -> Reply:
    """Read how many handlers' windows were refused. Without a whole receipt, nobody knows whether the hub has them."""
    receipt = document_in(answer)
    refused = receipt.get("refused")
    if not isinstance(receipt.get("stored"), int) or not isinstance(refused, int):
        return Reply("again", f"{answer.reason}, without a receipt")
    return Reply("taken", shortened(str(receipt.get("error", ""))), rejected=max(0, refused))
