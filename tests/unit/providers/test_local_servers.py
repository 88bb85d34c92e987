"""Model servers on this computer: which are found, within which time, and at which address."""

from __future__ import annotations

import json
import socket
import threading
from contextlib import ExitStack, suppress
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Self

import pytest

from desktop_app.providers import local_servers
from desktop_app.providers.local_servers import FoundServer, find_local_servers
from desktop_app.settings.server_presets import SERVER_PRESETS, ServerPreset, profile_from
from tests.helpers.blocking import blocking
from tests.helpers.waiting import LONGEST_S
from tests.unit.providers.samples import CATALOG

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

OLLAMA_MODELS = {
    "object": "list",
    "data": [
        {"id": "qwen3:latest", "object": "model", "owned_by": "library"},
        {"id": "llama3.2:3b", "object": "model", "owned_by": "library"},
    ],
}


class Server:
    """A server on a port of its own that answers every GET request in the same way, or never."""

    def __init__(self, body: str, status: int = 200, *, is_silent: bool = False) -> None:
        self.paths: list[str] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer.paths.append(self.path)
                if is_silent:
                    outer._is_over.wait(LONGEST_S)
                outer.has_replied = True
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body.encode())

            def log_message(self, *_: object) -> None:
                pass

        self.has_replied = False
        self._is_over = threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://localhost:{self._server.server_address[1]}/v1"
        self._thread = threading.Thread(target=self._server.serve_forever)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@pytest.fixture
def servers() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def set_addresses(patch: pytest.MonkeyPatch, **addresses: str) -> None:
    """Set the addresses of presets; the others have none."""
    presets = tuple(
        ServerPreset(key, key.title(), addresses.get(key.replace("-", "_"), ""))
        for key in local_servers.SEARCHED
    )
    patch.setattr(local_servers, "SERVER_PRESETS", presets)


@blocking
async def found(timeout_s: float = 5) -> list[FoundServer]:
    return await find_local_servers(CATALOG, timeout_s=timeout_s)


def test_a_server_is_found_with_its_models(
    servers: ExitStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    ollama = servers.enter_context(Server(json.dumps(OLLAMA_MODELS)))
    set_addresses(monkeypatch, ollama=ollama.url)
    (server,) = found()
    assert server.profile.name == "Ollama"
    assert server.profile.base_url == ollama.url
    assert server.profile.models == ("qwen3:latest", "llama3.2:3b")
    assert not server.profile.needs_key
    assert server.model_name == "qwen3"
    assert ollama.paths == ["/v1/models"]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ("<html>A page</html>", 200),
        ("{}", 200),
        ('{"data": []}', 200),
        ("[" * 200_000, 200),
        (json.dumps({"data": [{"id": "text-embedding-3-small"}]}), 200),
        (json.dumps(OLLAMA_MODELS), 401),
        (json.dumps(OLLAMA_MODELS), 302),
    ],
)
def test_other_servers_are_not_found(
    servers: ExitStack, monkeypatch: pytest.MonkeyPatch, body: str, status: int
) -> None:
    server = servers.enter_context(Server(body, status))
    set_addresses(monkeypatch, vllm=server.url)
    assert found() == []
    assert server.paths == ["/v1/models"]


def test_servers_are_awaited_for_a_limited_time_and_the_fast_ones_are_found(
    servers: ExitStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = servers.enter_context(Server(json.dumps(OLLAMA_MODELS), is_silent=True))
    fast = servers.enter_context(Server(json.dumps(OLLAMA_MODELS)))
    set_addresses(monkeypatch, ollama=slow.url, lm_studio=fast.url)
    assert [server.profile.base_url for server in found(timeout_s=1)] == [fast.url]
    assert slow.paths
    assert not slow.has_replied


class Dripping:
    """A server that sends a byte of its reply each 20 ms, until the client is gone."""

    def __init__(self, begin: bytes, drop: bytes) -> None:
        self._begin, self._drop = begin, drop
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://localhost:{self._listener.getsockname()[1]}/v1"
        self.was_left = False
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._serve)

    def _serve(self) -> None:
        client, _ = self._listener.accept()
        with client, suppress(OSError):
            client.sendall(self._begin)
            while not self._is_over.wait(0.02):
                client.sendall(self._drop)
            return
        self.was_left = True

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._thread.join(LONGEST_S)
        self._is_over.set()
        self._thread.join()
        self._listener.close()


@pytest.mark.attack("network")
@pytest.mark.parametrize(
    ("begin", "drop"),
    [
        (b"HTTP/1.1 200 OK\r\nx: ", b"a"),
        (b"HTTP/1.1 200 OK\r\n", b"a: b\r\n"),
        (b"HTTP/1.1 200 OK\r\n\r\n", b" "),
        (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    ],
    ids=["header", "headers", "body", "status"],
)
def test_a_server_that_drips_is_left_in_time(
    monkeypatch: pytest.MonkeyPatch, begin: bytes, drop: bytes
) -> None:
    with Dripping(begin, drop) as server:
        set_addresses(monkeypatch, vllm=server.url)
        assert found(timeout_s=0.3) == []  # its thread has ended, too
    assert server.was_left


@pytest.mark.attack("network")
def test_no_other_computer_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def connect(address: tuple[str, int], *_: Any) -> None:
        asked.append(address[0])
        raise OSError("refused")

    monkeypatch.setattr("socket.create_connection", connect)
    set_addresses(
        monkeypatch,
        ollama="http://192.168.0.7:11434/v1",
        jan="https://example.com/v1",
        vllm="http://localhost:8000/v1",
    )
    assert found() == []
    assert asked == ["127.0.0.1"]


def test_the_usual_ports_are_searched() -> None:
    ports = {p.key: p.base_url.split(":")[-1] for p in SERVER_PRESETS}
    assert [ports[key] for key in local_servers.SEARCHED] == [
        *("11434/v1", "1234/v1", "8080/v1", "8000/v1", "1337/v1")
    ]


@pytest.mark.parametrize(
    ("model", "name"),
    [
        ("qwen3:latest", "qwen3"),
        ("qwen3:8b", "qwen3:8b"),
        ("Qwen/Qwen3-8B", "Qwen3-8B"),
        ("/home/person/models/Llama-3.2-1B.Q4_K_M.gguf", "Llama-3.2-1B.Q4_K_M"),
        ("C:\\models\\a.GGUF", "a"),
    ],
)
def test_models_have_short_names(model: str, name: str) -> None:
    profile = replace(profile_from(SERVER_PRESETS[0]), models=(model,))
    assert FoundServer(profile).model_name == name
