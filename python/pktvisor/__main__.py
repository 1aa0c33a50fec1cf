"""python -m pktvisor COMMAND ...: the commands where they are not installed as such."""

from __future__ import annotations

import sys
from importlib import import_module

COMMANDS = {"pktvisor": "pktvisor.cli.ui", "pktvisord": "pktvisor.cli.daemon", "pktvisor-reader": "pktvisor.cli.reader"}


def main() -> int:
    """Run the command that the first argument names."""
    if len(sys.argv) < 2 or sys.argv[1] not in COMMANDS:
        sys.stderr.write(f"usage: python -m pktvisor {{{','.join(COMMANDS)}}} ...\n")
        return 255
    status: int = import_module(COMMANDS[sys.argv[1]]).main(sys.argv[2:])
    return status


if __name__ == "__main__":
    sys.exit(main())
