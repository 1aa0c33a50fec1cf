"""Going into the background: `-d`."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from pktvisor.cli.options import complain
from pktvisor.config.daemon_options import DaemonOptions
from pktvisor.errors import InputError
from pktvisor.files import check_appendable


def detach(options: DaemonOptions) -> bool:
    """Fork; true in the process that was started, which may end, false in the one that goes on in the background.

    Raises `InputError` where the log can't be written, which nobody would see later.
    """
    if options.log_file is not None:
        _try_log(options.log_file)
    sys.stdout.flush()
    child = os.fork()
    if child:
        complain(f"daemonized to PID {child}")
        return True
    os.setsid()
    os.umask(0o077)
    os.chdir("/")
    nothing = os.open(os.devnull, os.O_RDWR)
    for number in range(3):
        os.dup2(nothing, number)
    return False


def _try_log(path: str) -> None:
    try:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        check_appendable(path)
    except OSError as error:
        raise InputError(f"Log init failed: {path}: {error.strerror}") from error
