"""The tool that fetches the text of a web page, of bounded size, from public addresses only.

The host is resolved here, and the connection goes to the checked address, so that the name cannot
resolve to another one meanwhile. Every redirect is checked in the same way. No cookies, keys or
proxies are used.
"""

from __future__ import annotations

import asyncio
import codecs
import ipaddress
import re
import socket
import zlib
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urljoin, urlsplit

from desktop_app.domain.tools.tool import (
    PAGE_TOOL,
    ToolContext,
    ToolDefinition,
    ToolError,
    ToolKind,
)
from desktop_app.i18n.translation import N_
from desktop_app.tools import schemas
from desktop_app.tools.built_in import BuiltInTool

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
_GZIP_OR_ZLIB: Final = zlib.MAX_WBITS + 32
"""The value with which zlib finds out itself whether the data is gzip or zlib ("deflate")."""
_GZIP_FIRST_BYTE: Final = b"\x1f"
"""The first byte of a gzip member, checked alone: the second may be in the next piece."""
_ISATAP: Final = 0x5EFE
"""The second half of the ISATAP identifier 0000:5EFE or 0200:5EFE (RFC 5214, section 6.1)."""
_CHARSET: Final = re.compile(r";\s*charset\s*=\s*[\"']?([a-z0-9._:+-]{1,40})", re.I)
_ENCODINGS_OF_NAMES: Final = ("idna", "punycode")
"""No page has them. As punycode, 200 KB would take 20 s to decode; as idna, 5 MB would take 8 s."""
_PORTS: Final = {"http": 80, "https": 443}

FETCH_PAGE: Final = ToolDefinition(
    PAGE_TOOL,
    "Fetches a public web page and returns its text.",
    schemas.arguments(url=schemas.text("An http or https address")),
    ToolKind.LEAVES,
    touches=N_("It opens the address in the arguments."),
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
        embedded_ipv4 = _embedded_ipv4(ip)
        # Of an address of NAT64, the embedded IPv4 address alone decides.
        if embedded_ipv4 is not None and ip in _NAT64:
            return is_public(str(embedded_ipv4))
        if ip.is_site_local or (embedded_ipv4 is not None and not is_public(str(embedded_ipv4))):
            return False
    if any(ip in ipaddress.ip_network(network) for network in _NON_PUBLIC_NETWORKS):
        return False
    return ip.is_global and not ip.is_multicast and not ip.is_reserved


def _embedded_ipv4(address: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    """Return the IPv4 address that an IPv6 address embeds for a gateway, or None."""
    last_32_bits = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    # The mask leaves out the bit in which the two identifiers of ISATAP differ.
    if address in _NAT64 or (int(address) >> 32) & 0xFDFFFFFF == _ISATAP:
        return last_32_bits
    if address.teredo is not None:
        _teredo_server, teredo_client = address.teredo
        return teredo_client
    return address.ipv4_mapped or address.sixtofour


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
        """Return the tool."""
        return [BuiltInTool(FETCH_PAGE, self._fetch)]

    async def _fetch(self, arguments: Mapping[str, Any], _context: ToolContext) -> str:
        try:
            async with asyncio.timeout(MAX_FETCH_S):
                url, media_type, data = await self.fetch(arguments["url"])
        except TimeoutError as error:
            raise ToolError(f"The page took longer than {MAX_FETCH_S:.0f} s.") from error
        name = "page.html"
        if media_type in ("text/plain", "text/markdown"):
            name = "page.txt"
        text = await self._read_text(name, data)
        return f"{url}\n\n{text}"

    async def fetch(self, url: str) -> tuple[str, str, bytes]:
        """Return the final address, the media type and the bytes of a page. Raises ToolError."""
        import httpx  # few answers need it

        for _ in range(MAX_REDIRECTS + 1):
            address, host = await self._resolve_public(url)
            target, headers = _request_to(address, host, url)
            server_name = host.removesuffix(".")  # SNI and certificates have no final dot
            tls_context = await asyncio.to_thread(self._trusted_context)
            async with AsyncExitStack() as stack:
                client = await stack.enter_async_context(
                    httpx.AsyncClient(verify=tls_context, trust_env=False, follow_redirects=False)
                )
                try:
                    reply = await stack.enter_async_context(
                        client.stream(
                            "GET", target, headers=headers, extensions={"sni_hostname": server_name}
                        )
                    )
                    if reply.status_code in _REDIRECT_STATUSES and "location" in reply.headers:
                        url = urljoin(url, reply.headers["location"])
                        continue
                    media_type = _require_readable(reply.status_code, reply.headers)
                    data = await read_bounded_body(reply)
                    return url, media_type, _to_utf8(data, _stated_charset(reply.headers))
                except ValueError as error:  # an invalid redirect, or an unpaired surrogate
                    raise ToolError("The address is not valid.") from error
                except (httpx.HTTPError, httpx.InvalidURL) as error:
                    name = type(error).__name__
                    raise ToolError(f"The page could not be fetched ({name}).") from error
        raise ToolError("The page redirects too often.")

    async def _resolve_public(self, url: str) -> tuple[str, str]:
        """Return a public IP address of the URL’s host, and the host. Raises ToolError."""
        import httpx

        if len(url) > _MAX_ADDRESS_CHARS:
            raise ToolError("The address is too long.")
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError as error:
            raise ToolError("The address is not valid.") from error
        host = parts.hostname or ""
        if parts.scheme not in _PORTS or not host or parts.username or parts.password:
            raise ToolError("Only http and https addresses without a user name can be fetched.")
        try:
            # Python's codec "idna" follows an older standard, by which some names become those of
            # other servers.
            ascii_host = host
            if ":" not in host:  # not an IPv6 address
                ascii_host = httpx.URL(f"http://{host}").raw_host.decode()
            addresses = await self._resolve(ascii_host, port or _PORTS[parts.scheme])
        except (OSError, UnicodeError, httpx.InvalidURL) as error:
            raise ToolError("The host was not found.") from error
        # One private address is enough for a refusal: any of them might be used.
        if not addresses or not all(map(self._allows, addresses)):
            raise ToolError("Addresses of this computer and of private networks are not fetched.")
        return addresses[0], ascii_host


def _request_to(address: str, host: str, url: str) -> tuple[str, dict[str, str]]:
    """Return `url` with the checked IP address, and the headers, which name the host."""
    parts = urlsplit(url)
    port = parts.port or _PORTS[parts.scheme]
    url_address = _in_brackets_if_ipv6(address)
    url_host = _in_brackets_if_ipv6(host)
    target = f"{parts.scheme}://{url_address}:{port}{parts.path or '/'}"
    if parts.query:
        target += f"?{parts.query}"
    if port != _PORTS[parts.scheme]:
        url_host += f":{port}"
    headers = {
        "host": url_host,
        "user-agent": "Repartee",
        "accept": ", ".join(_READABLE_TYPES),
        "accept-encoding": "gzip",
    }
    return target, headers


def _in_brackets_if_ipv6(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _require_readable(status: int, headers: Mapping[str, str]) -> str:
    """Return the media type of a page. Raises ToolError if it is an error or not text."""
    if status >= 300:
        raise ToolError(f"The server answered with HTTP status {status}.")
    media_type = headers.get("content-type", "text/html").partition(";")[0].strip().lower()
    if media_type not in _READABLE_TYPES:
        raise ToolError(f"The page is not text ({media_type[:100]}).")
    return media_type


async def read_bounded_body(reply: httpx.Response) -> bytes:
    """Return the body, decompressed up to MAX_PAGE_BYTES.

    Raises:
        ToolError: it is too large, damaged, or compressed in an unsupported way.
    """
    encoding = reply.headers.get("content-encoding", "identity").strip().lower()
    if encoding not in ("identity", "gzip", "deflate"):
        raise ToolError("The page is compressed in a way that is not supported.")
    decompressor = None
    if encoding != "identity":
        decompressor = zlib.decompressobj(_GZIP_OR_ZLIB)
    data = bytearray()
    async for piece in reply.aiter_raw():
        await asyncio.sleep(0)  # one read may return 10,000 chunks of a byte
        if decompressor is None:
            data += piece
        while decompressor is not None and piece and len(data) <= MAX_PAGE_BYTES:
            if decompressor.eof:  # a gzip file may consist of several members
                if not piece.startswith(_GZIP_FIRST_BYTE):
                    break  # padding
                await asyncio.sleep(0)  # one piece may contain 3,000 empty members
                decompressor = zlib.decompressobj(_GZIP_OR_ZLIB)
            try:
                data += decompressor.decompress(piece, MAX_PAGE_BYTES + 1 - len(data))
            except zlib.error as error:
                raise ToolError("The page is damaged.") from error
            piece = decompressor.unused_data
        if len(data) > MAX_PAGE_BYTES:
            raise ToolError(f"The page is larger than {MAX_PAGE_BYTES >> 20} MB.")
    if decompressor is not None and data and not decompressor.eof:  # the end is missing
        raise ToolError("The page is damaged.")
    return bytes(data)


def _stated_charset(headers: Mapping[str, str]) -> str:
    """Return the encoding that the server states, or "".

    Not `httpx.Response.charset_encoding`: for some headers the parser of Python's email package
    raises TypeError.
    """
    match = _CHARSET.search(headers.get("content-type", ""))
    return match[1] if match else ""


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
