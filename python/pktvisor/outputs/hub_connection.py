"""Requests to the hub over HTTP, whatever they are about."""

from __future__ import annotations

import json
import ssl
from collections.abc import Callable, Mapping

from pktvisor.config.urls import HttpUrl
from pktvisor.errors import ConfigError
from pktvisor.outputs.http_post import MOST_REPLY_BYTES, Answer, Poster, Reply, Target, shortened
from pktvisor.outputs.hub_target import HubTarget


class HubConnection:
    """Sends bodies to one route of the hub, one at a time, over a connection that is kept.

    The token is read for each request, and certificates for each connection if they have changed. Raises `ConfigError`
    where they can't be read at the start; later the hub is asked again once they can.
    """

    def __init__(
        self,
        hub: HubTarget,
        path: str,
        headers: Mapping[str, str],
        *,
        version: str,
        most_reply_bytes: int = MOST_REPLY_BYTES,
    ) -> None:
        self._hub = hub
        self._stamp = hub.stamp()
        self._context = hub.context()
        if hub.token_file is not None:
            hub.token()
        url = hub.url
        assert isinstance(url, HttpUrl)
        target = Target(url.host, url.port, f"{url.path}{path}", self._tls, True, most_reply_bytes)
        self._poster = Poster(target)
        self._headers = {**headers, "Accept": "application/json", "User-Agent": f"pktvisor/{version}"}

    def post(
        self, body: bytes, read: Callable[[Answer], Reply], *, timeout_s: float, more: Mapping[str, str] | None = None
    ) -> Reply:
        """Send a body, with more headers if need be, and have its answer read; no hub makes it raise."""
        headers = {**self._headers, **(more or {})}
        try:
            if self._hub.token_file is not None:
                headers["Authorization"] = f"Bearer {self._hub.token()}"
            return self._poster.post(body, headers, read, timeout_s=timeout_s)
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


def told(answer: Answer) -> str:
    """Give the status with the hub's own words."""
    error = document_in(answer).get("error")
    return f"{answer.reason}: {shortened(error)}" if isinstance(error, str) and error else answer.reason


def document_in(answer: Answer) -> dict[str, object]:
    """Give the document that an answer has; an empty one where it has none."""
    try:
        document = json.loads(answer.body or b"")
    except (ValueError, RecursionError):
        return {}
    return document if isinstance(document, dict) else {}
