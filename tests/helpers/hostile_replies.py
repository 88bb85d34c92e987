"""Replies that try to block the window or fill the memory, and a server for them.

Each reply has a name and the kind of request that gets it. Replies are generated in pieces, because
many never end. `python -m tests.helpers.hostile_replies` serves each reply on loopback under its
own path (`http://127.0.0.1:PORT/NUMBER/v1`, see `path_of`) and prints the port. The server is a
separate process, so that its memory and work do not count as the client's.
"""

from __future__ import annotations

import gzip
import itertools
import json
import socket
import subprocess
import sys
import threading
import time
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

MB: Final = 1 << 20
PIECE: Final = 64 * 1024
STREAM: Final = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n"
JSON: Final = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n"
BODY: Final = b"connection: close\r\n\r\n"
TOO_LARGE: Final = "ReplyTooLargeError"
DAMAGED: Final = "UnexpectedReplyError"
CUT: Final = "StreamCutError"
REFUSED: Final = "ProviderFaultError"
KEPT: Final = "What had arrived."
"""The text sent first, if the reply begins like an answer."""


@dataclass(frozen=True)
class HostileReply:
    """A hostile reply.

    Attributes:
        asks: the client's request: "answer" or "chat" (the two streaming APIs), "run" (in the
            background), "models", "embeddings", "results" (of a batch) or "compaction".
        begins: True if KEPT arrives before the attack.
        error: the class name of the expected error, or "" if the reply is large but valid.
        is_long: True if the reply takes too long for the suite.
    """

    name: str
    asks: str
    pieces: Callable[[], Iterable[bytes]]
    begins: bool = False
    error: str = TOO_LARGE
    is_long: bool = False


def event(value: object) -> bytes:
    """Return a server-sent event."""
    return b"data: " + json.dumps(value, ensure_ascii=False).encode() + b"\n\n"


def delta(text: str) -> bytes:
    """Return a text delta of the Responses API."""
    return event({"type": "response.output_text.delta", "output_index": 0, "delta": text})


def chat_delta(text: str) -> bytes:
    """Return a text delta of Chat Completions."""
    return event({"id": "c", "choices": [{"index": 0, "delta": {"content": text}}]})


CREATED: Final = event({"type": "response.created", "response": {"id": "r", "model": "m"}})
COMPLETED: Final = event(
    {"type": "response.completed", "response": {"id": "r", "status": "completed"}}
)
BEGUN: Final = STREAM + BODY + CREATED + delta(KEPT)
CHAT_BEGUN: Final = STREAM + BODY + chat_delta(KEPT)


def _repeated(piece: bytes, size: int | None = None) -> Iterator[bytes]:
    """Repeat `piece` in larger blocks, for `size` bytes or without end."""
    block = piece * max(1, PIECE // len(piece))
    if size is None:
        yield from itertools.repeat(block)
        return
    for _ in range(size // len(block)):
        yield block
    yield piece * (size % len(block) // len(piece))


def _numbered(made: Callable[[int], bytes], count: int | None = None) -> Iterator[bytes]:
    """Yield the results of `made` for 0, 1, 2 and so on, joined to larger blocks."""
    numbers = itertools.count() if count is None else iter(range(count))
    while some := [made(number) for number in itertools.islice(numbers, 200)]:
        yield b"".join(some)


def _bomb(layers: int = 1) -> Iterator[bytes]:
    """Yield a compressed stream of events that unpacks to a gigabyte, as it is compressed."""
    packers = [zlib.compressobj(9, zlib.DEFLATED, 31) for _ in range(layers)]
    for piece in itertools.chain(
        [CREATED + delta(KEPT) + b"data: "], itertools.repeat(b"a" * MB, 1024)
    ):
        yield _packed_by(packers, piece)
    for number, packer in enumerate(packers):
        yield _packed_by(packers[number + 1 :], packer.flush())


def _packed_by(packers: Iterable[zlib._Compress], piece: bytes) -> bytes:
    for packer in packers:
        piece = packer.compress(piece)
    return piece


def _dripping(head: bytes) -> Iterator[bytes]:
    """Yield `head`, then a byte every 50 ms without end."""
    yield head
    while True:
        time.sleep(0.05)
        yield b" "


def _chunked(pieces: Iterable[bytes], size: int) -> Iterator[bytes]:
    for piece in pieces:
        parts = (piece[at : at + size] for at in range(0, len(piece), size))
        yield b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in parts)


def _item(number: int, **fields: object) -> bytes:
    kinds = {"type": "response.output_item.added", "output_index": number}
    return event({**kinds, "item": {"type": "message", **fields}})


def _call(number: int) -> bytes:
    calls = [{"index": number, "id": f"c{number}", "function": {"name": "f", "arguments": "{"}}]
    return event({"id": "c", "choices": [{"index": 0, "delta": {"tool_calls": calls}}]})


def _summary(number: int) -> bytes:
    kind = "response.reasoning_summary_text.delta"
    return event({"type": kind, "output_index": 0, "summary_index": number, "delta": "a"})


def _reasoning_item(number: int) -> bytes:
    item = {"type": "reasoning", "id": f"rs_{number}", "encrypted_content": "x", "summary": []}
    done = {"type": "response.output_item.done", "output_index": number, "item": item}
    return event(done)


_OPEN: Final = b'data: {"type": "response.output_text.delta", "delta": "'
_CLOSE: Final = b'"}\n\n'
_ANSWER_OPEN: Final = (
    b'{"id": "r", "object": "response", "status": "completed", "output": [{"type": "message", '
    b'"content": [{"type": "output_text", "text": "'
)
_ANSWER_CLOSE: Final = b'"}]}]}'
_MODELS: Final = JSON + BODY + b'{"data": ['


def _usage(number: object) -> bytes:
    usage = {"input_tokens": number, "output_tokens": number}
    response = {"id": "r", "status": "completed", "usage": usage}
    return event({"type": "response.completed", "response": response})


def _result(number: int, text: str = "a") -> bytes:
    choice = {"index": 0, "message": {"content": text}, "finish_reason": "stop"}
    body = {"object": "chat.completion", "choices": [choice]}
    row = {"custom_id": f"r{number}", "response": {"status_code": 200, "body": body}}
    return json.dumps(row).encode() + b"\n"


Part = bytes | Callable[[], Iterable[bytes]]


class _Group:
    """A factory of replies with a common beginning."""

    def __init__(self, asks: str, head: bytes = b"", *, begins: bool = False) -> None:
        self._asks, self._head, self._begins = asks, head, begins

    def __call__(
        self,
        name: str,
        *parts: Part,
        error: str = TOO_LARGE,
        begins: bool = False,
        is_long: bool = False,
    ) -> HostileReply:
        def pieces() -> Iterator[bytes]:
            yield self._head
            for part in parts:
                if isinstance(part, bytes):
                    yield part
                else:
                    yield from part()

        return HostileReply(name, self._asks, pieces, begins or self._begins, error, is_long)


def _times(piece: bytes, size: int | None = None) -> Callable[[], Iterator[bytes]]:
    return lambda: _repeated(piece, size)


def _all() -> Iterator[HostileReply]:
    yield from _packed()
    yield from _of_http()
    yield from _of_streams()
    yield from _of_large_events()
    yield from _of_answers()
    yield from _of_chats()
    yield from _of_whole_replies()
    yield from _of_other_requests()


def _packed() -> Iterator[HostileReply]:
    def packed(name: str, encoding: bytes, body: Callable[[], Iterable[bytes]]) -> HostileReply:
        head = STREAM + b"content-encoding: " + encoding + b"\r\n" + BODY
        return _Group("answer", head)(name, body, error=DAMAGED)

    yield packed("gzip bomb", b"gzip", _bomb)
    yield packed("deflate", b"deflate", lambda: [zlib.compress(b"a" * MB)])


def _of_http() -> Iterator[HostileReply]:
    http, chunked = _Group("answer"), STREAM + b"transfer-encoding: chunked\r\n\r\n"
    begun = CREATED + delta(KEPT)
    yield http("header line without end", STREAM + b"x-a: ", _times(b"a"))
    yield http("headers without end", STREAM, lambda: _numbered(lambda n: b"a%d: b\r\n" % n))
    yield http("1xx without end", _times(b"HTTP/1.1 103 Early\r\na:b\r\n\r\n"))
    trailers = lambda: _chunked([begun], PIECE)  # noqa: E731
    yield http(
        "trailers without end",
        chunked,
        trailers,
        b"0\r\n",
        _times(b"a: b\r\n"),
        error=CUT,
        begins=True,
    )
    yield http("chunk size without end", chunked, _times(b"0"), error=CUT)
    single = lambda: _chunked([begun, *[delta("a" * 50)] * 200, COMPLETED], 1)  # noqa: E731
    yield http("chunks of one byte", chunked, single, b"0\r\n\r\n", error="", begins=True)
    refused = b"HTTP/1.1 400 B\r\ncontent-type: application/json\r\n" + BODY
    message = refused + b'{"error": {"message": "'
    yield http("error body without end", message, _times(b"a"), error=REFUSED)
    yield http("error body dripping", lambda: _dripping(refused), error=REFUSED)


def _of_streams() -> Iterator[HostileReply]:
    begun = _Group("answer", BEGUN, begins=True)
    yield begun("event without end", b"data: ", _times(b"a"))
    yield begun("data lines without end", _times(b"data\n"))
    yield begun("comments without end", _times(b":\n"), is_long=True)
    yield begun("comment line without end", b":", _times(b"a"))
    yield begun("blank lines without end", _times(b"\n"), is_long=True)
    yield begun("event name without end", b"event:", _times(b"a"))
    yield begun("garbage", b"data: {\n\n", error=DAMAGED)
    nested = b"data: " + b'{"a":' * 100_000 + b"1" + b"}" * 100_000 + b"\n\n"
    yield begun("nested 100,000 deep", nested, error=DAMAGED)
    number = b'data: {"a":' + b"1" * 1_000_000 + b"}\n\n"
    yield begun("a number of 1,000,000 digits", number, error=DAMAGED)
    halves = _OPEN + b"\\ud800\\u0000\\udfff" + _CLOSE
    yield begun("lone surrogates and NULs", halves, COMPLETED, error="")
    yield begun("goes on after its end", COMPLETED, _times(delta("more")), error="")
    yield begun("usage of 10^30 tokens", _usage(10**30), error="")


def _of_large_events() -> Iterator[HostileReply]:
    begun = _Group("answer", BEGUN, begins=True)

    def text(name: str, piece: bytes, last: bytes = b"") -> HostileReply:
        of_15_mb = _times(piece, 15 * MB)
        return begun(f"text of 15 MB, {name}", _OPEN, of_15_mb, last, _CLOSE, COMPLETED, error="")

    yield text("plain", b"words ")
    yield text("one emoji", b"words ", "🙂".encode())
    yield text("escaped", b"\\u0416")
    more = _times(b"words ", 17 * MB)
    yield begun("text of 17 MB", _OPEN, more, _CLOSE, COMPLETED)
    yield begun("15 MB nested", b"data: ", _times(b"[", 15 * MB), b"\n\n", error=DAMAGED)
    yield begun("15 MB of lists", b"data: [", _times(b"[],", 15 * MB), b"1]\n\n")
    yield begun("15 MB of objects", b"data: [", _times(b'{"a":1},', 15 * MB), b"1]\n\n")
    names = lambda: _numbered(lambda n: b',"n%d":0' % n, 1_200_000)  # noqa: E731
    yield begun("15 MB of names", b'data: {"type":"x"', names, b"}\n\n")
    message, words = b'data: {"error": {"message": "', _times(b"a b ", 15 * MB)
    yield begun("error of 15 MB", message, words, b'"}}\n\n', error=REFUSED)


def _of_answers() -> Iterator[HostileReply]:
    begun = _Group("answer", BEGUN, begins=True)
    words = delta("and so on " * 6_000)
    yield begun("answer without end", _times(words))
    yield begun("paragraphs without end", _times(delta("and so on\n\n" * 5_000)), is_long=True)
    yield begun("quotes in quotes without end", _times(delta("> " * 20_000)), is_long=True)
    yield begun("emoji without end", delta("🙂"), _times(words))
    yield begun("control characters without end", _times(delta("\x01" * 10_000)), is_long=True)
    small = delta("a")
    yield begun("20,000 small deltas", small * 20_000, COMPLETED, error="")
    many = _times(small, 1_000_000 * len(small))
    yield begun("1,000,000 small deltas", many, COMPLETED, error="", is_long=True)
    kind = "response.reasoning_text.delta"
    yield begun("reasoning without end", _times(event({"type": kind, "delta": "so " * 20_000})))
    yield begun("items without end", lambda: _numbered(_item))
    yield begun("summaries without end", lambda: _numbered(_summary))
    yield begun("reasoning items without end", lambda: _numbered(_reasoning_item))


def _of_chats() -> Iterator[HostileReply]:
    chat = _Group("chat", CHAT_BEGUN, begins=True)
    yield chat("chat: answer without end", _times(chat_delta("and so on " * 6_000)))
    yield chat("chat: calls without end", lambda: _numbered(_call))

    def calls() -> list[bytes]:
        made = [{"id": f"c{n}", "function": {"arguments": "{"}} for n in range(200_000)]
        return [event({"choices": [{"index": 0, "delta": {"tool_calls": made}}]})]

    def choices(count: int) -> list[bytes]:
        made = [{"index": n, "delta": {"content": "a"}} for n in range(count)]
        return [event({"choices": made}), b"data: [DONE]\n\n"]

    yield chat("chat: 200,000 calls at once", calls)
    yield chat("chat: 200,000 choices", lambda: choices(200_000))
    more = _times(chat_delta("more"))
    yield chat("chat: goes on after [DONE]", b"data: [DONE]\n\n", more, error="")


def _of_whole_replies() -> Iterator[HostileReply]:
    whole = _Group("answer", JSON + BODY)
    kept = _ANSWER_OPEN + KEPT.encode()

    def text(name: str, piece: bytes) -> HostileReply:
        of_31_mb = _times(piece, 31 * MB)
        return whole(name, kept, of_31_mb, _ANSWER_CLOSE, error="", begins=True)

    def output(
        name: str, piece: bytes, size: int = 31 * MB, error: str = TOO_LARGE
    ) -> HostileReply:
        head = b'{"id":"r","status":"completed","output":['
        return whole(name, head, _times(piece, size), b"1]}", error=error)

    item = b'{"type":"message","content":[{"type":"output_text","text":"a"}]},'
    refusing = item.replace(b"output_text", b"refusal").replace(b'"text"', b'"refusal"')
    yield whole("JSON without end", _ANSWER_OPEN, _times(b"a"))
    yield text("JSON of 31 MB", b"words ")
    more = _times(b"words ", 33 * MB)
    yield whole("JSON of 33 MB", kept, more, _ANSWER_CLOSE)
    yield output("JSON of 31 MB of items", item)
    yield output("JSON of 40,000 items", item + refusing, 20_000 * len(item + refusing))
    yield whole("JSON of 31 MB of blanks", b'{"output":', _times(b" ", 31 * MB), b"1}", error="")
    yield whole("JSON of 31 MB nested", _times(b"[", 31 * MB), error=DAMAGED)
    yield whole("blank body without end", _times(b" "), is_long=True)
    page = b"HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\n" + BODY
    yield _Group("answer", page)("text without end", _times(b"a"))


def _of_other_requests() -> Iterator[HostileReply]:
    models = _Group("models", _MODELS)
    yield models("models: without end", lambda: _numbered(lambda n: b'{"id":"m%d"},' % n))
    million = lambda: _numbered(lambda n: b'{"id":"m%d"},' % n, 1_000_000)  # noqa: E731
    yield models("models: 1,000,000", million, b"{}]}")
    some = lambda: _numbered(lambda n: b'{"id":"m%d","context_length":9999},' % n, 50_000)  # noqa: E731
    yield models("models: 50,000", some, b"{}]}", error="")
    gzipped = JSON + b"content-encoding: gzip\r\n" + BODY
    yield _Group("models", gzipped)("models: gzip", lambda: [gzip.compress(b"{}")], error=DAMAGED)
    yield models("models: dripping", lambda: _dripping(b""), error="NetworkError")
    vectors = _Group("embeddings", JSON + BODY + b'{"data": [{"index": 0, "embedding": [')
    yield vectors("embeddings: without end", _times(b"0.123456789,"))
    yield vectors("embeddings: 31 MB", _times(b"0.123456789,", 31 * MB), b"1]}]}", error=DAMAGED)
    yield vectors("embeddings: too many", b"1]}", _times(b',{"embedding":[1]}', 3 * MB), b"]}")
    file = b"HTTP/1.1 200 OK\r\ncontent-type: application/octet-stream\r\n" + BODY
    results = _Group("results", file + _result(0), begins=False)
    line = b'{"a":"'
    yield results(
        "results: line without end", line, _times(b"a", 100 * MB), b'"}\n' + _result(1), error=""
    )
    yield results("results: blank lines", _times(b"\n", 32 * MB), _result(1), error="")
    yield results("results: lines without end", _times(b"{}\n"))
    state = _Group(
        "compaction", JSON + BODY + b'{"output":[{"type":"compaction","encrypted_content":"'
    )
    yield state("compaction: without end", _times(b"a"))
    number = 10**40
    created = {"type": "response.created", "sequence_number": number, "response": {"id": "r"}}
    done = {"type": "response.completed", "sequence_number": number + 1}
    end = event({**done, "response": {"id": "r", "status": "completed", "output": []}})
    yield _Group("run", STREAM + BODY)("run: numbers of 40 digits", event(created) + end, error="")


REPLIES: Final = {reply.name: reply for reply in _all()}


# -- the server


def path_of(name: str) -> str:
    """Return the path under which the server sends the reply `name`."""
    return str(list(REPLIES).index(name))


def main() -> None:
    """Serve until standard input ends."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=50)
    sys.stdout.write(f"{listener.getsockname()[1]}\n")
    sys.stdout.flush()
    threading.Thread(target=_accept, args=(listener,), daemon=True).start()
    sys.stdin.read()


def _accept(listener: socket.socket) -> None:
    while True:
        connection, _ = listener.accept()
        threading.Thread(target=_serve, args=(connection,), daemon=True).start()


def _serve(connection: socket.socket) -> None:
    with connection, suppress(OSError):
        path = _read_request(connection)
        reply = list(REPLIES.values())[int(path.split("/")[1])]
        for piece in reply.pieces():
            connection.sendall(piece)
        connection.shutdown(socket.SHUT_WR)
        while connection.recv(PIECE):
            pass


def _read_request(connection: socket.socket) -> str:
    received = b""
    while b"\r\n\r\n" not in received:
        more = connection.recv(PIECE)
        if not more:
            raise ConnectionError
        received += more
    head, _, body = received.partition(b"\r\n\r\n")
    lengths = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
    length = int(lengths[0].split(b":")[1]) if lengths else 0
    while len(body) < length:
        body += connection.recv(PIECE)
    return head.split(b" ", 2)[1].decode()


@contextmanager
def serving() -> Iterator[str]:
    """Run the server and yield its address without a path."""
    arguments = [sys.executable, "-m", "tests.helpers.hostile_replies"]
    server = subprocess.Popen(
        arguments,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
    )
    assert server.stdin is not None
    assert server.stdout is not None
    try:
        yield f"http://127.0.0.1:{int(server.stdout.readline())}"
    finally:
        server.stdin.close()
        server.wait()
        server.stdout.close()


if __name__ == "__main__":
    main()
