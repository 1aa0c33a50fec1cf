"""The TLS context: TLS 1.2 or newer, with client certificates where roots for them are given."""

from __future__ import annotations

import ssl
from pathlib import Path

from pktvisor.errors import ConfigError
from pktvisor.files import check_file
from pktvisor.server.settings import TlsFiles

NO_PEM = "a certificate is needed, then its key, in PEM form and without a password"
MEANINGS = {
    "KEY_VALUES_MISMATCH": "the key is not that of the certificate",
    "NO_CERTIFICATE_OR_CRL_FOUND": "there is no certificate in PEM form in it",
}
"""What OpenSSL's reasons mean, where the words don't tell."""


def tls_context(files: TlsFiles) -> ssl.SSLContext:
    """Make the server's context. Raises `ConfigError` where a file can't be read or does not fit."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.options |= ssl.OP_NO_RENEGOTIATION | ssl.OP_NO_COMPRESSION
    context.set_alpn_protocols(["http/1.1"])
    _load_certificate(context, files)
    if files.client_ca is not None:
        _load_roots(context, files.client_ca)
    return context


def reload_certificate(context: ssl.SSLContext, files: TlsFiles) -> None:
    """Take a renewed certificate for connections to come; roots stay as they are.

    Raises `ConfigError`, and keeps what was there.
    """
    tls_context(files)  # a certificate that does not fit its key would spoil the one in use
    _load_certificate(context, files)


def _load_certificate(context: ssl.SSLContext, files: TlsFiles) -> None:
    for path in (files.certificate, files.key):
        _check_readable(path)
    try:
        context.load_cert_chain(files.certificate, files.key, password=_no_password)
    except (ssl.SSLError, OSError) as error:
        place = f"{files.certificate} and {files.key}"
        if isinstance(error, ssl.SSLError) and not error.reason:
            raise ConfigError(f"invalid TLS configuration: {place}: {NO_PEM}") from None
        raise _error(place, error) from None


def _load_roots(context: ssl.SSLContext, path: Path) -> None:
    _check_readable(path)
    try:
        context.load_verify_locations(path)
    except (ssl.SSLError, OSError) as error:
        raise _error(str(path), error) from None
    context.verify_mode = ssl.CERT_REQUIRED


def _check_readable(path: Path) -> None:
    try:
        check_file(path)
    except OSError as error:
        raise _error(str(path), error) from None


def _no_password() -> str:
    """Give what fits no key: without this, the terminal would be asked for a password."""
    return ""


def _error(place: str, error: OSError) -> ConfigError:
    reason = getattr(error, "reason", None) or error.strerror or str(error)
    return ConfigError(f"invalid TLS configuration: {place}: {MEANINGS.get(reason, reason)}")
