"""Builds the sources of tools from the parts of the backend."""

from __future__ import annotations

from typing import TYPE_CHECKING

from desktop_app.providers.http.trust import trusted_context
from desktop_app.tools.built_in import BuiltInTools
from desktop_app.tools.document_tools import DocumentTools
from desktop_app.tools.web_page_tool import WebPageTool

if TYPE_CHECKING:
    from collections.abc import Sequence

    from desktop_app.backend.backend import Backend
    from desktop_app.domain.conversations.message_parts import PassagesPart
    from desktop_app.services.tools.tool_source import ToolSource


def tool_sources(backend: Backend) -> tuple[ToolSource, ...]:
    """Return all sources, the built-in one first."""

    async def retrieve(ids: Sequence[str], words: str, tokens: int) -> Sequence[PassagesPart]:
        return await backend.collections.retrieve(ids, words, tokens)

    async def read_text(name: str, data: bytes) -> str:
        return (await backend.documents.extract_bytes(name, data)).text

    documents = DocumentTools(backend.search, retrieve)
    pages = WebPageTool(read_text, trusted_context)
    return (BuiltInTools([*documents.tools(), *pages.tools()]),)
