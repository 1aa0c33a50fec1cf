"""The certificate that shows who we are, for services that ask for one."""

from __future__ import annotations

import ssl
from pathlib import Path

from pktvisor.errors import ConfigError
from pktvisor.files import check_file


def load_own(context: ssl.SSLContext, cert: Path, key: Path | None, *, option: str = "") -> None:
    """Load a certificate, with its key where that is not in the same file. ConfigError, for an option if it has a name,
    where they can't be used; keys with a password can't, since nobody is there to be asked.
    """
    try:
        for path in filter(None, (cert, key)):
            check_file(path)
        context.load_cert_chain(cert, key, password=lambda: "")
    except (OSError, ValueError) as error:
        files = f"{cert}" if key is None else f"{cert} with key {key}"
        raise ConfigError(f"no usable certificate in {files}: {reason_of(error)}", path=option) from error


def reason_of(error: Exception) -> str:
    """What is wrong with a file, without its name."""
    return getattr(error, "strerror", None) or str(error)
