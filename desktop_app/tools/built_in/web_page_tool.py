"""The tool that fetches the text of a web page, of bounded size, from public addresses only.

The host is resolved here, and the connection goes to the checked address, so that the name cannot
resolve to another one meanwhile. Every redirect is checked in the same way. One to another host
ends the call, because the user has allowed the first host only. No cookies, keys or proxies are
used.
"""

from __future__ import annotations

import asyncio
import codecs
import ipaddress
import re
import socket
from collections.abc import Awaitable, Callable, Mapping
from contextlib import aclosing
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urljoin

from desktop_app.domain.tools.tool import (
    PAGE_TOOL,
    ToolContext,
    ToolDefinition,
    ToolError,
    ToolKind,
)
from desktop_app.i18n.translation import N_
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
        import httpx  # few answers need it

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
