"""Dashboards of one's own, as documents."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated

from pktvisor.api.keys import Document, count, models, text


@dataclass(frozen=True, slots=True)
class ShownPanel:
    """One panel: a metric of a handler."""

    metric: Annotated[str, text("metric")]
    policy: Annotated[str, text("policy")] = ""
    """Empty for the one that is shown."""
    handler: Annotated[str, text("handler")] = ""
    """The module's name in its policy, or the handler's type; empty for the first that has the metric."""
    form: Annotated[str, text("as")] = ""
    """What it is drawn as; empty for what its kind is usually drawn as."""
    title: Annotated[str, text("title")] = ""
    width: Annotated[int, count("width")] = 4
    """Twelfths of the screen."""


@dataclass(frozen=True, slots=True)
class ShownDashboard:
    """One dashboard of `GET /api/v1/dashboards`."""

    title: Annotated[str, text("title")] = ""
    panels: Annotated[list[Document], models("panels", "Panel")] = field(default_factory=list)
