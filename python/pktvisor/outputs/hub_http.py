"""One request to the hub over HTTP, and what its answer means."""

from __future__ import annotations

import json
import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from pktvisor.config.urls import HttpUrl
from pktvisor.errors import ConfigError
from pktvisor.files import check_file, open_file
from pktvisor.outputs.http_post import Answer, Poster, Reply, Target, shortened
from pktvisor.windows.tables import STREAM_TYPE

PATH = "/api/v1/windows"
MOST_TOKEN_BYTES = 4096
UNACCEPTABLE = {400, 406, 409, 410, 413, 415, 422}
"""Statuses that say that a window is never taken. Others are about the hub, the way to it, or who may use it: that can
be put right, and no window is to be lost until then.
"""

Stamp: TypeAlias = tuple[tuple[int, int, int], ...]
"""What files are like: another one where one was replaced."""


@dataclass(frozen=True)
class HubTarget:
    """Where the hub is, and how to speak to it."""

    url: HttpUrl
    token_file: Path | None = None
    ca: Path | None = None
    """Authorities to trust instead of the system's."""
    cert: Path | None = None
    key: Path | None = None
    """The key of `cert`, where that is not in the same file."""

    def token(self) -> str:
        """Read the token. ConfigError where the file has none."""
        assert self.token_file is not None
        try:
            with open_file(self.token_file) as file:
                text = file.read(MOST_TOKEN_BYTES).decode("ascii").strip()
        except (OSError, ValueError) as error:
            raise ConfigError(f"no token can be read from {self.token_file}: {_reason(error)}") from error
        if not text or not text.isprintable() or " " in text:
            raise ConfigError(f"{self.token_file} must hold one token, and nothing else")
        return text

    def context(self) -> ssl.SSLContext | None:
        """Load the certificates. ConfigError where they can't be used; None without TLS."""
        if not self.url.is_tls:
            return None
        try:
            if self.ca is not None:
                check_file(self.ca)
            context = ssl.create_default_context(cafile=self.ca)
        except (OSError, ValueError) as error:
            raise ConfigError(f"no usable authorities in {self.ca}: {_reason(error)}") from error
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        if self.cert is not None:
            try:
                for path in filter(None, (self.cert, self.key)):
                    check_file(path)
                context.load_cert_chain(self.cert, self.key, password=lambda: "")
            except (OSError, ValueError) as error:
                files = f"{self.cert}" if self.key is None else f"{self.cert} with key {self.key}"
                raise ConfigError(f"no usable certificate in {files}: {_reason(error)}") from error
        return context

    def stamp(self) -> Stamp:
        """Tell what its certificates are like now."""
        files = [path for path in (self.ca, self.cert, self.key) if path is not None]
        try:
            found = [path.stat() for path in files]
        except OSError:
            return ()  # loading them tells
        return tuple((one.st_ino, one.st_size, one.st_mtime_ns) for one in found)


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


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error)
