"""What each kind of token may do at a hub: every route, those of an agent included."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from starlette.testclient import TestClient

from pktvisor.hub.as_agent import HubAsAgent
from pktvisor.hub.hub import Hub, HubSettings
from pktvisor.hub.routes import groups
from pktvisor.server.app import create_app
from pktvisor.server.context import make_context
from pktvisor.server.endpoint import Endpoint
from pktvisor.server.routes import endpoints
from pktvisor.server.routes import groups as agent_groups
from pktvisor.server.settings import ServerSettings
from pktvisor.server.tokens import make_token
from support.serving import UNHURRIED

EVERY = endpoints(with_admin=True, among={**agent_groups(), **groups()})
TOKENS = {"send": make_token("pop1", "send"), "read": make_token("eye", "read"), "admin": make_token("boss", "admin")}
MAY = {"send": {"send"}, "read": {"read"}, "admin": {"send", "read", "admin"}}
OWN = ["/api/v1/agents/pop1", "/api/v1/agents/pop1/desired"]


@pytest.fixture(scope="module")
def asking(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    folder = tmp_path_factory.mktemp("hub")
    tokens = folder / "tokens"
    tokens.write_text("".join(f"{token.line}\n" for token in TOKENS.values()))
    tokens.chmod(0o600)
    hub = Hub(HubSettings(folder / "data"))
    settings = ServerSettings(admin_api=True, bounds=UNHURRIED, token_file=tokens)
    yield TestClient(create_app(make_context(HubAsAgent(hub), settings), groups()), base_url="http://localhost")
    hub.stop()


def ask(asking: TestClient, method: str, path: str, scope: str) -> int:
    headers = {"authorization": f"Bearer {TOKENS[scope].secret}", "content-type": "application/json"}
    return asking.request(method, path, content=b"{}" if method == "POST" else None, headers=headers).status_code


@pytest.mark.parametrize("endpoint", EVERY, ids=lambda one: f"{one.method} {one.path}")
@pytest.mark.parametrize("scope", TOKENS)
def test_a_token_reaches_the_routes_of_its_scope_and_no_others(
    asking: TestClient, endpoint: Endpoint, scope: str
) -> None:
    path = endpoint.path.replace("{name:agent}", "other").replace("{name:identifier}", "default")
    status = ask(asking, endpoint.method, path.replace("{number:number}", "2"), scope)
    if endpoint.is_public or endpoint.scope in MAY[scope]:
        is_of_another = scope == "send" and "{name:agent}" in endpoint.path
        assert (status == 403) == is_of_another
    else:
        assert status == 403


@pytest.mark.parametrize("path", OWN)
def test_an_agent_reads_what_the_hub_knows_of_it(asking: TestClient, path: str) -> None:
    assert ask(asking, "POST", "/api/v1/agents/pop1/desired", "send") == 200
    assert ask(asking, "GET", path, "send") in (200, 404)
    assert ask(asking, "GET", path.replace("pop1", "pop2"), "send") == 403
    assert ask(asking, "GET", path.replace("pop1", "%70op2"), "send") == 403
    assert ask(asking, "DELETE", "/api/v1/agents/pop1", "send") == 403
