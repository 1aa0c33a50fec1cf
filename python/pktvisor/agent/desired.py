"""What a hub wants of an agent: texts with taps and policies, and the rules that they are read by.

Agent and hub read them by this, so that the hub refuses before what no agent takes.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from pktvisor.config.document import Document
from pktvisor.config.models import AgentConfig, PolicyConfig, Settings, TapConfig
from pktvisor.config.reading import locate
from pktvisor.config.schema import load_config
from pktvisor.errors import ConfigError, ConflictError
from pktvisor.inputs import inputs

MOST_PARTS = 64
"""Texts for one agent."""
MOST_CHARACTERS = 1 << 20
"""Of all texts for one agent together."""
MOST_NAME_CHARACTERS = 200
DIGITS = 16
"""Of a hash that tells one configuration of a name from others."""


@dataclass(frozen=True, slots=True)
class Part:
    """One text."""

    name: str
    """What the hub calls it: the name of its file."""
    text: str
    is_trial: bool = False
    """It is to be tried and told of, not taken."""


@dataclass(frozen=True)
class Desired:
    """Texts, read."""

    config: AgentConfig = field(default_factory=AgentConfig)
    documents: Mapping[str, Document] = field(default_factory=dict)
    """The texts that taps and policies stand in, by these: `policies.edge`."""

    def located(self, error: ConfigError) -> ConfigError:
        """Give an error its place in the text that it is about."""
        document = self.documents.get(".".join(error.path.split(".")[:2]))
        return error if document is None else locate(error, document)

    @property
    def digests(self) -> dict[str, str]:
        """What tells the configuration of each policy from others of its name."""
        return {policy.name: digest_of(policy) for policy in self.config.policies}


def hash_of(parts: Sequence[Part]) -> str:
    """Tell texts from others; empty where there are none."""
    if not parts:
        return ""
    listed = sorted([one.name, one.text, one.is_trial] for one in parts)
    return hashlib.sha256(json.dumps(listed).encode()).hexdigest()


def digest_of(config: PolicyConfig) -> str:
    """Tell the configuration of a policy from others."""
    said = json.dumps(dataclasses.asdict(config), sort_keys=True)
    return hashlib.sha256(said.encode()).hexdigest()[:DIGITS]


def read_parts(parts: Sequence[Part]) -> Desired:
    """Join texts into one configuration. Raises `ConfigError` for the first thing wrong with them."""
    if len(parts) > MOST_PARTS or sum(len(one.text) for one in parts) > MOST_CHARACTERS:
        raise ConfigError(f"an agent takes at most {MOST_PARTS} texts of {MOST_CHARACTERS} characters together")
    taps: list[TapConfig] = []
    policies: list[PolicyConfig] = []
    documents: dict[str, Document] = {}
    warnings: list[str] = []
    for part in parts:
        config = load_config(part.text, source=part.name)
        for mistake in mistakes_of(config):
            raise mistake
        assert config.document is not None
        for path in (
            *(f"taps.{one.name}" for one in config.taps),
            *(f"policies.{one.name}" for one in config.policies),
        ):
            if path in documents:
                error = ConflictError(f"{documents[path].source} has one of this name, too", path=path)
                raise locate(error, config.document)
            documents[path] = config.document
        taps += config.taps
        policies += config.policies
        warnings += config.warnings
    together = AgentConfig(taps=tuple(taps), policies=tuple(policies), warnings=tuple(warnings))
    return Desired(together, documents)


def others_of(config: AgentConfig) -> Mapping[str, object]:
    """Give what a configuration has beside taps and policies, by section."""
    return {
        "config": config.options,
        "global_handler_config": config.global_handlers,
        "dashboards": config.dashboards,
    }


def mistakes_of(config: AgentConfig) -> Iterator[ConfigError]:
    """Give what a text may not say, though a file may: options of the process, and files of the agent's host."""
    for section, told in others_of(config).items():
        if told:
            yield _located(config, "a hub gives taps and policies, and nothing else", section)
    for tap in config.taps:
        yield from _paths(config, tap.config, f"taps.{tap.name}.config")
    for policy in config.policies:
        yield from _paths(config, policy.input.config, f"policies.{policy.name}.input.config")
        yield from _paths(config, policy.input.filter, f"policies.{policy.name}.input.filter")


def _paths(config: AgentConfig, settings: Settings, path: str) -> Iterator[ConfigError]:
    for key in settings:
        if key in path_keys():
            yield _located(config, f"a hub may name no files of an agent's host: {key}", f"{path}.{key}")


def _located(config: AgentConfig, message: str, path: str) -> ConfigError:
    error = ConfigError(message, path=path)
    return error if config.document is None else locate(error, config.document)


def path_keys() -> frozenset[str]:
    """Keys that name files of the host, of whichever input."""
    return frozenset(key for one in inputs().values() for key in one.path_keys)


def parts_document(parts: Sequence[Part]) -> list[dict[str, object]]:
    """Write texts as a document."""
    return [{"name": one.name, "text": one.text, "dry_run": one.is_trial} for one in parts]


def parts_of(document: object) -> tuple[Part, ...]:
    """Read the texts of a document. Raises `ConfigError` where they are none."""
    if not isinstance(document, list) or len(document) > MOST_PARTS:
        raise ConfigError(f"what the hub wants must be a list of at most {MOST_PARTS} texts")
    return tuple(_part(one) for one in document)


def _part(document: object) -> Part:
    told = document if isinstance(document, Mapping) else {}
    name, text, is_trial = told.get("name"), told.get("text"), told.get("dry_run", False)
    if not (isinstance(name, str) and isinstance(text, str) and isinstance(is_trial, bool)):
        raise ConfigError("each text of the hub must have a name and a text")
    if not (1 <= len(name) <= MOST_NAME_CHARACTERS and name.isprintable()):
        raise ConfigError(f"the name of a text of the hub must have 1 to {MOST_NAME_CHARACTERS} printable characters")
    return Part(name, text, is_trial)
