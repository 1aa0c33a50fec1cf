"""One metric over a time, apart by single agents, as far as their own windows are kept."""

from __future__ import annotations

from dataclasses import replace

from pktvisor.errors import ConfigError
from pktvisor.hub.history import Merging, Question, check_policy, described, told_of
from pktvisor.hub.own_windows import NOT_KEPT, TooMuchError, UnknownError, Windows, kept_from, merged_by_agent
from pktvisor.outputs.json import Document


def answer_by_agent(question: Question, windows: Windows) -> Document:
    """Answer a question of which single agents are the series; of steps that are not kept any more there is none.

    Raises as `merged_apart` does.
    """
    question.check()
    begin_s = kept_from(question, windows)
    if begin_s is None:
        return described(question, *merged_apart(question, windows))
    merging, lost = Merging(), {"reason": NOT_KEPT, "kept_from": begin_s}
    told = told_of(merging, windows.stored, windows.minutes)
    first_s = -(-begin_s // question.step) * question.step
    if first_s < question.to_s:
        merging, told = merged_apart(replace(question, from_s=first_s, step_s=question.step), windows)
    return described(replace(question, step_s=question.step), merging, {**told, **lost})


def merged_apart(question: Question, windows: Windows) -> tuple[Merging, Document]:
    """Merge what a question asks for, by agent; tell what an answer says of it besides, and why there is nothing.

    Raises `ConfigError` for what makes no sense or costs too much, `NotFoundError` for a policy never heard of.
    """
    question.check()
    try:
        merging, lost = merged_by_agent(question, windows), Document()
    except TooMuchError as error:
        raise ConfigError(str(error)) from error
    except UnknownError as error:
        merging, lost = Merging(), {"reason": str(error), **error.told}
    check_policy(question, merging, windows.stored, windows.minutes)
    told = told_of(merging, windows.stored, windows.minutes)
    return merging, {**told, **_unheard(question, merging), **lost}


def _unheard(question: Question, merging: Merging) -> Document:
    """Tell of which agents there is nothing."""
    known = {key.value for key, _ in merging.points()}
    silent = [agent for agent in question.agents if agent not in known]
    return {"reason": f"no agent called {' or '.join(silent)} measured {question.metric} then"} if silent else {}
