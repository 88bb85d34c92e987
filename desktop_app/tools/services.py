"""What tools make of the backend: their sources, and the tool servers."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from desktop_app.child_processes import PROVIDER_VARIABLES, environment_with_keys
from desktop_app.domain.conversations.conversation import SearchOrder
from desktop_app.domain.conversations.message_parts import DocumentPart
from desktop_app.features import cores, imported
from desktop_app.providers.http.trust import trusted_context
from desktop_app.providers.keys.vault import KeyPlace
from desktop_app.settings.schema import SEARCH_DOMAINS, SEARCH_LOCATION, SEARCH_SERVER
from desktop_app.tools.built_in.built_in import BuiltInTools
from desktop_app.tools.built_in.document_tools import DocumentTools
from desktop_app.tools.built_in.web_tools import SearchSettings, WebPageTool, WebSearchTool
from desktop_app.tools.calls.hosted_tools import HostedTools, search_fields
from desktop_app.tools.calls.tool_set import ToolCatalog
from desktop_app.tools.servers.server_connection import ServerConnection
from desktop_app.tools.servers.server_registry import ServerEnvironment, ToolServers
from desktop_app.tools.servers.server_source import ServerSource
from desktop_app.tools.servers.server_store import ServerStore
from desktop_app.tools.skills.skill_source import SkillSource

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from desktop_app.backend.backend import Backend
    from desktop_app.collections.collection_service import Collections
    from desktop_app.domain.conversations.message_parts import PassagesPart
    from desktop_app.domain.network.origin import Secret
    from desktop_app.tools.built_in.web_tools import ReadText
    from desktop_app.tools.calls.tool_set import ToolSource


def tool_catalog(backend: Backend) -> ToolCatalog:
    """Return all tools, those of servers too."""
    return ToolCatalog(tool_sources(backend), partial(server_sources, backend))


def tool_sources(backend: Backend) -> tuple[ToolSource, ...]:
    """Return the sources that need no tool server."""

    async def retrieve(ids: Sequence[str], words: str, tokens: int) -> Sequence[PassagesPart]:
        collections: Collections | None = backend.part("collections")
        return () if collections is None else await collections.retrieve(ids, words, tokens)

    async def vector_stores() -> Sequence[str]:
        return str((await backend.values())["tools.vector_stores"]).split()

    async def domains() -> tuple[str, ...]:
        lines = str((await backend.values())[SEARCH_DOMAINS]).lower().split()
        return tuple(lines)

    async def hosted_search() -> Mapping[str, Any]:
        return search_fields(await domains(), str((await backend.values())[SEARCH_LOCATION]))

    async def own_search() -> SearchSettings:
        address = str((await backend.values())[SEARCH_SERVER]).strip()
        return SearchSettings(address, await domains())

    async def ready_documents(ids: Sequence[str]) -> list[DocumentPart]:
        collections: Collections | None = backend.part("collections")
        if collections is None:
            return []
        files = [file for id_ in ids for file in await collections.files(id_)]
        return [
            DocumentPart(
                sha256=file.sha256,
                name=file.name,
                media_type=file.media_type,
                size=file.size,
                pages=file.pages,
            )
            for file in files
            if file.status == "ready"
        ]

    search_library = partial(backend.search.find, order=SearchOrder.BEST)
    documents = DocumentTools(search_library, retrieve, ready_documents, backend.attachments.text)
    pages = WebPageTool(text_reader(backend), trusted_context)

    of_features = [backend.of(imported(place)) for core in cores() for place in core.tools]
    built_in = BuiltInTools([*documents.tools(), *pages.tools(), *of_features])
    search = WebSearchTool(own_search, trusted_context)
    places = (Path.home() / ".agents", Path.home() / ".claude", backend.folders.data)
    skills = SkillSource([place / "skills" for place in places])
    return (built_in, search, HostedTools(vector_stores, hosted_search), skills)


def tool_servers(backend: Backend) -> ToolServers:
    """Return the tool servers that the user has configured; none runs before it is needed."""

    async def store_secret(name: str, secret: Secret) -> bool:
        return await backend.vault.set(name, secret) is KeyPlace.KEYRING

    servers = ToolServers(
        backend.of(server_store),
        backend.vault,
        backend.permissions.forget_source,
        ServerConnection.open,
        store_secret=store_secret,
        environment=ServerEnvironment(
            environment_with_keys(), PROVIDER_VARIABLES, home=str(Path.home())
        ),
    )
    backend.on_close.append(servers.aclose)
    return servers


def server_store(backend: Backend) -> ServerStore:
    return ServerStore(backend.database)


async def server_sources(backend: Backend) -> Sequence[ToolSource]:
    """Return the servers as sources of tools. Raises UserFacingError."""
    servers = backend.of(tool_servers)
    read_text = text_reader(backend)
    return [ServerSource(run, servers.storage, read_text) for run in await servers.runs()]


def text_reader(backend: Backend) -> ReadText:
    """Return the function that reads documents for tools, in the confined process."""

    async def read_text(name: str, data: bytes) -> str:
        return (await backend.documents.extract_bytes(name, data)).text

    return read_text
