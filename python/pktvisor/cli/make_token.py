"""pktvisord --make-token NAME SCOPE: a new token for the client, and its line for the agent's token file."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from pktvisor.cli.options import FAILURE_STATUS, complain
from pktvisor.errors import PktvisorError

if TYPE_CHECKING:
    from pktvisor.server.endpoint import AccessScope


def print_token(name: str, scope: AccessScope) -> int:
    """Print the token on stderr, which nobody keeps, and its line on stdout; give the exit status."""
    from pktvisor.server.tokens import make_token

    try:
        made = make_token(name, scope)
    except PktvisorError as error:
        complain(error)
        return FAILURE_STATUS
    complain(f"the token, for the client alone: {made.secret}")
    sys.stdout.write(f"{made.line}\n")
    return 0
