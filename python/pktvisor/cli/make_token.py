"""pktvisord --make-token NAME SCOPE: a new token for the client, and its line for the agent's token file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pktvisor.cli.options import complain, print_result

if TYPE_CHECKING:
    from pktvisor.server.endpoint import AccessScope


def print_token(name: str, scope: AccessScope) -> int:
    """Print its line on stdout, then the token on stderr, which nobody keeps; give the exit status.

    Raises `ConfigError` for a name or scope that a token can't have.
    """
    from pktvisor.server.tokens import make_token

    made = make_token(name, scope)
    print_result(f"{made.line}\n".encode())
    complain(f"the token, for the client alone: {made.secret}")
    return 0
