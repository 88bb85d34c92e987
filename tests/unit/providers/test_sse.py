"""The decoder against the WHATWG rules, whole and cut at every byte."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desktop_app.providers.http.sse import ServerSentEvent, SSEDecoder


def decode(*chunks: bytes) -> list[ServerSentEvent]:
    decoder = SSEDecoder()
    return [*(event for chunk in chunks for event in decoder.feed(chunk)), *decoder.end()]


def datas(*chunks: bytes) -> list[str]:
    return [event.data.decode("utf-8", "replace") for event in decode(*chunks)]


CASES = {
    "one event": (b"data: a\n\n", ["a"]),
    "no space after the colon": (b"data:a\n\n", ["a"]),
    "one space only is taken off": (b"data:  a\n\n", [" a"]),
    "lines joined": (b"data: a\ndata: b\n\n", ["a\nb"]),
    "CRLF": (b"data: a\r\n\r\ndata: b\r\n\r\n", ["a", "b"]),
    "lone CR": (b"data: a\r\rdata: b\r\r", ["a", "b"]),
    "line ends mixed": (b"data: a\r\n\ndata: b\r\r\ndata: c\n\r\n", ["a", "b", "c"]),
    "BOM": (b"\xef\xbb\xbfdata: a\n\n", ["a"]),
    "one BOM only": (b"\xef\xbb\xbf\xef\xbb\xbfdata: a\n\ndata: b\n\n", ["b"]),
    "a BOM later is text": (b"data: a\n\n\xef\xbb\xbfdata: b\n\ndata: c\n\n", ["a", "c"]),
    "a BOM in the second line is text": (b"\n\xef\xbb\xbfdata: a\n\ndata: b\n\n", ["b"]),
    "comment": (b": hello\ndata: a\n\n", ["a"]),
    "comment between": (b"data: a\n: hello\ndata: b\n\n", ["a\nb"]),
    "heartbeats alone": (b": a\n\n:\n\n", []),
    "event without data": (b"event: ping\n\ndata: a\n\n", ["a"]),
    "field without colon": (b"data\n\n", [""]),
    "unknown field": (b"datum: x\nDATA: y\ndata: a\n\n", ["a"]),
    "incomplete at the end": (b'data: a\n\ndata: {"b":1}', ["a", '{"b":1}']),
    "single newlines": (
        b'data: {"a":1}\ndata: {"b":2}\ndata: [DONE]',
        ['{"a":1}', '{"b":2}', "[DONE]"],
    ),
    "cut at the end": (b'data: a\n\ndata: {"b"', ["a"]),
    "JSON over lines": (b'data: {"a":\ndata: {"b":2}}\n\n', ['{"a":\n{"b":2}}']),
    "plain lines of JSON": (b'{"a":1}\n{"b":2}\n', ['{"a":1}', '{"b":2}']),
    "UTF-8": ("data: žluťoučký 🐎\n\n".encode(), ["žluťoučký 🐎"]),
    "separators of Unicode end no line": (
        "data: a\u2028b\u2029c\u0085d\x0be\x0cf\x1cg\n\n".encode(),
        ["a\u2028b\u2029c\u0085d\x0be\x0cf\x1cg"],
    ),
    "invalid UTF-8": (b"data: a\xffb\xc3\n\ndata: c\n\n", ["a\ufffdb\ufffd", "c"]),
    "NUL in data": (b"data: a\0b\n\n", ["a\0b"]),
}


@pytest.mark.parametrize(("stream", "expected"), CASES.values(), ids=CASES.keys())
def test_events_are_the_same_wherever_the_stream_is_cut(stream: bytes, expected: list[str]) -> None:
    assert datas(stream) == expected
    for at in range(len(stream) + 1):
        assert datas(stream[:at], b"", stream[at:]) == expected, f"cut at {at}"
    assert datas(*(stream[i : i + 1] for i in range(len(stream)))) == expected


def test_an_event_has_its_name_and_ignores_other_fields() -> None:
    first, second, third = decode(
        b"event: delta\nid: 7\nretry: 3000\ndata: a\n\n"
        b"id: bad\0id\nretry: 1e3\ndata: b\n\n"
        b"id\nretry: -5\ndata: c\n\n"
    )
    assert first == ServerSentEvent(b"a", "delta")
    assert second == ServerSentEvent(b"b", "message"), "the name is for one event only"
    assert third == ServerSentEvent(b"c", "message")


def test_events_parted_by_single_newlines_keep_their_names() -> None:
    first, second = decode(b'event: a\ndata: {"a":1}\nevent: b\ndata: {"b":2}\n')
    assert first == ServerSentEvent(b'{"a":1}', "a")
    assert second == ServerSentEvent(b'{"b":2}', "b")


def test_a_field_for_an_error_is_an_event_of_that_name() -> None:
    """The form of llama.cpp until autumn 2025."""
    first, second = decode(b'data: a\n\nerror: {"code": 500}\n\n')
    assert first == ServerSentEvent(b"a", "message")
    assert second == ServerSentEvent(b'{"code": 500}', "error")


texts = st.text(
    alphabet=st.one_of(
        st.sampled_from("\u2028\u0085 :\0\ufeff"),
        st.characters(exclude_characters="\r\n", exclude_categories=["Cs"]),
    )
)


@given(
    st.lists(st.lists(texts, min_size=1, max_size=4), max_size=6),
    st.sampled_from([b"\n", b"\r\n", b"\r"]),
    st.lists(st.integers(1, 9), max_size=40),
)
def test_encoded_events_are_decoded_unchanged(
    events: list[list[str]], end: bytes, sizes: list[int]
) -> None:
    stream = b"".join(line + end for line in _encoded(events))
    expected = ["\n".join(lines) for lines in events]
    assert datas(*_cut(stream, sizes)) == expected


def _encoded(events: list[list[str]]) -> list[bytes]:
    lines: list[bytes] = []
    for event in events:
        lines += [b"data: " + line.encode() for line in event]
        lines.append(b"")
    return lines


def _cut(stream: bytes, sizes: list[int]) -> list[bytes]:
    chunks, at = [], 0
    for size in sizes:
        chunks.append(stream[at : at + size])
        at += size
    return [*chunks, stream[at:]]


@given(st.binary(max_size=200), st.lists(st.integers(1, 9), max_size=40))
def test_any_bytes_in_any_chunks_give_the_same(stream: bytes, sizes: list[int]) -> None:
    assert decode(*_cut(stream, sizes)) == decode(stream)
