"""The options of pktvisor-hub: said on the command line, else their defaults."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, ClassVar

from pktvisor.config.options import File, Flag, Number, Rule, Text
from pktvisor.config.server_options import SERVING, TLS_IS_WHOLE, ServerOptions

KEEPING = "what is kept"
DEFAULT_DAYS = 30


def default_directory() -> str:
    """Where the hub keeps everything if nobody says where: below /var/lib for root, else where users' data is."""
    if os.geteuid() == 0:
        return "/var/lib/pktvisor-hub"
    home = os.environ.get("XDG_DATA_HOME") or str(Path("~/.local/share").expanduser())
    return str(Path(home) / "pktvisor-hub")


DATA_DIR = File(
    value="DIR",
    section=KEEPING,
    help="where everything is kept (default: /var/lib/pktvisor-hub for root, else ~/.local/share/pktvisor-hub)",
)


@dataclass(frozen=True)
class HubOptions(ServerOptions):
    """Everything that the hub can be told."""

    data_dir: Annotated[str | None, DATA_DIR] = None
    keep_days: Annotated[
        int,
        Number(
            value="DAYS",
            least=1,
            most=3660,
            on_line="refused",
            section=KEEPING,
            noun="a whole number from {least} to {most}",
            help="remove sealed hours after so many days (default: {default})",
        ),
    ] = DEFAULT_DAYS
    keep_gb: Annotated[
        int,
        Number(
            value="GB",
            least=0,
            most=1 << 20,
            on_line="refused",
            section=KEEPING,
            noun="a whole number from {least} to {most}",
            help="remove the oldest sealed hours beyond so many gigabytes (default: {default}, no such bound)",
        ),
    ] = 0
    admin_api: Annotated[bool, Flag(section=SERVING, help="let clients remove agents over HTTP")] = False
    make_token: Annotated[
        tuple[str, str] | None,
        Text(
            value=("NAME", "SCOPE"),
            section=SERVING,
            help="make a token with scope read, admin, or send (for the agent NAME), print it, and exit",
        ),
    ] = None

    rules: ClassVar[tuple[Rule, ...]] = (TLS_IS_WHOLE,)

    @property
    def directory(self) -> Path:
        """Where everything is kept."""
        return Path(self.data_dir or default_directory()).absolute()
