"""What the log of an agent has, as the agent writes it."""

from __future__ import annotations

import functools
import io
import json
import logging
import re

from pktvisor import logs
from support.daemon import daemon


@functools.cache
def written_by_agent(form: logs.Form) -> tuple[str, ...]:
    """Start an agent and stop it, and give the lines that it has logged."""
    with daemon("mock", "--log-format", form) as agent:
        agent.stop()
        return tuple(agent.log.splitlines())


def failure(form: logs.Form) -> str:
    """What is logged of an exception: one event, of several lines where it is text."""
    stream = io.StringIO()
    logs.start(stream, verbose=False, form=form)
    try:
        raise ValueError("what went wrong")
    except ValueError:
        logging.getLogger(logs.ROOT).exception("it can't go on")
    return stream.getvalue().rstrip("\n")


def told(line: str) -> str:
    """What a line says, without what stands around it."""
    return str(json.loads(line)["message"]) if line.startswith("{") else line.split("] ", 3)[3]


def written_at(line: str) -> str:
    """When a line was written, as Vector's language shows it, where text has UTC."""
    found = re.search(r"(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d:\d\d)(\.\d{3})", line)
    assert found is not None
    date, time, fraction = found.groups()
    return f"{date} {time}{'' if fraction == '.000' else fraction} UTC"
