"""python -m pktvisor COMMAND ...: the commands where they are not installed as such."""

from __future__ import annotations

import sys
from importlib import import_module

COMMANDS = {
    "pktvisor": "pktvisor.cli.ui",
    "pktvisord": "pktvisor.cli.daemon",
    "pktvisor-hub": "pktvisor.cli.hub",
    "pktvisor-reader": "pktvisor.cli.reader",
}


def main() -> int:
    """Run the command that the first argument names."""
    if len(sys.argv) < 2 or sys.argv[1] not in COMMANDS:
        sys.stderr.write(f"python -m pktvisor: the name of a command is needed: {', '.join(COMMANDS)}\n")
        sys.stderr.write("python -m pktvisor COMMAND --help tells its options\n")
        return 2
    status: int = import_module(COMMANDS[sys.argv[1]]).main(sys.argv[2:])
    return status


if __name__ == "__main__":
    sys.exit(main())
