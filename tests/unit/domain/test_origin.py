"""Origins: a single spelling per server, and none for ambiguous addresses."""

from __future__ import annotations

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from desktop_app.domain.network.custom_fields import CustomField, split_version, with_version
from desktop_app.domain.network.origin import Scheme, Secret, canonical_base_url, host_of, origin

OPENAI = "https://api.openai.com:443"


@pytest.mark.parametrize(
    "url",
    [
        "https://api.openai.com",
        "https://api.openai.com/v1",
        "https://api.openai.com:443/v1",
        "https://api.openai.com:0443/v1",
        "https://api.openai.com:/v1",
        "HTTPS://API.OpenAI.com/v1",
        "https://api.openai.com./v1",
        "https://api\u3002openai\uff0ecom/v1",
        "https://someone:word@api.openai.com/v1",
        "https://api.openai.com?api_key=1",
        "https://api.openai.com#part",
        "https://API.openai.com:443",
    ],
)
def test_one_server_has_one_spelling(url: str) -> None:
    assert origin(url) == OPENAI


@pytest.mark.parametrize(
    ("url", "spellings"),
    [
        (
            "https://api.openai.com/v1",
            (
                *("HTTPS://API.OpenAI.com/v1", "https://api.openai.com:443/v1/"),
                *("https://api.openai.com./v1", "https://api.openai.com/./v1", "  {}  "),
                *("https://api.openai.com/x/../v1", "https://api.openai.com//%761", "{}/?a=b"),
            ),
        ),
        (
            "http://127.0.0.1:8000/v1",
            (
                *(
                    "http://localhost:8000/v1",
                    "http://127.0.0.1:0000008000/v1",
                    "http://[::1]:8000/v1",
                ),
                *("http://LocalHost.:8000/v1", "http://127.1:8000/v1", "http://0.0.0.0:8000/v1"),
            ),
        ),
    ],
)
def test_base_urls_of_one_server_are_equal(url: str, spellings: tuple[str, ...]) -> None:
    for spelling in spellings:
        assert canonical_base_url(spelling.format(url)) == canonical_base_url(url), spelling
    for other in ("https://api.openai.com/v2", "http://127.0.0.1:8001/v1", "http://10.0.0.1/v1"):
        assert canonical_base_url(other) != canonical_base_url(url)


@pytest.mark.attack("key-origin")
@pytest.mark.parametrize(
    "url",
    [
        "http://api.openai.com/v1",
        "https://api.openai.com:8443/v1",
        "https://api.openai.com.evil.example/v1",
        "https://api.openai.com@evil.example/v1",
        "https://api.openai.com:443@evil.example/v1",
        "https://evil.example/https://api.openai.com:443",
        "https://evil.example?https://api.openai.com",
        "https://evil.example#@api.openai.com",
        "https://\u0430pi.openai.com/v1",  # a Cyrillic letter
        "https://api.openai.co\u0301m/v1",
    ],
)
def test_another_server_has_another_origin(url: str) -> None:
    assert origin(url) != OPENAI


@pytest.mark.attack("key-origin")
@pytest.mark.parametrize(
    "url",
    [
        "",
        "api.openai.com",
        "file:///etc/passwd",
        "https:/api.openai.com",
        "https://",
        "https://:443",
        "https://.",
        "https://a..b/",
        "https://api.openai.com\\@evil.example/v1",
        "https://evil.example\\@api.openai.com/v1",
        "https://one@two@api.openai.com/v1",
        "https://api.openai.com\t/v1",
        " https://api.openai.com",
        "https://api.openai.com /v1",
        "https://api.openai.com\n.evil.example/v1",
        "https://api%2eopenai.com/v1",
        "https://api.openai.com:99999/v1",
        "https://api.openai.com:4x3/v1",
        "https://api.openai.com:\uff14\uff14\uff13/v1",
        "https://[::1/v1",
        "https://[::1%25eth0]/v1",
        "https://\uff41pi.openai.com/v1",
        "https://api.open\u00adai.com/v1",
        "https://api.open\u200bai.com/v1",
        f"https://{'a' * 64}.example",
    ],
)
def test_an_ambiguous_address_has_no_origin(url: str) -> None:
    assert origin(url) == ""


def test_ip_addresses_have_origins() -> None:
    assert origin("http://[::0001]:8080/v1") == "http://[::1]:8080"
    assert origin("http://127.0.0.1:8080/v1") == "http://127.0.0.1:8080"
    assert origin("http://[0:0:0:0:0:0:0:1]") == "http://[::1]:80"


def test_proxies_have_origins() -> None:
    assert origin("socks5h://proxy.example") == "socks5h://proxy.example:1080"
    assert origin("http://user@proxy.example:3128") == "http://proxy.example:3128"


def test_names_in_other_scripts_are_those_that_httpx_resolves() -> None:
    assert origin("https://b\u00fccher.example") == "https://xn--bcher-kva.example:443"
    # The older standard makes "fass" of it, which is another server.
    assert origin("https://fa\u00df.example") == "https://xn--fa-hia.example:443"


@pytest.mark.attack("key-origin")
@given(
    st.text("aA\u00df\u00fc1-._@:/?#[]%\\ \u3002\u200d\u0130", max_size=20),
    st.sampled_from(["https://", "HTTP://", "https://a.example"]),
)
def test_an_origin_is_the_server_that_httpx_connects_to(text: str, start: str) -> None:
    """Check that the key's origin is the server that the request reaches, in any spelling."""
    bound = origin(start + text)
    if not bound:
        return
    try:
        asked = httpx.URL(start + text)
    except httpx.InvalidURL:
        return
    assert origin(str(asked)) == bound
    host, port = asked.raw_host.decode("ascii"), asked.port
    shown = f"[{host}]" if ":" in host else host
    default = {"http": 80, "https": 443}[asked.scheme]
    assert bound == f"{asked.scheme}://{shown.removesuffix('.')}:{port or default}"


@pytest.mark.parametrize(("port", "is_valid"), [("65535", True), ("65536", False)])
def test_a_port_has_16_bits(port: str, is_valid: bool) -> None:
    assert bool(origin(f"https://a.example:{port}/x")) is is_valid


@pytest.mark.parametrize(
    ("url", "base", "version"),
    [
        ("https://a.example/openai/responses?api-version=1-p", "https://a.example/openai", "1-p"),
        ("https://a.example/x/chat/completions/?api-version=1", "https://a.example/x", "1"),
        ("https://a.example/x/?api-version=1", "https://a.example/x", "1"),
        ("https://a.example/responses", "https://a.example/responses", ""),
        ("https://a.example/?key=1", "https://a.example/?key=1", ""),
        ("https://a.example/?api-version=1&key=2", "https://a.example/?api-version=1&key=2", ""),
    ],
)
def test_an_address_of_azure_has_a_version(url: str, base: str, version: str) -> None:
    assert split_version(url) == (base, version)
    fields = (CustomField("api-version", "0", in_query=True), CustomField("X", "y"))
    found = with_version(fields, version)
    assert [(each.name, each.value) for each in found] == (
        [("X", "y"), ("api-version", version)] if version else [("api-version", "0"), ("X", "y")]
    )


@pytest.mark.parametrize(
    ("scheme", "header"), [("Bearer", "Bearer ann:w"), ("Basic", "Basic YW5uOnc=")]
)
def test_a_secret_is_sent_by_its_scheme(scheme: Scheme, header: str) -> None:
    assert Secret("ann:w", OPENAI, scheme).authorization == header
    assert Secret("k", OPENAI).authorization == "Bearer k"


def test_an_origin_is_shown_by_its_host() -> None:
    assert host_of(OPENAI) == "api.openai.com"
    assert host_of("http://api.openai.com:80") == "api.openai.com"
    assert host_of("http://[::1]:8080") == "[::1]:8080"


def test_a_long_label_is_refused() -> None:
    assert origin(f"https://{''.join(map(chr, range(0x4E00, 0x6E00)))}.example") == ""
