"""The tool that searches the web by a SearXNG server, whose address the user enters.

Only the search words are sent there, by GET `/search?q=…&format=json`, without cookies, keys or
proxies. Source of the API: docs.searxng.org/dev/search_api, read on 29 November 2026.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from desktop_app.domain.error_note import ErrorNote
from desktop_app.domain.network.network_address import is_private, split_url
from desktop_app.domain.tools.tool import (
    OWN_SEARCH,
    ListedTool,
    ToolContext,
    ToolDefinition,
    ToolError,
    ToolKind,
)
from desktop_app.i18n.translation import N_, tr
from desktop_app.tools.built_in.built_in import arguments_schema, text_schema
from desktop_app.tools.built_in.web_page_tool import read_bounded_body

if TYPE_CHECKING:
    import ssl

    import httpx

MAX_RESULTS: Final = 10
MAX_SEARCH_S: Final = 30.0
_MAX_QUERY_CHARS: Final = 1_000
_MAX_TEXT_CHARS: Final = 500
_NO_JSON: Final = (
    "The search server refuses to answer in JSON. Its administrator has to add “json” to "
    "search.formats in its settings.yml."
)


class SearchSettings(NamedTuple):
    """What the user has entered: the server's address, "" for none, and the domains to search."""

    address: str = ""
    domains: tuple[str, ...] = ()


class WebSearchTool:
    """The source of the search tool.

    Args:
        settings: returns what the user has entered.
        trusted_context: returns the context of trusted certificates; called in a thread.
    """

    name = ""

    def __init__(
        self,
        settings: Callable[[], Awaitable[SearchSettings]],
        trusted_context: Callable[[], ssl.SSLContext],
    ) -> None:
        self._settings = settings
        self._trusted_context = trusted_context

    async def prepare(self) -> None:
        """Do nothing."""

    async def tools(self) -> Sequence[ListedTool]:
        """Return the tool; without a usable address, with the reason why it cannot be used."""
        address = (await self._settings()).address
        touches = N_("Sends the search words to a server that you enter.")
        if address:
            host = split_url(address).netloc
            # Part of what the user allows: another server has to be allowed again.
            touches = tr("The search words go to {host}, which asks search engines.", host=host)
        definition = ToolDefinition(
            OWN_SEARCH,
            "Searches the web. Returns numbered results with title, address and excerpt. Search "
            "several times with different words if needed, and open promising pages with "
            "fetch_page if you have it. After each statement, cite the results that support it by "
            "their numbers in square brackets, such as [3] or [3, 8].",
            arguments_schema(query=text_schema("The search words, as for a search engine")),
            ToolKind.LEAVES,
            touches=touches,
        )
        return [ListedTool(definition, _refusal_of(address))]

    async def call(self, tool: ToolDefinition, arguments: Any, context: ToolContext) -> str:
        """Search. Raises ToolError."""
        settings = await self._settings()
        if tool.name != OWN_SEARCH or _refusal_of(settings.address):
            raise ToolError("There is no search server.")
        query = " ".join(str(arguments["query"]).split())
        if not query or len(query) > _MAX_QUERY_CHARS:
            raise ToolError(f"The search words need 1 to {_MAX_QUERY_CHARS} characters.")
        try:
            async with asyncio.timeout(MAX_SEARCH_S):
                reply = await self._search(settings, query)
        except TimeoutError as error:
            raise ToolError(f"The search took longer than {MAX_SEARCH_S:.0f} s.") from error
        return results_text(reply, settings.domains, context)

    async def _search(self, settings: SearchSettings, query: str) -> Mapping[str, Any]:
        """Return the server's reply. Raises ToolError."""
        import httpx  # few answers need it

        if settings.domains:
            query += " " + " OR ".join(f"site:{domain}" for domain in settings.domains)
        address = settings.address.rstrip("/").removesuffix("/search") + "/search"
        tls_context = await asyncio.to_thread(self._trusted_context)
        client = httpx.AsyncClient(verify=tls_context, trust_env=False, follow_redirects=False)
        headers = {"user-agent": "Repartee", "accept": "application/json"}
        try:
            async with (
                client,
                client.stream(
                    "GET", address, params={"q": query, "format": "json"}, headers=headers
                ) as answer,
            ):
                _require_success(answer)
                data = await read_bounded_body(answer)
        except (ValueError, httpx.InvalidURL) as error:
            raise ToolError("The address of the search server is not valid.") from error
        except httpx.HTTPError as error:
            name = type(error).__name__
            host = split_url(address).netloc
            raise ToolError(f"The search server {host} could not be reached ({name}).") from error
        try:
            reply = await asyncio.to_thread(json.loads, data)
        except (ValueError, RecursionError) as error:
            raise ToolError(
                "The search server did not answer in JSON. Its address may be wrong."
            ) from error
        if not isinstance(reply, dict):
            raise ToolError("The search server did not answer as SearXNG does.")
        return reply


def _refusal_of(address: str) -> ErrorNote | None:
    """Return why the tool cannot be used; None if it can."""
    if not address:
        return ErrorNote(
            N_("There is no search server."),
            hint=N_("Enter the address of a SearXNG server in {responses_page}."),
        )
    url = split_url(address)
    if url.scheme != "https" and not is_private(url.hostname or ""):
        return ErrorNote(
            N_("The connection to the search server isn’t encrypted."),
            hint=N_("Enter an address that begins with https:// in {responses_page}."),
        )
    return None


def _require_success(answer: httpx.Response) -> None:
    """Raise ToolError for a status that is not a success."""
    if answer.status_code == 403:
        raise ToolError(_NO_JSON)
    if answer.status_code == 429:
        raise ToolError(
            "The search server allows no more requests for now (its limiter). Try again later."
        )
    if answer.is_redirect:
        place = answer.headers.get("location", "")[:200]
        raise ToolError(
            f"The search server redirects to {place}. The user has to enter that address."
        )
    if not answer.is_success:
        raise ToolError(f"The search server answered with HTTP status {answer.status_code}.")


def results_text(reply: Mapping[str, Any], domains: Sequence[str], context: ToolContext) -> str:
    """Return the numbered results of a reply, of these domains only if there are any."""
    rows = reply.get("results")
    pieces = []
    for title, address, text in _results_of(rows if isinstance(rows, list) else (), domains):
        number = context.cite(address, title)
        mark = f"[{number}] " if number else ""
        pieces.append("\n".join(filter(None, (f"{mark}{title or address}", address, text))))
        if len(pieces) == MAX_RESULTS:
            break
    if pieces:
        return "\n\n".join(pieces)
    engines = reply.get("unresponsive_engines")
    rows = engines if isinstance(engines, list) else []
    silent = [str(each[0]) for each in rows if isinstance(each, list) and each]
    if silent:
        names = ", ".join(silent)[:_MAX_TEXT_CHARS]
        return f"Nothing was found. These search engines did not answer: {names}"
    return "Nothing was found."


def _results_of(rows: Sequence[object], domains: Sequence[str]) -> Iterator[tuple[str, str, str]]:
    """Yield title, address and excerpt of each page on the web."""
    for row in rows:
        if not isinstance(row, dict):
            continue
        address, title, text = (_line_of(row.get(name)) for name in ("url", "title", "content"))
        host = split_url(address).hostname or ""
        is_allowed = not domains or any(f".{host}".endswith(f".{each}") for each in domains)
        if address.startswith(("http://", "https://")) and host and is_allowed:
            yield title[:_MAX_TEXT_CHARS], address, text[:_MAX_TEXT_CHARS]


def _line_of(value: object) -> str:
    text = " ".join(value.split()) if isinstance(value, str) else ""
    return text.encode("utf-8", "replace").decode()
