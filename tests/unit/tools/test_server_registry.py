"""The configured servers of tools, with their secrets and permissions."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from desktop_app.domain.errors import StoreFullError, ToolServerError
from desktop_app.domain.network.origin import Secret
from desktop_app.tools.servers.server_registry import ServerEnvironment, ToolServers
from desktop_app.tools.servers.server_run import Connect
from desktop_app.tools.servers.server_store import ServerStore
from desktop_app.tools.servers.tool_server import ServerSecrets, ToolServer, server_of
from tests.unit.storage.samples import opened

NONE = ServerSecrets()
FILES = ToolServer("files", ("run", "it"))
DOCS, DOCS_SECRETS = server_of("docs", url="https://host/mcp", headers={"X-Key": "abc"})


@dataclass
class Place:
    is_usable: bool


@dataclass
class Keyring:
    """Secrets by their names, and the sources whose permissions were forgotten."""

    is_lasting: bool = True
    secrets: dict[str, Secret] = field(default_factory=dict)
    forgotten: list[str] = field(default_factory=list)

    async def keep(self, name: str, secret: Secret) -> bool:
        if self.is_lasting:
            self.secrets[name] = secret
        return self.is_lasting

    async def get(self, name: str, origin: str) -> Secret | None:
        found = self.secrets.get(name)
        return found if found and found.origin == origin else None

    async def place(self, name: str, origin: str) -> Place:
        return Place(await self.get(name, origin) is not None)

    async def remove(self, name: str) -> None:
        self.secrets.pop(name, None)

    async def forget_source(self, source: str) -> None:
        self.forgotten.append(source)


async def no_connection(launch: Mapping[str, Any], listener: Any) -> Any:
    raise AssertionError("no server is started")


def unreachable(launches: list[Mapping[str, Any]]) -> Connect:
    """Return a function that records the launch message of each connection, and then times out."""

    async def connect(launch: Mapping[str, Any], listener: Any) -> Any:
        launches.append(launch)
        raise TimeoutError

    return connect


@asynccontextmanager
async def open_servers(
    tmp_path: Path, keyring: Keyring | None = None, connect: Connect = no_connection
) -> AsyncIterator[tuple[ToolServers, Keyring]]:
    keyring = keyring or Keyring()
    async with opened(tmp_path / "store.sqlite3") as database:
        servers = ToolServers(
            ServerStore(database),
            keyring,
            keyring.forget_source,
            connect,
            store_secret=keyring.keep,
            environment=ServerEnvironment(
                {"OPENAI_API_KEY": "sk-a", "TOKEN": "t"}, ("OPENAI_API_KEY",), "/home/me"
            ),
        )
        yield servers, keyring
        await servers.aclose()


async def test_a_server_is_added_with_its_secrets(tmp_path: Path) -> None:
    async with open_servers(tmp_path) as (servers, keyring):
        await servers.add(FILES, NONE)
        await servers.add(DOCS, DOCS_SECRETS)
        assert await servers.storage.servers() == [DOCS, FILES]
        assert list(keyring.secrets) == [DOCS.secret_name]
        assert keyring.forgotten == ["files", "docs"], "of earlier servers of these names"
        assert await servers.secrets_of(DOCS) == DOCS_SECRETS
        assert await servers.secrets_of(FILES) == NONE


async def test_a_server_is_replaced_only_if_that_is_wanted(tmp_path: Path) -> None:
    async with open_servers(tmp_path) as (servers, keyring):
        await servers.add(DOCS, DOCS_SECRETS)
        with pytest.raises(ToolServerError) as refused:
            await servers.add(DOCS, NONE)
        assert "is already a tool server named" in refused.value.message
        assert await servers.secrets_of(DOCS) == DOCS_SECRETS
        await servers.storage.save_listed_tools("docs", [{"name": "find"}])
        keyring.secrets[DOCS.sign_in_name] = Secret("{}", DOCS.secret_origin)
        again = ToolServer("docs", url=DOCS.url)
        await servers.add(again, NONE, replaces=True)
        assert await servers.storage.servers() == [again]
        assert await servers.storage.listed_tools("docs") == []
        assert list(keyring.secrets) == [DOCS.sign_in_name], "the address is the same"
        await servers.add(ToolServer("docs", url="https://other/mcp"), NONE, replaces=True)
        assert keyring.secrets == {}


async def test_servers_and_secrets_stay_the_same_if_a_server_cannot_be_saved(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(_server: ToolServer) -> None:
        raise StoreFullError("full")

    async with open_servers(tmp_path) as (servers, keyring):
        await servers.add(FILES, NONE)
        await servers.add(DOCS, DOCS_SECRETS)
        keyring.secrets[DOCS.sign_in_name] = Secret("{}", DOCS.secret_origin)
        before = dict(keyring.secrets)
        monkeypatch.setattr(servers.storage, "save", fail)
        moved, secrets = server_of("docs", url="https://other/mcp", headers={"X-Key": "def"})
        new, _ = server_of("new", url="https://host/mcp", headers={"X-Key": "def"})
        plain = ToolServer("docs", ("run", "it"))
        for server, values in ((moved, secrets), (plain, NONE), (new, secrets)):
            with pytest.raises(StoreFullError):
                await servers.add(server, values, replaces=True)
            assert keyring.secrets == before
        assert await servers.storage.servers() == [DOCS, FILES]


async def test_secrets_that_would_not_last_are_refused(tmp_path: Path) -> None:
    async with open_servers(tmp_path, Keyring(is_lasting=False)) as (servers, _):
        with pytest.raises(ToolServerError) as refused:
            await servers.add(DOCS, DOCS_SECRETS)
        assert "Without a keyring, the values of" in refused.value.message
        assert await servers.storage.servers() == []


@pytest.mark.parametrize(
    "text", [*("no JSON", "[]", '{"environment": 1, "headers": {}, "query": ""}'), "[" * 100_000]
)
async def test_invalid_stored_secrets_count_as_missing(tmp_path: Path, text: str) -> None:
    async with open_servers(tmp_path) as (servers, keyring):
        await servers.add(DOCS, DOCS_SECRETS)
        keyring.secrets[DOCS.secret_name] = Secret(text, DOCS.secret_origin)
        with pytest.raises(ToolServerError) as missed:
            await servers.secrets_of(DOCS)
        assert "secret values of the tool server" in missed.value.message


async def test_a_removed_server_leaves_nothing(tmp_path: Path) -> None:
    async with open_servers(tmp_path) as (servers, keyring):
        await servers.add(FILES, NONE)
        await servers.add(DOCS, DOCS_SECRETS)
        keyring.secrets[DOCS.sign_in_name] = Secret("{}", DOCS.secret_origin)
        keyring.forgotten.clear()
        await servers.remove("docs")
        assert await servers.storage.servers() == [FILES]
        assert (keyring.secrets, keyring.forgotten) == ({}, ["docs"])


async def test_a_run_lasts_as_long_as_its_server_stays_the_same(tmp_path: Path) -> None:
    async with open_servers(tmp_path) as (servers, _):
        await servers.add(FILES, NONE)
        await servers.add(DOCS, DOCS_SECRETS)
        docs, files = await servers.runs()
        assert (docs.server, files.server) == (DOCS, FILES)
        changed = replace(FILES, folder="/other")
        await servers.storage.save(changed)
        again, other = await servers.runs()
        assert again is docs is await servers.run("docs")
        assert (other is files, other.server) == (False, changed)
        await servers.storage.remove("docs")
        assert await servers.runs() == [other]


@pytest.mark.parametrize("text", ["{}", '{"tokens": 1, "client": 2}'])
async def test_an_invalid_stored_sign_in_counts_as_none(tmp_path: Path, text: str) -> None:
    launches: list[Mapping[str, Any]] = []
    async with open_servers(tmp_path, connect=unreachable(launches)) as (servers, keyring):
        server, secrets = server_of("docs", url="https://host/mcp")
        await servers.add(server, secrets)
        keyring.secrets[server.sign_in_name] = Secret(text, server.secret_origin)
        run = await servers.run("docs")
        with pytest.raises(ToolServerError):
            await run.request("list_tools")
        assert ["tokens" in launch for launch in launches] == [False]


@pytest.mark.attack("key-origin")
@pytest.mark.parametrize(
    "fields",
    [
        {"url": "https://host/mcp", "headers": {"X-Key": "Bearer ${env:OPENAI_API_KEY}"}},
        {"url": "https://host/mcp", "headers": {"X-Key": "a-${OPENAI_API_KEY:-none}"}},
        {"url": "https://host/mcp?key=${OPENAI_API_KEY}"},
    ],
)
async def test_no_address_gets_the_key_of_a_provider(tmp_path: Path, fields: Any) -> None:
    async with open_servers(tmp_path) as (servers, _):
        await servers.add(*server_of("docs", **fields))
        with pytest.raises(ToolServerError) as refused:
            await (await servers.run("docs")).request("list_tools")
        assert "may not get the environment" in refused.value.message
        assert refused.value.params == {"server": "docs", "variable": "OPENAI_API_KEY"}


@pytest.mark.parametrize(
    ("place", "field", "given", "sent"),
    [
        ({"command": ("run",)}, "environment", {"KEY": "${env:OPENAI_API_KEY}"}, {"KEY": "sk-a"}),
        ({"url": "https://host/mcp"}, "headers", {"X-Key": "${env:TOKEN}"}, {"X-Key": "t"}),
    ],
)
async def test_a_server_gets_the_variables_that_it_refers_to(
    tmp_path: Path, place: Any, field: str, given: dict[str, str], sent: dict[str, str]
) -> None:
    launches: list[Mapping[str, Any]] = []
    fields: dict[str, Any] = {**place, field: given}
    async with open_servers(tmp_path, connect=unreachable(launches)) as (servers, _):
        await servers.add(*server_of("docs", **fields))
        with pytest.raises(ToolServerError):
            await (await servers.run("docs")).request("list_tools")
    assert [launch[field] for launch in launches] == [sent]


async def test_a_sign_in_is_kept_until_the_user_signs_out(tmp_path: Path) -> None:
    launches: list[Mapping[str, Any]] = []
    async with open_servers(tmp_path, connect=unreachable(launches)) as (servers, keyring):
        await servers.add(DOCS, DOCS_SECRETS)
        assert not await servers.is_signed_in(DOCS)
        keyring.secrets[DOCS.sign_in_name] = Secret("{}", DOCS.secret_origin)
        assert await servers.is_signed_in(DOCS)
        assert not await servers.is_signed_in(replace(DOCS, url="https://other/mcp"))
        await servers.sign_out("docs")
        assert launches, "its server revokes the sign-in, if it is reached"
        assert not await servers.is_signed_in(DOCS)
        assert await servers.secrets_of(DOCS) == DOCS_SECRETS
