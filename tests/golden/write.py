"""Writes what golden scenarios expect anew: `make golden`, or python tests/golden/write.py [SCENARIO...].

Run from anywhere with the package installed. Needs tshark 4.0 for scenarios that ask it. Read the difference before
you commit it: an expectation is a claim, and the scenario's `why` must still hold.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from support import agent_scenario, probe_scenario, tshark
from support.scenarios import Scenario, answers, as_text, scenarios


def write(scenario: Scenario) -> None:
    given = answers(scenario)
    (scenario.folder / "expected.json").write_text(as_text(given.json))
    (scenario.folder / "expected.prom").write_text(given.prometheus)
    if scenario.tshark:
        told = {
            window: {
                module: {path: tshark.ask(scenario.source.path, question) for path, question in questions.items()}
                for module, questions in modules.items()
            }
            for window, modules in scenario.tshark.items()
        }
        (scenario.folder / "tshark.json").write_text(as_text(told))


def write_agent() -> None:
    given = agent_scenario.agent_answers()
    (agent_scenario.FOLDER / "expected.json").write_text(as_text(given.json))
    (agent_scenario.FOLDER / "expected.prom").write_text(given.prometheus)


def write_probes() -> None:
    given = probe_scenario.probe_answers()
    (probe_scenario.FOLDER / "expected.json").write_text(as_text(given.json))
    (probe_scenario.FOLDER / "expected.prom").write_text(given.prometheus)


def main(names: Sequence[str]) -> None:
    for scenario in scenarios():
        if not names or scenario.name in names:
            write(scenario)
    if not names or agent_scenario.FOLDER.name in names:
        write_agent()
    if not names or probe_scenario.FOLDER.name in names:
        write_probes()


if __name__ == "__main__":
    main(sys.argv[1:])
