"""The tools that fetch a web page, and search the web. Pages come from public addresses only.

The host of a page is resolved here, and the connection goes to the checked address, so that the
name cannot resolve to another one meanwhile. Every redirect is checked in the same way. One to
another host ends the call, because the user has allowed the first host only. No cookies, keys or
proxies are used.

The search asks a SearXNG server, whose address the user enters. Only the search words are sent, by
GET `/search?q=…&format=json`, without cookies, keys or proxies. Source of the API:
docs.searxng.org/dev/search_api, read on 29 November 2026.
"""

from __future__ import annotations

import asyncio
import codecs
import ipaddress
import json
import re
import socket
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import aclosing
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from urllib.parse import urljoin

from desktop_app.domain.error_note import ErrorNote
from desktop_app.domain.network.network_address import is_private, split_url
from desktop_app.domain.tools.tool import (
    OWN_SEARCH,
    PAGE_TOOL,
    ListedTool,
    ToolContext,
    ToolDefinition,
    ToolError,
    ToolKind,
)
from desktop_app.i18n.translation import N_, tr
from desktop_app.providers.http.unpacking import unpacked
from desktop_app.tools.built_in.built_in import BuiltInTool, arguments_schema, text_schema

if TYPE_CHECKING:
    import ssl

    import httpx

MAX_PAGE_BYTES: Final = 5 << 20
_MAX_ADDRESS_CHARS: Final = 8_000
"""Longer addresses are refused: 100,000 combining marks in a host take 20 s to normalize."""
MAX_REDIRECTS: Final = 5
MAX_FETCH_S: Final = 30.0
_READABLE_TYPES: Final = ("text/html", "application/xhtml+xml", "text/plain", "text/markdown")
_REDIRECT_STATUSES: Final = (301, 302, 303, 307, 308)
# Special networks that `is_global` of some versions of Python does not know, and the address of
# the host in virtual machines at Azure.
_NON_PUBLIC_NETWORKS: Final = ("168.63.129.16/32", "192.0.0.0/24", "192.88.99.0/24", "3fff::/20")
_NAT64: Final = ipaddress.IPv6Network("64:ff9b::/96")
"""The addresses by which networks that have only IPv6 reach IPv4 hosts (RFC 6052)."""
_CHARSET: Final = re.compile(r";\s*charset\s*=\s*[\"']?([a-z0-9._:+-]{1,40})", re.I)
_ENCODINGS_OF_NAMES: Final = ("idna", "punycode")
"""No page has them. As punycode, 200 KB would take 20 s to decode; as idna, 5 MB would take 8 s."""
_PORTS: Final = {"http": 80, "https": 443}
_HEADERS: Final = {
    "user-agent": "Repartee",
    "accept": ", ".join(_READABLE_TYPES),
    "accept-encoding": "gzip, deflate",
}

FETCH_PAGE: Final = ToolDefinition(
    PAGE_TOOL,
    "Fetches a public web page and returns its text. Cite it by its number in square brackets, "
    "such as [3].",
    arguments_schema(url=text_schema("An http or https address")),
    ToolKind.LEAVES,
    touches=N_("Opens the address in the arguments."),
)

Resolve = Callable[[str, int], Awaitable[list[str]]]
"""Called with a host and a port. Returns the IP addresses of the host."""
ReadText = Callable[[str, bytes], Awaitable[str]]
"""Called with a file name and the bytes of a page. Returns its text."""


async def resolve_host(host: str, port: int) -> list[str]:
    """Return the IP addresses of a host. Raises OSError."""
    loop = asyncio.get_running_loop()
    address_infos = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(info[4][0]) for info in address_infos]


def is_public(address: str) -> bool:
    """Return True for a public IP address on the internet; False also for any other text."""
    try:
        ip = ipaddress.ip_address(address.partition("%")[0])  # without an IPv6 zone, as in %eth0
    except ValueError:
        return False
    if isinstance(ip, ipaddress.IPv6Address):
        if ip in _NAT64:  # the embedded IPv4 address decides
            return is_public(str(ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)))
        if ip.is_site_local or ip.ipv4_mapped or ip.sixtofour or ip.teredo:
            return False  # ways to reach IPv4 hosts, which no public site has
    if any(ip in ipaddress.ip_network(network) for network in _NON_PUBLIC_NETWORKS):
        return False
    return ip.is_global and not ip.is_multicast and not ip.is_reserved


class WebPageTool:
    """The tool that fetches pages.

    Args:
        read_text: returns the text of a page; runs in a confined process.
        trusted_context: returns the context of trusted certificates; called in a thread.
        resolve: resolves a host; tests replace it.
        allows: returns True if an IP address may be connected to; tests replace it.
    """

    def __init__(
        self,
        read_text: ReadText,
        trusted_context: Callable[[], ssl.SSLContext],
        resolve: Resolve = resolve_host,
        allows: Callable[[str], bool] = is_public,
    ) -> None:
        self._read_text = read_text
        self._trusted_context = trusted_context
        self._resolve = resolve
        self._allows = allows

    def tools(self) -> list[BuiltInTool]:
        return [BuiltInTool(FETCH_PAGE, self._fetch)]

    async def _fetch(self, arguments: Mapping[str, Any], context: ToolContext) -> str:
        try:
            async with asyncio.timeout(MAX_FETCH_S):
                url, media_type, data = await self.fetch(arguments["url"])
        except TimeoutError as error:
            raise ToolError(f"The page took longer than {MAX_FETCH_S:.0f} s.") from error
        name = "page.html"
        if media_type in ("text/plain", "text/markdown"):
            name = "page.txt"
        text = await self._read_text(name, data)
        number = context.cite(url, "")
        return f"[{number}] {url}\n\n{text}" if number else f"{url}\n\n{text}"

    async def fetch(self, url: str) -> tuple[str, str, bytes]:
        """Return the final address, the media type and the bytes of a page.

        Raises:
            ToolError: it could not be fetched, or the host redirects to another one.
        """
        import httpx

        tls_context = await asyncio.to_thread(self._trusted_context)
        client = httpx.AsyncClient(verify=tls_context, trust_env=False, follow_redirects=False)
        try:
            async with client:
                for _ in range(MAX_REDIRECTS + 1):
                    if len(url) > _MAX_ADDRESS_CHARS:
                        raise ToolError("The address is too long.")
                    target = httpx.URL(url)
                    address = await self._resolve_public(target)
                    host = target.raw_host.decode()
                    port = "" if target.port is None else f":{target.port}"
                    async with client.stream(
                        "GET",
                        target.copy_with(host=address, fragment=None),
                        headers={"host": f"[{host}]{port}" if ":" in host else host + port}
                        | _HEADERS,
                        # SNI and certificates have no final dot.
                        extensions={"sni_hostname": host.removesuffix(".")},
                    ) as reply:
                        if reply.status_code in _REDIRECT_STATUSES and "location" in reply.headers:
                            url = urljoin(url, reply.headers["location"])
                            _require_same_host(target, url)
                            continue
                        media_type = _require_readable(reply.status_code, reply.headers)
                        data = await read_bounded_body(reply)
                        # Not `charset_encoding`: for some headers the parser of Python's email
                        # package raises TypeError.
                        stated = _CHARSET.search(reply.headers.get("content-type", ""))
                        return url, media_type, _to_utf8(data, stated[1] if stated else "")
        except (ValueError, httpx.InvalidURL) as error:  # also an unpaired surrogate
            raise ToolError("The address is not valid.") from error
        except httpx.HTTPError as error:
            name = type(error).__name__
            raise ToolError(f"The page could not be fetched ({name}).") from error
        raise ToolError("The page redirects too often.")

    async def _resolve_public(self, target: httpx.URL) -> str:
        """Return a public IP address of the URL’s host. Raises ToolError."""
        _require_web_address(target)
        # The URL's own encoding of international names: Python's codec "idna" follows an older
        # standard, by which some names become those of other servers.
        host = target.raw_host.decode()
        try:
            addresses = await self._resolve(host, target.port or _PORTS[target.scheme])
        except (OSError, UnicodeError) as error:
            raise ToolError("The host was not found.") from error
        # One private address is enough for a refusal: any of them might be used.
        if not addresses or not all(map(self._allows, addresses)):
            raise ToolError("Addresses of this computer and of private networks are not fetched.")
        return addresses[0]


def _require_web_address(target: httpx.URL) -> None:
    if target.scheme not in _PORTS or not target.host or target.userinfo:
        raise ToolError("Only http and https addresses without a user name can be fetched.")


def _require_same_host(source: httpx.URL, url: str) -> None:
    """Refuse a redirect to another host, which is not even resolved.

    An allowed host may redirect anywhere: injected text could name an address there whose redirect
    carries words of the conversation to another host.
    """
    if len(url) > _MAX_ADDRESS_CHARS:
        raise ToolError("The address is too long.")
    target = source.join(url)
    _require_web_address(target)
    if target.raw_host != source.raw_host:
        raise ToolError(
            f"The page redirects to another host, {url}. To fetch that page, call the tool with "
            "this address."
        )


def _require_readable(status: int, headers: Mapping[str, str]) -> str:
    """Return the media type of a page. Raises ToolError if it is an error or not text."""
    if status >= 300:
        raise ToolError(f"The server answered with HTTP status {status}.")
    media_type = headers.get("content-type", "text/html").partition(";")[0].strip().lower()
    if media_type not in _READABLE_TYPES:
        raise ToolError(f"The page is not text ({media_type[:100]}).")
    return media_type


async def read_bounded_body(reply: httpx.Response) -> bytes:
    """Return the body. Raises ToolError if it is larger than MAX_PAGE_BYTES."""
    data = bytearray()
    async with aclosing(unpacked(reply)) as pieces:
        async for piece in pieces:
            await asyncio.sleep(0)  # one read may return 10,000 chunks of a byte
            data += piece
            if len(data) > MAX_PAGE_BYTES:
                await reply.aclose()
                raise ToolError(f"The page is larger than {MAX_PAGE_BYTES >> 20} MB.")
    return bytes(data)


def _to_utf8(data: bytes, charset: str) -> bytes:
    """Return a text as UTF-8 with a byte order mark; unchanged if `charset` is not usable."""
    if not charset:
        return data
    # Browsers read ISO 8859-1 as Windows-1252, so pages are written that way.
    encoding = "cp1252" if charset.lower() in ("iso-8859-1", "latin1") else charset
    try:
        if codecs.lookup(encoding).name in _ENCODINGS_OF_NAMES:
            return data
        text = data.removeprefix(codecs.BOM_UTF8).decode(encoding)
    except (LookupError, UnicodeError):
        return data  # the page's reader detects the encoding
    return codecs.BOM_UTF8 + text.encode("utf-8", "replace")


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
        import httpx

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
            hint=N_("Enter the address of a SearXNG server in {advanced_page}."),
        )
    url = split_url(address)
    if url.scheme != "https" and not is_private(url.hostname or ""):
        return ErrorNote(
            N_("The connection to the search server isn’t encrypted."),
            hint=N_("Enter an address that begins with https:// in {advanced_page}."),
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
