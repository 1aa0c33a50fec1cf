"""Windows to the hub over HTTP: one request each, and what its answer means."""

from __future__ import annotations

import json
import ssl

from pktvisor.config.urls import HttpUrl
from pktvisor.errors import ConfigError
from pktvisor.outputs.http_post import Answer, Poster, Reply, Sender, Target, shortened
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
    """Sends windows to the hub, one at a time, over a connection that is kept.

    The token is read for each request, and certificates for each connection if they have changed. Raises `ConfigError`
    where they can't be read at the start; later the hub is asked again once they can.
    """

    def __init__(self, hub: HubTarget, *, version: str) -> None:
        self._hub = hub
        self._stamp = hub.stamp()
        self._context = hub.context()
        if hub.token_file is not None:
            hub.token()
        url = hub.url
        assert isinstance(url, HttpUrl)
        self._poster = Poster(Target(url.host, url.port, f"{url.path}{PATH}", self._tls, is_kept=True))
        self._headers = {
            "Content-Type": STREAM_TYPE,
            "Content-Encoding": "zstd",
            "Accept": "application/json",
            "User-Agent": f"pktvisor/{version}",
        }

    def post(self, message: bytes, *, timeout_s: float) -> Reply:
        """Send a window; no hub makes it raise."""
        headers = dict(self._headers)
        try:
            if self._hub.token_file is not None:
                headers["Authorization"] = f"Bearer {self._hub.token()}"
            return self._poster.post(message, headers, _reply, timeout_s=timeout_s)
        except ConfigError as error:
            self._poster.close()
            return Reply("again", str(error))

    def abort(self) -> None:
        """End the request at work, from another thread."""
        self._poster.abort()

    def close(self) -> None:
        """Let go of the connection."""
        self._poster.close()

    def _tls(self) -> ssl.SSLContext | None:
        if (stamp := self._hub.stamp()) != self._stamp:
            self._context, self._stamp = self._hub.context(), stamp
        return self._context


def _reply(answer: Answer) -> Reply:
    if answer.is_success:
        return _receipt(answer)
    if answer.status in UNACCEPTABLE:
        return Reply("refused", _told(answer))
    return Reply("again", _told(answer), retry_after_s=answer.retry_after_s)


def _receipt(answer: Answer) -> Reply:
    """Read how many handlers' windows were refused. Without a whole receipt, nobody knows whether the hub has them."""
    receipt = _document(answer)
    refused = receipt.get("refused")
    if not isinstance(receipt.get("stored"), int) or not isinstance(refused, int):
        return Reply("again", f"{answer.reason}, without a receipt")
    return Reply("taken", shortened(str(receipt.get("error", ""))), rejected=max(0, refused))


def _told(answer: Answer) -> str:
    """Give the status with the hub's own words."""
    error = _document(answer).get("error")
    return f"{answer.reason}: {shortened(error)}" if isinstance(error, str) and error else answer.reason


def _document(answer: Answer) -> dict[str, object]:
    try:
        document = json.loads(answer.body or b"")
    except (ValueError, RecursionError):
        return {}
    return document if isinstance(document, dict) else {}
