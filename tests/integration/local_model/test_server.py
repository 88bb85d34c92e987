"""The real llama.cpp server with the bundled weights."""

from __future__ import annotations

import asyncio
import http.client
import json
import os
import select
import signal
import socket
import stat
import struct
import subprocess
import sys
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from desktop_app.child_processes import ChildCommand, child_command, open_child
from desktop_app.domain.errors import LocalModelError
from desktop_app.local_model import server
from desktop_app.local_model.server import LocalModel, find_weights
from desktop_app.paths import folders
from desktop_app.providers.gateway.on_device import LocalEndpoint

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

    from desktop_app.child_processes import ChildKind

ROOT = Path(__file__).parents[3]
PATIENCE_S = 60.0

PARENT = """
import asyncio
from desktop_app.local_model.server import LocalModel

async def main():
    model = LocalModel()
    await model.endpoint()
    print("started", flush=True)
    await asyncio.Event().wait()

asyncio.run(main())
"""

MISSING_LIBRARY = "libgomp.so.1: cannot open shared object file: No such file or directory"
WITHOUT_LIBRARY = f"""
import sys
from importlib.abc import MetaPathFinder

class WithoutLibrary(MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name == "xllamacpp":
            raise ImportError({MISSING_LIBRARY!r})

sys.meta_path.insert(0, WithoutLibrary())
from desktop_app.local_model.server_process import main
sys.exit(main())
"""

TAKE_PLACE = "Path(sys.argv[2]).unlink(); socket.socket(socket.AF_UNIX).bind(sys.argv[2])"


@asynccontextmanager
async def local_model(weights: Path | None = None, **options: Any) -> AsyncIterator[LocalModel]:
    model = LocalModel(weights, **options)
    try:
        yield model
    finally:
        await model.aclose()
        assert not model.is_running
        assert not children_of(os.getpid())


def built_in() -> Path:
    weights = find_weights()
    assert weights is not None
    return weights


def children_of(pid: int) -> list[int]:
    """Return the living model servers among the child processes of `pid`."""
    found = []
    for file in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, parent = file.read_text("utf-8").rpartition(")")[2].split()[:2]
            command = (file.parent / "cmdline").read_bytes()
        except (FileNotFoundError, ProcessLookupError):
            continue
        if int(parent) == pid and state != "Z" and command.endswith(b"_child\0model\0"):
            found.append(int(file.parent.name))
    return found


def read_proc(pid: int, what: str) -> bytes:
    return Path(f"/proc/{pid}/{what}").read_bytes()


def listening_addresses(pid: int) -> list[str]:
    """Return the addresses that `pid` listens on, in the form of /proc/net/tcp."""
    sockets = {str(fd.readlink()) for fd in Path(f"/proc/{pid}/fd").iterdir()}
    rows = [
        row.split()
        for table in ("net/tcp", "net/tcp6")
        for row in read_proc(pid, table).decode().splitlines()[1:]
    ]
    listen = "0A"
    return [
        row[1].partition(":")[0]
        for row in rows
        if row[3] == listen and f"socket:[{row[9]}]" in sockets
    ]


def ends_in_time(pidfd: int) -> bool:
    """Return True if the process ends in time."""
    return bool(select.select([pidfd], [], [], PATIENCE_S)[0])


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not condition():  # noqa: ASYNC110  (another process raises no event)
            await asyncio.sleep(0.005)


@contextmanager
def request(
    endpoint: LocalEndpoint, path: str, body: Any = None, key: str | None = None
) -> Iterator[http.client.HTTPResponse]:
    connection = http.client.HTTPConnection("127.0.0.1")
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    try:
        connection.sock = socket.socket(socket.AF_UNIX)
        connection.sock.settimeout(PATIENCE_S)
        connection.sock.connect(endpoint.socket_path)
        connection.request("POST" if body else "GET", path, body and json.dumps(body), headers)
        with connection.getresponse() as response:
            yield response
    finally:
        connection.close()


def chat(text: str, **options: Any) -> dict[str, Any]:
    return {"messages": [{"role": "user", "content": text}], **options}


def streamed(endpoint: LocalEndpoint, body: dict[str, Any]) -> list[dict[str, Any]]:
    body |= {"stream": True, "stream_options": {"include_usage": True}}
    with request(endpoint, "/v1/chat/completions", body, endpoint.key) as response:
        assert response.status == 200
        lines = response.read().decode().splitlines()
    assert lines[-2:] == ["data: [DONE]", ""] or lines[-1] == "data: [DONE]"
    data = [line.removeprefix("data: ") for line in lines if line.startswith("data: {")]
    return [json.loads(line) for line in data]


@pytest.mark.attack("child-environment")
@pytest.mark.attack("sandbox")
async def test_the_server_is_confined_has_no_port_hides_its_key_and_requires_it() -> None:
    async with local_model() as model:
        endpoint = await model.endpoint()
        (pid,) = children_of(os.getpid())
        status = read_proc(pid, "status").decode().split("\n")
        assert {"NoNewPrivs:\t1", "Seccomp:\t2"} <= set(status)
        assert listening_addresses(pid) == []
        path = endpoint.socket_path
        assert is_socket(path)
        assert stat.S_IMODE(os.stat(os.path.dirname(path)).st_mode) == 0o700  # noqa: PTH116, PTH120
        for seen_by_others in ("cmdline", "environ"):
            assert endpoint.key.encode() not in read_proc(pid, seen_by_others)
        with request(endpoint, "/health") as response:
            assert json.loads(response.read()) == {"status": "ok"}
        for path, body in (
            ("/v1/models", None),
            ("/props", None),
            ("/tokenize", {"content": "x"}),
            ("/v1/chat/completions", chat("Hello")),
            ("/v1/responses", {"input": "Hello"}),
        ):
            for key in (None, "wrong"):
                with request(endpoint, path, body, key) as response:
                    assert response.status == 401, path
    assert not is_socket(path)


@pytest.mark.attack("sandbox")
@pytest.mark.slow
async def test_the_server_cannot_take_the_place_of_the_session_bus(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tmp_path.chmod(0o700)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    bus = tmp_path / "bus"
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(bus))
        inode = bus.stat().st_ino
        async with local_model() as model:
            path = (await model.endpoint()).socket_path
            await asyncio.to_thread(run_confined, path, TAKE_PLACE, str(bus))
        assert bus.stat().st_ino == inode


def run_confined(socket_path: str, code: str, *arguments: str) -> None:
    """Run code, which must fail, with the permissions of a server that listens at `socket_path`."""
    prepare = (
        "import socket, sys; from pathlib import Path; from desktop_app import sandbox; "
        "from desktop_app.local_model.server_process import policy; "
        "sandbox.confine(policy({'weights': '/m.gguf', 'projector': '', "
        "'socket_path': sys.argv[1], 'memory_bytes': 1 << 30}, 2)); "
    )
    command = [sys.executable, "-c", prepare + code, socket_path, *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, check=False)
    assert b"PermissionError" in done.stderr


def write_with_template(path: Path, template: bytes) -> None:
    """Write the built-in model with another, shorter chat template."""
    content = bytearray(built_in().read_bytes())
    key = b"tokenizer.chat_template"
    start = content.index(key) + len(key) + 4 + 8  # after the value's type and length
    (length,) = struct.unpack_from("<Q", content, start - 8)
    content[start : start + length] = template.ljust(length)
    path.write_bytes(content)


def is_socket(path: str) -> bool:
    return Path(path).is_socket()


@pytest.mark.slow
async def test_a_second_request_waits_until_the_first_ends_or_is_stopped() -> None:
    async with local_model() as model:
        endpoint = await model.endpoint()
        endless = chat("Count up.", stream=True, ignore_eos=True)
        with request(endpoint, "/v1/chat/completions", endless, endpoint.key) as response:
            assert response.readline().startswith(b"data: ")
            short = chat("Hello", max_tokens=2)
            waiting = asyncio.create_task(asyncio.to_thread(streamed, endpoint, short))
            response.readline()
            assert not waiting.done()
        chunks = await waiting
        assert chunks[-1]["usage"]["completion_tokens"] == 2


@pytest.mark.slow
async def test_concurrent_callers_share_one_start() -> None:
    async with local_model() as model:
        assert not model.is_running
        impatient = asyncio.create_task(model.endpoint())
        others = [asyncio.create_task(model.endpoint()) for _ in range(3)]
        await until(lambda: children_of(os.getpid()))
        impatient.cancel()
        endpoints = await asyncio.gather(*others)
        assert endpoints[0] == endpoints[1] == endpoints[2] == await model.endpoint()
        assert len(children_of(os.getpid())) == 1


async def test_the_server_restarts_after_a_crash() -> None:
    async with local_model() as model:
        before = await model.endpoint()
        os.kill(children_of(os.getpid())[0], signal.SIGSEGV)
        await until(lambda: not model.is_running)
        after = await model.endpoint()
        assert after.key != before.key
        with request(after, "/v1/models", key=after.key) as response:
            assert response.status == 200


@pytest.mark.slow
async def test_the_server_can_be_closed_while_it_loads() -> None:
    async with local_model() as model:
        loading = asyncio.create_task(model.endpoint())
        await until(lambda: children_of(os.getpid()))
        await model.aclose()
        with pytest.raises(LocalModelError, match="model stopped"):
            await loading


@pytest.mark.slow
async def test_a_damaged_model_is_not_loaded(tmp_path: Path) -> None:
    damaged = tmp_path / "damaged.gguf"
    with built_in().open("rb") as file:
        damaged.write_bytes(file.read(1_000_000))

    async with local_model(damaged) as model:
        with pytest.raises(LocalModelError) as caught:
            await model.endpoint()
    assert caught.value.what_happened == "Couldn’t load the model file damaged.gguf."
    assert "failed to read key-value pairs" in caught.value.details


@pytest.mark.slow
@pytest.mark.attack("model-template")
async def test_a_template_that_fills_the_memory_is_stopped_and_its_file_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "memory_limit", lambda *_, **__: 400 << 20)
    endless = b"{% for i in range(1000000000) %}{% endfor %}{{ messages[0]['content'] }}"
    write_with_template(tmp_path / "odd.gguf", endless)
    async with local_model(tmp_path / "odd.gguf") as model:
        with pytest.raises(LocalModelError) as caught:
            await model.endpoint()
    assert caught.value.what_happened.startswith("odd.gguf asks for more memory")


async def test_a_missing_library_of_llama_cpp_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def command_without_library(kind: ChildKind) -> ChildCommand:
        command = child_command(kind)
        return ChildCommand((sys.executable, "-c", WITHOUT_LIBRARY), command.environment)

    monkeypatch.setattr(server, "child_command", command_without_library)
    async with local_model() as model:
        with pytest.raises(LocalModelError) as caught:
            await model.endpoint()
    assert caught.value.what_happened == f"Couldn’t load llama.cpp: {MISSING_LIBRARY}."
    assert "package manager" in caught.value.what_to_do


def test_the_server_ends_with_its_parent() -> None:
    command = [sys.executable, "-c", PARENT]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        assert parent.stdout.readline() == b"started\n"
        (child,) = children_of(parent.pid)
        pidfd = os.pidfd_open(child)
        parent.kill()
    try:
        assert ends_in_time(pidfd)
    finally:
        os.close(pidfd)


def configuration(weights: Path, socket_path: str) -> bytes:
    line = {
        "weights": str(weights),
        "socket_path": socket_path,
        "alias": "model",
        "key": "key-of-this-test",
        "context_window": 512,
        "sampling": {},
        "chat_template": "",
        "threads": 0,
        "projector": "",
        "is_embedding": False,
        "port": 0,
        "memory_bytes": 1 << 30,
    }
    return json.dumps(line).encode() + b"\n"


@contextmanager
def child(
    weights: Path, log: Path, socket_path: str = "/nowhere/model.sock"
) -> Iterator[subprocess.Popen[bytes]]:
    """Start the child alone with `weights`. Its standard error goes to `log`."""
    pipe = subprocess.PIPE
    with (
        log.open("wb") as stderr,
        open_child(child_command("model"), stdin=pipe, stdout=pipe, stderr=stderr) as process,
    ):
        assert process.stdin is not None
        process.stdin.write(configuration(weights, socket_path))
        process.stdin.flush()
        try:
            yield process
        finally:
            process.kill()


@pytest.mark.slow
async def test_the_server_ends_with_its_parent_while_it_loads(tmp_path: Path) -> None:
    """A pipe that nobody writes to: opening it holds llama.cpp, and Python's lock, for ever."""
    fifo = tmp_path / "endless.gguf"
    os.mkfifo(fifo)

    with child(fifo, tmp_path / "log") as process:
        assert process.stdin is not None
        await until(lambda: b"xllamacpp" in read_proc(process.pid, "maps"))
        process.stdin.close()
        assert process.wait(PATIENCE_S) == -signal.SIGIO


async def test_neither_prompts_nor_the_key_are_logged(tmp_path: Path) -> None:
    log = tmp_path / "log"
    socket_path = str(folders().runtime / "model-of-this-test.sock")

    with child(built_in(), log, socket_path) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        answer = json.loads(process.stdout.readline())
        assert answer == {"model": "model"}
        endpoint = LocalEndpoint(socket_path, "key-of-this-test", "model")
        streamed(endpoint, chat("private matter", max_tokens=4))
        for body in ({"messages": "private matter"}, chat("private matter " * 600)):
            with request(endpoint, "/v1/chat/completions", body, endpoint.key) as response:
                assert response.status == 400
        # Errors are logged, by a thread that takes its time.
        await until(lambda: b"exceeds" in log.read_bytes())
        process.stdin.close()
        assert process.wait(PATIENCE_S) == 0
        assert process.stdout.read() == b""
        assert not is_socket(socket_path)
    assert b"private" not in log.read_bytes()
    assert b"key-of" not in log.read_bytes()
