"""Errors for connections that fail, the proxy of an address, and options of connections."""

from __future__ import annotations

import os
import socket
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from desktop_app.domain.answering.stream_events import Failed
from desktop_app.domain.errors import NetworkError
from desktop_app.domain.models.model_facts import ServerKind
from desktop_app.domain.network.network_address import parse_proxy
from desktop_app.domain.network.origin import Secret
from desktop_app.providers.http.connection_errors import ConnectionAttempt
from desktop_app.providers.http.connections import proxy_for
from desktop_app.providers.http.request_secrets import ProviderAccess
from desktop_app.providers.http.retries import AttemptError
from desktop_app.providers.provider_client import ProviderClient
from tests.helpers.blocking import blocking
from tests.helpers.certificates import Authority
from tests.helpers.fragment import Fragment
from tests.helpers.secrets import key_for
from tests.unit.providers.loopback import LoopbackServer, replies
from tests.unit.providers.samples import CATALOG, COMPATIBLE, ask, fold
from tests.unit.providers.test_provider_client import RESPONSE, client_for, collect

FAR = ConnectionAttempt("P", "far.example", port=443)
HERE = ConnectionAttempt("P", "127.0.0.1", port=9999)
PROXY = parse_proxy("http://proxy:3128")
THROUGH = replace(FAR, proxy=PROXY)
OWN = replace(THROUGH, is_own_proxy=True)


def facts_of(attempt: AttemptError) -> tuple[object, object, object]:
    """Return why an attempt failed, what to do, and whether it is repeated."""
    assert attempt.error.details.startswith("d")
    assert attempt.error.params["provider"] == "P"
    return attempt.error.message, attempt.error.hint, attempt.may_repeat


def test_a_host_that_is_no_provider_is_named_once() -> None:
    failed = replace(FAR, provider="far.example").connect_error("refused", "details")
    assert failed.error.what_happened == "Couldn’t connect to far.example."


@pytest.mark.parametrize(
    ("attempt", "reason", "remedy", "host"),
    [
        (FAR, "Couldn’t connect to", "", "far.example"),
        (replace(FAR, host="192.168.1.5"), "Couldn’t connect to", "", "192.168.1.5:443"),
        (replace(FAR, host="fd00::1"), "Couldn’t connect to", "", "[fd00::1]:443"),
        (replace(FAR, host="192.168.1.5", port=None), "Couldn’t connect to", "", "192.168.1.5"),
        (
            THROUGH,
            "Couldn’t connect to the proxy",
            "Check HTTPS_PROXY and ALL_PROXY,",
            "far.example",
        ),
        (OWN, "Couldn’t connect to the proxy", "Check the proxy in", "far.example"),
        (replace(OWN, host="::1"), "Couldn’t connect to the proxy", "Check the proxy in", "::1"),
        (HERE, "Nothing is listening at", ", then try again", "127.0.0.1:9999"),
        (replace(HERE, host="::1"), "Nothing is listening at", ", then try again", "[::1]:9999"),
    ],
)
def test_a_failed_connection_may_be_repeated(
    attempt: ConnectionAttempt, reason: str, remedy: str, host: str
) -> None:
    failed = attempt.connect_error("refused", "details")
    assert facts_of(failed) == (Fragment(reason), Fragment(remedy), True)
    assert failed.error.params["host"] == host
    assert failed.error.params["proxy"] == ("" if attempt.proxy is None else "http://proxy:3128")


@pytest.mark.parametrize(
    ("name", "port", "server", "remedy"),
    [
        ("P", 11434, None, "with “ollama serve”."),
        ("P", 1234, None, "in the Developer tab of LM Studio"),
        ("P", 8080, None, "“llama-server -m FILE”."),
        ("P", 8000, None, "“vllm serve MODEL”."),
        ("P", 4000, None, "“litellm --config FILE”."),
        ("My LM Studio", 11434, None, "in the Developer tab of LM Studio"),
        ("My LiteLLM", 11434, None, "“litellm --config FILE”."),
        ("llama.cpp in the cellar", 11434, None, "“llama-server -m FILE”."),
        ("P", 1234, ServerKind.OLLAMA, "with “ollama serve”."),
        ("P", 1234, ServerKind.LLAMA_CPP_PYTHON, "llama_cpp.server --model FILE”,"),
        (
            "P",
            1234,
            ServerKind.SGLANG,
            "in the Developer tab of LM Studio",
        ),  # no remedy names SGLang
        ("My LM Studio", 11434, ServerKind.LLAMA_CPP, "“llama-server -m FILE”."),
        ("llama-cpp-python", 1, None, "llama_cpp.server --model FILE”,"),
    ],
)
def test_how_to_start_a_local_server_follows_from_its_kind_its_name_or_its_port(
    name: str, port: int, server: ServerKind | None, remedy: str
) -> None:
    attempt = ConnectionAttempt(name, "localhost", port=port, server_kind=server)
    assert remedy in attempt.connect_error("refused", "d").error.hint


@pytest.mark.parametrize("has_ca_file", [False, True])
@pytest.mark.parametrize(
    ("words", "reason", "remedies"),
    [
        ("certificate has expired", "The certificate of", ("", "")),
        ("certificate is not yet valid", "The certificate of", ("", "")),
        ("Hostname mismatch", "The certificate of", ("", "")),
        (
            "self-signed certificate",
            "The certificate of",
            ("company network, choose its", "Check the certificate file in"),
        ),
    ],
)
def test_a_refused_certificate_has_a_reason(
    words: str, reason: str, remedies: tuple[str, str], has_ca_file: bool
) -> None:
    attempt = replace(HERE, has_ca_file=has_ca_file)
    for said in (
        f"[SSL: CERTIFICATE_VERIFY_FAILED] {words}",
        f"certificate verify failed: {words}",
    ):
        expected = (Fragment(reason), Fragment(remedies[has_ca_file]), False)
        assert facts_of(attempt.connect_error(said, "details")) == expected


def test_a_server_without_encryption_has_its_own_reason() -> None:
    failed = HERE.connect_error("[SSL: WRONG_VERSION_NUMBER] wrong version", "details")
    assert facts_of(failed) == (Fragment("Couldn’t connect securely"), Fragment("its port"), False)


@pytest.mark.parametrize(
    ("words", "is_own", "user", "reason", "remedy"),
    [
        ("407", True, "me", "rejected the user name or password", "Enter its password in"),
        ("407", True, "", "requires a password", "Enter its password in"),
        (
            "407 x",
            False,
            "me",
            "rejected the user name or password",
            "Check HTTPS_PROXY and ALL_PROXY,",
        ),
        (
            "Requested Username/Password",
            *(False, "", "requires a password", "Check HTTPS_PROXY and ALL_PROXY,"),
        ),
        ("502 Bad Gateway", True, "", "blocked the request", "Check the proxy in"),
        ("403 No", False, "", "blocked the request", "Check HTTPS_PROXY and ALL_PROXY,"),
        ("5020", True, "", "couldn’t connect", ""),
        ("Host unreachable", True, "me", "couldn’t connect", ""),
    ],
)
def test_a_refusing_proxy_has_a_reason(
    words: str, is_own: bool, user: str, reason: str, remedy: str
) -> None:
    assert PROXY is not None
    attempt = replace(OWN, is_own_proxy=is_own, proxy=replace(PROXY, user=user))
    failed = attempt.proxy_refusal_error(words, "details")
    assert facts_of(failed) == (Fragment(reason), Fragment(remedy), False)
    assert failed.error.params["words"] == (words if "blocked" in reason else "")


@pytest.mark.parametrize("is_own", [False, True])
def test_a_server_that_is_no_proxy_has_its_own_reason(is_own: bool) -> None:
    attempt = replace(OWN, is_own_proxy=is_own)
    place = Fragment("{network_page}" if is_own else "HTTPS_PROXY")
    failed = attempt.proxy_kind_error("details")
    assert facts_of(failed) == (Fragment("wrong proxy type"), place, False)
    late = attempt.proxy_timeout_error().error
    assert (late.message, late.hint, late.details) == (Fragment("in time"), place, "")


@blocking
async def error_of(base_url: str) -> tuple[NetworkError, int]:
    """Return the error that ends a request to `base_url`, and the number of events before."""
    client = ProviderClient(
        ProviderAccess(replace(COMPATIBLE, base_url=base_url), key_for(base_url, "k")), CATALOG
    )
    events = [event async for event in client.stream(ask(model="m"))]
    await client.aclose()
    *before, end = events
    assert isinstance(end, Failed)
    assert isinstance(end.error, NetworkError)
    return end.error, len(before)


@pytest.mark.parametrize("address", ["http://example.com/v1", "http://8.8.8.8/v1"])
def test_a_public_address_without_tls_is_refused_before_anything_is_sent(address: str) -> None:
    error, before = error_of(address)
    assert "isn’t encrypted" in error.what_happened
    assert "https://" in error.what_to_do
    assert before == 0


@pytest.mark.parametrize(
    "address", ["", "example.com/v1", "ftp://x/v1", "https://", "https://a:b/"]
)
def test_an_invalid_address_is_named(address: str) -> None:
    error, before = error_of(address)
    assert error.what_happened == "The base URL of My server isn’t valid."
    assert before == 0


def test_the_proxy_of_an_address_is_read_from_the_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def proxy(url: str) -> str | None:
        found = proxy_for(urlsplit(url))
        return found.url if found else None

    there = "https://api.example.com/v1"
    assert proxy(there) is None
    monkeypatch.setenv("ALL_PROXY", "socks://p:1080")
    assert proxy(there) == "socks5://p:1080"
    monkeypatch.setenv("HTTPS_PROXY", "p:3128")
    assert proxy(there) == "http://p:3128"
    for here in ("http://127.0.0.1:1/v1", "http://localhost/v1", "http://[::1]:1/v1"):
        assert proxy(here) is None
    assert proxy("http://192.168.1.5/v1") == "socks5://p:1080"
    monkeypatch.setenv("NO_PROXY", "example.com,192.168.1.5")
    assert proxy(there) is None
    assert proxy("http://192.168.1.5/v1") is None
    monkeypatch.setenv("NO_PROXY", "api.example.com:8443")
    assert proxy("https://api.example.com:8443/v1") is None
    assert proxy(there) == "http://p:3128"


@pytest.mark.parametrize(
    ("excepted", "host"),
    [
        ("localhost, 10.0.0.0/8", "10.1.2.3"),
        ("10.1.0.9/16", "10.1.2.3"),
        ("2001:db8::/32", "[2001:db8::1]"),
        ("*.Corp.example", "ai.corp.example"),
    ],
)
def test_networks_and_wildcards_are_excepted_from_the_proxy(
    excepted: str, host: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ALL_PROXY", "http://p:3128")
    monkeypatch.setenv("NO_PROXY", excepted)
    assert proxy_for(urlsplit(f"http://{host}:8080/v1")) is None
    for other in ("11.1.2.3", "[2001:db9::1]", "corp.example", "notcorp.example"):
        assert proxy_for(urlsplit(f"http://{other}:8080/v1")) is not None


@pytest.mark.parametrize(
    ("chosen", "password", "expected"),
    [
        ("none", None, None),
        ("http://p:3128", None, ("http://p:3128", "", "")),
        ("http://me@p:3128", Secret("pw", "http://p:3128"), ("http://p:3128", "me", "pw")),
        ("http://me@p:3128", Secret("pw", "http://q:3128"), ("http://p:3128", "me", "")),
        ("", Secret("pw", "http://e:1"), ("http://e:1", "you", "own")),
    ],
)
def test_a_chosen_proxy_gets_its_own_password_alone(
    chosen: str,
    password: Secret | None,
    expected: tuple[str, str, str] | None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("ALL_PROXY", "http://you:own@e:1")
    found = proxy_for(urlsplit("https://api.example.com/v1"), chosen, password)
    assert (found and (found.url, found.user, found.password)) == expected


@pytest.mark.skipif(not hasattr(socket, "TCP_USER_TIMEOUT"), reason="Linux has it")
async def test_a_lost_peer_is_noticed_within_two_minutes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After the computer slept, say: nobody closed the connection, and nobody is there."""
    authority = Authority(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.pem))
    models = replies(200, {"data": []})

    async with LoopbackServer(models, tls=authority.server()) as server:
        client = ProviderClient(
            ProviderAccess(
                replace(COMPATIBLE, base_url=server.base_url), key_for(server.base_url, "k")
            ),
            CATALOG,
        )
        await client.listing()
        options = options_of_connection_to(urlsplit(server.base_url).port)
        await client.aclose()
    assert options == {
        "SO_KEEPALIVE": 1,
        "TCP_KEEPIDLE": 60,
        "TCP_KEEPINTVL": 10,
        "TCP_KEEPCNT": 6,
        "TCP_USER_TIMEOUT": 30_000,
    }


def options_of_connection_to(port: int | None) -> dict[str, int]:
    """Return the socket options of this process's connection to `port`, from the system."""
    for path in Path("/proc/self/fd").iterdir():
        if not path.is_socket():
            continue
        with suppress(OSError), socket.socket(fileno=os.dup(int(path.name))) as found:
            if found.family == socket.AF_INET and found.getpeername()[1] == port:
                names = ("TCP_KEEPIDLE", "TCP_KEEPINTVL", "TCP_KEEPCNT", "TCP_USER_TIMEOUT")
                level = socket.IPPROTO_TCP
                options = {n: found.getsockopt(level, getattr(socket, n)) for n in names}
                alive = found.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
                return {**options, "SO_KEEPALIVE": alive}
    raise AssertionError("no connection")


async def test_the_connection_is_used_again_also_after_warming_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority = Authority(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.pem))
    models = replies(200, {"data": [{"id": "a"}]})

    async with LoopbackServer(models, RESPONSE, tls=authority.server()) as server:
        client = client_for(server)
        await client.listing()
        for _ in range(3):
            assert fold(await collect(client, ask())).text == "Hello"
        assert (server.connections, len(server.requests)) == (1, 4)
        await client.aclose()
