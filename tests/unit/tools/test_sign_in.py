"""The sign-in of a tool server: answers to the browser, and messages to the parent process."""

from __future__ import annotations

import asyncio
import json
import tempfile
import time
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest
from mcp.shared.auth import OAuthMetadata

from desktop_app.tools.host.line_output import LineOutput
from desktop_app.tools.host.sign_in import SIGN_IN_NEEDED, SignIn, SignInError
from desktop_app.tools.servers.tool_server import REDIRECT_ADDRESS

URL = "https://tools.example/mcp"
TOKENS = {
    "tokens": {"access_token": "a", "token_type": "Bearer", "refresh_token": "r"},
    "expires_at": 5.0,
    "client": {"client_id": "c", "redirect_uris": [REDIRECT_ADDRESS]},
    "server": {
        "issuer": "https://login.example/",
        "authorization_endpoint": "https://login.example/a",
        "token_endpoint": "https://login.example/t",
    },
    "resource": {"resource": URL, "authorization_servers": ["https://login.example/"]},
}


class Parent:
    """A reader of the lines that the process writes."""

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115 — `close` closes it
        self._read_bytes = 0
        self.output = LineOutput(self._file.fileno())

    def lines(self) -> list[dict[str, Any]]:
        self._file.seek(self._read_bytes)
        text = self._file.read()
        self._read_bytes += len(text)
        return [json.loads(line) for line in text.splitlines()]

    def close(self) -> None:
        self._file.close()


@pytest.fixture
def parent() -> Iterator[Parent]:
    """Yield the parent of the process."""
    made = Parent()
    yield made
    made.close()


async def fetch_page(port: int, target: str) -> tuple[str, dict[str, str], str]:
    """Return status, headers and body of the page that the browser is shown."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(f"GET {target} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
    head, _, body = (await reader.read()).decode().partition("\r\n\r\n")
    writer.close()
    await writer.wait_closed()
    status, *rows = head.split("\r\n")
    headers = {name.lower(): value for name, value in (row.split(": ", 1) for row in rows)}
    assert int(headers["content-length"]) == len(body.encode())
    return status, headers, body


async def test_only_the_answer_to_the_sign_in_is_taken(parent: Parent) -> None:
    sign_in = SignIn({"url": f"{URL}?key=hidden", "sign_in": "Come back <ä>."}, parent.output)
    provider = await sign_in.create_provider()
    assert provider is not None
    assert provider.context.server_url == URL
    address = provider.context.client_metadata.redirect_uris or []
    assert address[0].path == "/callback"
    port = address[0].port or 0
    missing = ("HTTP/1.1 404 Not Found", {"content-length": "0", "connection": "close"}, "")
    # No page was opened yet.
    assert await fetch_page(port, "/callback?code=7") == missing
    assert await fetch_page(port, "/callback?code=7&state=") == missing
    await sign_in.open_page("https://login.example/a?state=s1&x=y")
    assert parent.lines() == [{"event": "sign_in", "url": "https://login.example/a?state=s1&x=y"}]
    for target in ("/callback?code=7&state=s2", "/other?code=7&state=s1", "/callback?code=7"):
        assert await fetch_page(port, target) == missing
    status, headers, body = await fetch_page(port, "/callback?code=7&state=s1&iss=i")
    assert status == "HTTP/1.1 200 OK"
    assert headers["content-security-policy"] == "default-src 'none'"
    assert headers["cache-control"] == "no-store"
    assert body.endswith("<p>Come back &lt;ä&gt;.</p>")
    # A second code gets the same answer, but the first one counts.
    second, _, _ = await fetch_page(port, "/callback?code=8&state=s1")
    assert second == status
    found = await sign_in.wait_for_code()
    assert (found.code, found.state, found.iss) == ("7", "s1", "i")
    with pytest.raises(SignInError, match=SIGN_IN_NEEDED):  # the user was asked once
        await sign_in.open_page("https://login.example/a?state=s3")
    assert sign_in.is_needed


@pytest.mark.parametrize(
    ("query", "reason"),
    [("error=denied", "denied"), ("error=denied&error_description=Not+you.", "Not you.")],
)
async def test_a_refusal_is_in_the_words_of_the_server(
    parent: Parent, query: str, reason: str
) -> None:
    sign_in = SignIn({"url": URL, "sign_in": "Done."}, parent.output)
    provider = await sign_in.create_provider()
    assert provider is not None
    await sign_in.open_page("https://login.example/a?state=s")
    port = (provider.context.client_metadata.redirect_uris or [])[0].port or 0
    await fetch_page(port, f"/callback?state=s&{query}")
    with pytest.raises(SignInError, match=f"^{reason}$"):
        await sign_in.wait_for_code()


@pytest.mark.parametrize(
    ("own", "address", "is_safe"),
    [
        (URL, "https://tools.example/token", True),
        (URL, "https://login.example/token", True),
        (URL, "http://tools.example/token", False),
        (URL, "http://login.example/token", False),
        (URL, "https://10.0.0.1/token", False),
        ("http://127.0.0.1:1/mcp", "http://10.0.0.1/token", True),
    ],
)
async def test_no_request_goes_into_the_user_s_network(
    parent: Parent, own: str, address: str, is_safe: bool
) -> None:
    sign_in = SignIn({"url": own, "sign_in": "Done."}, parent.output)
    if is_safe:
        await sign_in.check_request(httpx2.Request("POST", address))
    else:
        with pytest.raises(SignInError, match="isn’t a safe address"):
            await sign_in.check_request(httpx2.Request("POST", address))


async def test_the_page_to_sign_in_is_encrypted(parent: Parent) -> None:
    sign_in = SignIn({"url": URL, "sign_in": "Done."}, parent.output)
    with pytest.raises(SignInError, match=r"login\.example isn’t a safe address"):
        await sign_in.open_page("http://login.example/a?state=s")
    own = SignIn({"url": "http://127.0.0.1:1/", "sign_in": "Done."}, parent.output)
    await own.open_page("http://127.0.0.1:2/a?state=s")
    assert parent.lines() == [{"event": "sign_in", "url": "http://127.0.0.1:2/a?state=s"}]


@pytest.mark.attack("key-origin")
@pytest.mark.parametrize(
    ("issuer", "page", "receiver", "is_own"),
    [
        ("https://login.example", "https://login.example/a", "https://login.example/t", True),
        ("https://a.google.com", "https://a.google.com/a", "https://b.googleapis.com/t", True),
        ("https://mcp.x.ai", "https://auth.x.ai/a", "https://mcp.x.ai/t", True),
        ("https://tools.example", "https://one.auth.example/a", "https://auth.example/t", True),
        ("https://mcp.shop.co.uk", "https://shop.co.uk/a", "https://mcp.shop.co.uk/t", True),
        ("http://127.0.0.1:1", "http://127.0.0.1:2/a", "http://127.0.0.1:3/t", True),
        ("http://[::1]:1", "http://[::1]:2/a", "http://[::1]:3/t", True),
        ("https://evil.example", "https://github.test/a", "https://evil.example/t", False),
        ("https://evil.co.uk", "https://bank.co.uk/a", "https://evil.co.uk/t", False),
        ("https://github.test.evil.example", "https://github.test/a", "https://e.example/t", False),
        ("http://10.0.0.1", "http://10.1.0.1/a", "http://10.0.0.1/t", False),
        ("http://evil.local", "http://localhost/a", "http://evil.local/t", False),
    ],
)
async def test_the_page_to_sign_in_is_of_the_server_that_gets_the_code(
    parent: Parent, issuer: str, page: str, receiver: str, is_own: bool
) -> None:
    url = "http://127.0.0.1:1/mcp" if page.startswith("http:") else URL
    sign_in = SignIn({"url": url, "sign_in": "Done."}, parent.output)
    provider = await sign_in.create_provider()
    assert provider is not None
    provider.context.oauth_metadata = OAuthMetadata.model_validate(
        {"issuer": issuer, "authorization_endpoint": page, "token_endpoint": receiver}
    )
    if is_own:
        await sign_in.open_page(f"{page}?state=s")
        assert parent.lines() == [{"event": "sign_in", "url": f"{page}?state=s"}]
    else:
        with pytest.raises(SignInError, match="but the code goes to"):
            await sign_in.open_page(f"{page}?state=s")
        assert parent.lines() == []
        provider.context.oauth_metadata = None
        await sign_in.open_page("https://tools.example/authorize?state=s")  # the SDK's own address
    port = (provider.context.client_metadata.redirect_uris or [])[0].port or 0
    await fetch_page(port, "/callback?state=s&code=7")
    assert (await sign_in.wait_for_code()).code == "7"


async def test_without_a_sign_in_a_refusal_asks_for_one(parent: Parent) -> None:
    sign_in = SignIn({"url": URL}, parent.output)
    assert await sign_in.create_provider() is None
    needed = []
    for status in (200, 401, 200):
        await sign_in.check_response(httpx2.Response(status))
        needed.append(sign_in.is_needed)
    assert needed == [False, True, True]
    kept = SignIn({"url": URL, "tokens": TOKENS}, parent.output)
    assert await kept.create_provider() is not None
    await kept.check_response(httpx2.Response(401))  # renewed by the SDK
    assert not kept.is_needed


async def test_a_kept_sign_in_is_restored(parent: Parent) -> None:
    sign_in = SignIn({"url": URL, "tokens": TOKENS}, parent.output)
    provider = await sign_in.create_provider()
    assert provider is not None
    context = provider.context
    assert [str(uri) for uri in context.client_metadata.redirect_uris or []] == [REDIRECT_ADDRESS]
    assert str(context.oauth_metadata and context.oauth_metadata.token_endpoint).endswith("/t")
    assert context.auth_server_url == "https://login.example/"
    assert context.token_expiry_time == 5.0
    tokens, client = await sign_in.get_tokens(), await sign_in.get_client_info()
    assert tokens is not None
    assert tokens.refresh_token == "r"
    assert client is not None
    assert client.client_id == "c"
    unknown = {**TOKENS, "expires_at": None, "server": None, "resource": None}
    again = await SignIn({"url": URL, "tokens": unknown}, parent.output).create_provider()
    assert again is not None
    assert again.context.token_expiry_time is not None
    assert again.context.token_expiry_time < time.time()
