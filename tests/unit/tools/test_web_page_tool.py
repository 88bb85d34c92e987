"""The fetched page: public addresses only, through redirects and names."""

from __future__ import annotations

import asyncio
import gzip
import ssl
import threading
from collections.abc import AsyncGenerator, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest

from desktop_app.documents.text import web_page
from desktop_app.domain.tools.tool import ToolContext, ToolError
from desktop_app.tools.built_in import web_tools
from desktop_app.tools.built_in.web_tools import (
    MAX_PAGE_BYTES,
    WebPageTool,
    is_public,
    read_bounded_body,
    resolve_host,
)
from tests.helpers.blocking import blocking
from tests.helpers.certificates import Authority

REDIRECT = "/redirect?"
RUSSIAN = "<meta charset=utf-8><p>Привет</p>".encode("cp1251")
BOMB = gzip.compress(bytes(50 << 20), 9)


class _Site(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        if self.path.startswith(REDIRECT):
            status, _, target = self.path.removeprefix(REDIRECT).partition(":")
            self.send_response(int(status))
            self.send_header("location", target)
            self.end_headers()
            return
        hello = dict.fromkeys(
            ("/", "/plain", "/markdown", "/bare", "/odd", "/parts", "/quoted"), b"<p>Hello</p>"
        )
        bodies = {
            **hello,
            "/packed": gzip.compress(b"<p>Hello</p>"),
            "/bomb": BOMB,
            "/punycode": b"<p>Hello</p>-",
            "/idna": b"<p>xn--ls8h.</p>",
        }
        bodies |= {"/russian": RUSSIAN}
        body = bodies.get(self.path, b"x" * (MAX_PAGE_BYTES + 1))
        charset = "windows-1251" if self.path == "/russian" else "utf-8"
        kinds = {"/plain": "text/plain", "/markdown": "text/markdown"}
        kind = f"{kinds.get(self.path, 'text/html')}; charset={charset}"
        others = {"/image": "image/png", "/bare": "text/html", "/odd": "text/html; charset=odd"}
        others["/parts"] = "text/html; charset*0=utf; charset*1*=''%2d8; charset*=utf-8''x%ff"
        others["/quoted"] = 'text/html; x=y ; Charset = "utf-8"'
        others |= {"/punycode": "text/html; charset=Punycode", "/idna": "text/html; charset=IDNA"}
        kind = others.get(self.path, kind)
        self.send_response(200)
        self.send_header("content-type", kind)
        if self.path in ("/packed", "/bomb"):
            self.send_header("content-encoding", "gzip")
        self.end_headers()
        try:
            self.wfile.write(body)
        except ConnectionError:
            return

    def log_message(self, *_: object) -> None:
        """Log nothing."""


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Site) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server.server_address[1]
        server.shutdown()
        thread.join()


async def read(name: str, data: bytes) -> str:
    return f"{name} {data.decode()}"


@blocking
async def fetch(url: str) -> tuple[str, str, bytes]:
    """Fetch a page; `site.test` is a public host, every other name its own address."""

    async def resolve(host: str, _port: int) -> list[str]:
        return ["127.0.0.1"] if host == "site.test" else [host]

    seen: list[str] = []

    def allows(address: str) -> bool:
        seen.append(address)
        return address == "127.0.0.1" and len(seen) == 1

    tool = WebPageTool(read, ssl.create_default_context, resolve, allows)
    return await tool.fetch(url)


def test_a_page_is_fetched(port: int) -> None:
    url, kind, data = fetch(f"http://site.test:{port}/")
    assert (kind, data) == ("text/html", b"\xef\xbb\xbf<p>Hello</p>")
    assert url == f"http://site.test:{port}/"


async def test_the_final_dot_of_a_host_is_no_part_of_its_certificate(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    with ThreadingHTTPServer(("127.0.0.1", 0), _Site) as server:
        server.socket = authority.server("site.test").wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        trust = ssl.create_default_context(cafile=authority.pem)
        tool = WebPageTool(read, lambda: trust, on_this_computer, any_address)
        try:
            for host in ("site.test", "site.test."):
                url = f"https://{host}:{server.server_address[1]}/"
                assert await tool.fetch(url) == (url, "text/html", b"\xef\xbb\xbf<p>Hello</p>")
        finally:
            server.shutdown()
            thread.join()


def test_the_encoding_may_be_quoted(port: int) -> None:
    assert fetch(f"http://site.test:{port}/quoted")[2] == b"\xef\xbb\xbf<p>Hello</p>"


@pytest.mark.parametrize("path", ["/bare", "/odd", "/parts"])
def test_a_page_without_a_known_encoding_is_unchanged(port: int, path: str) -> None:
    assert fetch(f"http://site.test:{port}{path}")[1:] == ("text/html", b"<p>Hello</p>")


@pytest.mark.attack("tools")
@pytest.mark.parametrize(
    ("path", "text"), [("/punycode", b"<p>Hello</p>-"), ("/idna", b"<p>xn--ls8h.</p>")]
)
def test_an_encoding_that_takes_minutes_is_ignored(port: int, path: str, text: bytes) -> None:
    assert fetch(f"http://site.test:{port}{path}")[1:] == ("text/html", text)


@pytest.mark.attack("tools")
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize(
    ("target", "reason"),
    [
        (
            "http://other.test:{port}/?words=secret",
            r"another host, http://other\.test:\d+/\?words=",
        ),
        ("//SITE.test.other.test/", "another host"),
        ("http://127.0.0.1:{port}/", "another host"),
        ("//10.0.0.1/", "another host"),
        ("file:///etc/passwd", "Only http"),
        ("http://site.test@other.test/", "Only http"),
    ],
)
def test_a_redirect_to_another_host_ends_with_its_address(
    port: int, target: str, reason: str, status: int
) -> None:
    with pytest.raises(ToolError, match=reason):  # `fetch` refuses a second connection
        fetch(f"http://site.test:{port}{REDIRECT}{status}:{target.format(port=port)}")


@pytest.mark.attack("tools")
def test_a_redirect_on_the_same_host_is_checked_again(port: int) -> None:
    with pytest.raises(ToolError, match="private networks"):
        fetch(f"http://site.test:{port}{REDIRECT}302://SITE.test:{port}/")


def test_an_invalid_address_or_redirect_is_refused(port: int) -> None:
    for path in (f"{REDIRECT}302:http://[x", "/\ud800"):
        with pytest.raises(ToolError, match="The address is not valid"):
            fetch(f"http://site.test:{port}{path}")


def test_a_redirect_that_the_http_client_refuses_is_an_error_with_its_name(port: int) -> None:
    with pytest.raises(ToolError, match=r"could not be fetched \(RemoteProtocolError\)"):
        fetch(f"http://site.test:{port}{REDIRECT}302:http://[::1")


def test_pages_that_are_large_or_no_text_are_refused(port: int) -> None:
    with pytest.raises(ToolError, match="larger than 5 MB"):
        fetch(f"http://site.test:{port}/large")
    with pytest.raises(ToolError, match="not text"):
        fetch(f"http://site.test:{port}/image")


def test_a_page_is_in_the_encoding_that_the_server_states(port: int) -> None:
    data = fetch(f"http://site.test:{port}/russian")[2]
    page = web_page.read(data)
    assert page is not None
    assert page.text.strip() == "Привет"


async def test_many_small_chunks_leave_time_for_the_window() -> None:
    async def pieces() -> AsyncGenerator[bytes]:
        for _ in range(2000):
            yield b"x"

    turns = 0

    async def count() -> None:
        nonlocal turns
        while True:
            await asyncio.sleep(0)
            turns += 1

    counting = asyncio.ensure_future(count())
    assert await read_bounded_body(httpx.Response(200, content=pieces())) == b"x" * 2000
    counting.cancel()
    assert turns >= 1999


async def test_names_are_those_of_the_current_standard() -> None:
    asked: list[tuple[str, int]] = []

    async def resolve(host: str, port: int) -> list[str]:
        asked.append((host, port))
        raise OSError

    tool = WebPageTool(read, ssl.create_default_context, resolve)
    for url in ("https://straße.example/", "http://a.example", "http://a.example:8080"):
        with pytest.raises(ToolError, match="not found"):
            await tool.fetch(url)
    assert asked == [("xn--strae-oqa.example", 443), ("a.example", 80), ("a.example", 8080)]


async def test_a_host_is_resolved_to_its_addresses() -> None:
    assert await resolve_host("127.0.0.1", 80) == ["127.0.0.1"]
    assert await resolve_host("::1", 80) == ["::1"]


async def on_this_computer(_host: str, _port: int) -> list[str]:
    return ["127.0.0.1"]


def any_address(_address: str) -> bool:
    return True


NO_CONTEXT = ToolContext("c")


@pytest.mark.parametrize(
    ("path", "name"), [("/", "page.html"), ("/plain", "page.txt"), ("/markdown", "page.txt")]
)
async def test_a_call_returns_the_address_and_the_text(port: int, path: str, name: str) -> None:
    reader = WebPageTool(read, ssl.create_default_context, on_this_computer, any_address)
    (tool,) = reader.tools()
    url = f"http://site.test:{port}{path}"
    said = await tool.run({"url": url}, NO_CONTEXT)
    assert said == f"{url}\n\n{name} \ufeff<p>Hello</p>"


async def test_a_page_that_takes_too_long_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(web_tools, "MAX_FETCH_S", 0)
    reader = WebPageTool(read, ssl.create_default_context, on_this_computer, any_address)
    (tool,) = reader.tools()
    with pytest.raises(ToolError, match="took longer than 0 s"):
        await tool.run({"url": "http://site.test/"}, NO_CONTEXT)


async def test_the_number_of_redirects_is_limited(port: int) -> None:
    tool = WebPageTool(read, ssl.create_default_context, on_this_computer, any_address)
    site = f"http://site.test:{port}"
    url, _, _ = await tool.fetch(site + f"{REDIRECT}302:" * 5 + "/")
    assert url == f"{site}/"
    with pytest.raises(ToolError, match="redirects too often"):
        await tool.fetch(site + f"{REDIRECT}302:" * 6 + "/")


@pytest.mark.attack("tools")
def test_a_compressed_page_is_read_up_to_the_bound(port: int) -> None:
    assert fetch(f"http://site.test:{port}/packed")[2].endswith(b"<p>Hello</p>")
    with pytest.raises(ToolError, match="larger than 5 MB"):
        fetch(f"http://site.test:{port}/bomb")


@pytest.mark.attack("tools")
@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "0.0.0.0"),
        *("100.64.0.1", "224.0.0.1", "255.255.255.255", "::1", "::", "fe80::1%eth0", "fc00::1"),
        *("fec0::1", "3fff::1"),
        *("192.0.0.8", "168.63.129.16", "192.88.99.1", "::127.0.0.1", "2001:0:1:2:3:4:80ff:fffe"),
        *(
            "::ffff:127.0.0.1",
            "64:ff9b::7f00:1",
            "64:ff9b::a00:1",
            "2002:7f00:1::",
            "ff02::1",
            "nonsense",
        ),
    ],
)
def test_no_address_of_a_private_network_is_public(address: str) -> None:
    assert not is_public(address)


def test_addresses_of_the_internet_are_public() -> None:
    assert is_public("93.184.215.14")
    assert is_public("2606:2800:220:1:248:1893:25c8:1946")
    assert is_public("2606:4700::a00:1")
    assert is_public("64:ff9b::5db8:d70e")  # 93.184.215.14, in a network with only IPv6


@pytest.mark.attack("tools")
@pytest.mark.parametrize(
    "url",
    [
        *("http://localhost/", "http://127.1/", "http://2130706433/", "http://[::1]/", "ftp://x/"),
        *("http://user:pw@example.org/", "file:///etc/passwd", "http://", "http://x:99999/", "x"),
        "http://0x7f.1/",
    ],
)
async def test_ways_to_name_this_computer_are_refused(url: str) -> None:
    tool = WebPageTool(read, ssl.create_default_context)
    with pytest.raises(ToolError):
        await tool.fetch(url)


async def test_a_long_address_is_refused() -> None:
    tool = WebPageTool(read, ssl.create_default_context, on_this_computer)
    with pytest.raises(ToolError, match="too long"):
        await tool.fetch("http://a" + "\u0315" * 25_000 + "\u0300" * 25_000)
