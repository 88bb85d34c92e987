"""A real llama.cpp server on a port of 127.0.0.1, as users start it, with the built-in weights.

    python -m tests.helpers.llama_server 18080 2048

With --hide-counter, it is a proxy in front of a server instead, which answers 404 to everything
outside of /v1, as gateways do.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from desktop_app.local_model.server import find_weights

NOT_FOUND = b"HTTP/1.1 404 Not Found\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}"
START_S = 90.0


def serve(port: int, window: int, *, key: str = "", embeds: bool = False) -> None:
    """Serve until the process is ended; with `embeds`, embeddings alone."""
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = str(find_weights())
    params.model_alias = {"smollm2"}
    params.hostnames = ["127.0.0.1"]
    params.port = port
    params.n_ctx = window
    params.n_parallel = 1
    # With several threads, each waits for the others at every layer, which is slow on a busy CPU.
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = 1
    params.fit_params = False
    params.cache_ram_mib = 0
    params.offline = True
    params.verbosity = 0
    if key:
        params.api_keys = [key]
    if embeds:
        params.embedding = True
        params.n_batch = params.n_ubatch = 64  # tokens of a text, at most
        params.pooling_type = xllamacpp.llama_pooling_type.LLAMA_POOLING_TYPE_MEAN
    server = xllamacpp.Server(params)
    while server:
        time.sleep(3600)


async def hide_counter(port: int, behind: int) -> None:
    """Pass requests for /v1 on to the port `behind`."""

    async def pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            head = await reader.readuntil(b"\r\n\r\n")
            if head.split(b" ")[1].startswith(b"/v1"):
                fields = [f for f in head.split(b"\r\n") if not f.lower().startswith(b"connection")]
                inner, out = await asyncio.open_connection("127.0.0.1", behind)
                out.write(b"\r\n".join([fields[0], b"connection: close", *fields[1:]]))
                await asyncio.gather(_copy(reader, out), _copy(inner, writer, ends=True))
            else:
                writer.write(NOT_FOUND)
        writer.close()

    server = await asyncio.start_server(pass_on, "127.0.0.1", port)
    await server.serve_forever()


async def count_only(port: int, behind: int, window: int) -> None:
    """Answer in a few fixed words, after the server on port `behind` has counted the request.

    That server's template and tokenizer decide whether a request fits the window; a refusal has
    the fields of llama.cpp. So hundreds of requests take only seconds.
    """
    inner = f"http://127.0.0.1:{behind}"

    def post(path: str, body: object) -> Any:
        request = urllib.request.Request(f"{inner}{path}", json.dumps(body).encode())
        with urllib.request.urlopen(request, timeout=60) as reply:
            return json.load(reply)

    def answer(path: str, body: bytes) -> tuple[int, str, bytes]:
        if path == "/v1/responses":  # one API is enough
            return 404, "application/json", b"{}"
        if path != "/v1/chat/completions":
            with urllib.request.urlopen(
                urllib.request.Request(f"{inner}{path}", body or None), timeout=60
            ) as reply:
                return 200, "application/json", reply.read()
        prompt = post("/apply-template", {"messages": json.loads(body)["messages"]})["prompt"]
        tokens = post("/tokenize", {"content": prompt, "add_special": True, "parse_special": True})
        count = len(tokens["tokens"])
        if count >= window:
            error = {"code": 400, "type": "exceed_context_size_error", "n_prompt_tokens": count}
            words = f"request ({count} tokens) exceeds the available context size ({window} tokens)"
            error |= {"message": words, "n_ctx": window}
            return 400, "application/json", json.dumps({"error": error}).encode()
        usage = {"prompt_tokens": count, "completion_tokens": 8, "total_tokens": count + 8}
        choice = {"index": 0, "delta": {"content": "A note on this part."}, "finish_reason": "stop"}
        chunk = {"id": "c", "model": "smollm2", "choices": [choice], "usage": usage}
        return 200, "text/event-stream", f"data: {json.dumps(chunk)}\n\ndata: [DONE]\n\n".encode()

    async def serve_one(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            length = re.search(r"content-length: (\d+)", head, re.IGNORECASE)
            body = await reader.readexactly(int(length[1]) if length else 0)
            try:
                found = await asyncio.to_thread(answer, head.split(" ")[1], body)
            except urllib.error.HTTPError as error:
                found = error.code, "application/json", error.read()
            except urllib.error.URLError:  # it is still starting
                found = 503, "application/json", b"{}"
            status, kind, content = found
            writer.write(
                f"HTTP/1.1 {status} X\r\ncontent-type: {kind}\r\nconnection: close\r\n"
                f"content-length: {len(content)}\r\n\r\n".encode()
                + content
            )
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve_one, "127.0.0.1", port, limit=1 << 24)
    await server.serve_forever()


async def _copy(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, ends: bool = False
) -> None:
    with suppress(ConnectionError):
        while data := await reader.read(1 << 16):
            writer.write(data)
            await writer.drain()
    if ends:
        writer.close()


@contextmanager
def llama_server(
    window: int, *, hides_counter: bool = False, counts_only: bool = False
) -> Iterator[str]:
    """Yield the base URL of a running server with a window of `window` tokens.

    Args:
        hides_counter: serve only paths below /v1.
        counts_only: count tokens and refuse as the server, but answer in a few fixed words.
    """
    port, command = free_port(), [sys.executable, "-m", "tests.helpers.llama_server"]
    started = [subprocess.Popen([*command, str(port), str(window)])]
    if counts_only:
        inner, port = port, free_port()
        more = [str(port), str(window), "--counts", str(inner)]
        started.append(subprocess.Popen([*command, *more]))
    if hides_counter:
        inner, port = port, free_port()
        started.append(subprocess.Popen([*command, str(port), str(inner), "--hide-counter"]))
    try:
        url = f"http://127.0.0.1:{port}/v1"
        wait_for(f"{url}/models")
        yield url
    finally:
        for process in started:
            process.kill()
            process.wait()


def free_port() -> int:
    """Return a port of 127.0.0.1 that nothing listens on.

    It stays bound until this process ends, so that the system gives it to no other program. A
    server that reuses addresses or ports, as all in the tests do, may listen on it.
    """
    taken = socket.socket()
    for option in (socket.SO_REUSEADDR, socket.SO_REUSEPORT):
        taken.setsockopt(socket.SOL_SOCKET, option, 1)
    taken.bind(("127.0.0.1", 0))
    port = int(taken.getsockname()[1])
    taken.detach()
    return port


def wait_for(
    url: str, limit_s: float = START_S, process: subprocess.Popen[bytes] | None = None
) -> None:
    """Wait until a server answers at `url` that it is ready, or that it wants a key.

    Raises the last error after `limit_s`, or when the server's process has ended.
    """
    until = time.monotonic() + limit_s
    while True:
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except OSError as error:
            if isinstance(error, urllib.error.HTTPError) and error.code < 500:
                return  # it wants a key, or has no such path
            if time.monotonic() > until or (process and process.poll() is not None):
                raise
            time.sleep(0.1)


def main() -> None:
    """Run the server, or a proxy in front of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("port", type=int)
    parser.add_argument("window", type=int, help="in tokens; with --hide-counter the port behind")
    parser.add_argument("--hide-counter", action="store_true")
    parser.add_argument("--counts", type=int, default=0, help="only count, by the server there")
    parser.add_argument("--key", default="", help="the API key that it demands")
    parser.add_argument("--embeddings", action="store_true")
    options = parser.parse_args()
    if options.counts:
        asyncio.run(count_only(options.port, options.counts, options.window))
    elif options.hide_counter:
        asyncio.run(hide_counter(options.port, options.window))
    else:
        serve(options.port, options.window, key=options.key, embeds=options.embeddings)


if __name__ == "__main__":
    main()
