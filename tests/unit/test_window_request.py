"""Requests to the window as frames, and frames that are no requests."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desktop_app.app.window_request import (
    MAX_FILES,
    MAX_HEAD_BYTES,
    PREFIX,
    OpenRequest,
    QuickRequest,
    RequestError,
    WindowRequest,
    decode,
    encode,
    parse_sizes,
    request_for,
)
from desktop_app.quick_call import MAGIC, MAX_TEXT_BYTES
from tests.helpers.linux_only import linux_only

TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
PATHS = st.binary(min_size=0, max_size=200).map(lambda name: "/" + os.fsdecode(name)).filter(
    lambda name: "\0" not in name
)  # fmt: skip
REQUESTS = st.builds(OpenRequest, st.lists(PATHS, max_size=9).map(tuple), TEXTS) | st.builds(
    QuickRequest, TEXTS
)


def decoded(frame: bytes) -> WindowRequest:
    head, text = parse_sizes(frame[: PREFIX.size])
    body = frame[PREFIX.size :]
    assert len(body) == head + text
    return decode(body[:head], body[head:].decode("utf-8", "replace"))


@linux_only("names that are no UTF-8")
@given(REQUESTS)
def test_a_request_survives_its_frame(request: WindowRequest) -> None:
    assert decoded(encode(request)) == request


@pytest.mark.attack("local-calls")
@given(st.binary(min_size=PREFIX.size, max_size=PREFIX.size))
def test_a_prefix_is_bounded_or_refused(prefix: bytes) -> None:
    try:
        head, text = parse_sizes(prefix)
    except RequestError:
        return
    assert head <= MAX_HEAD_BYTES
    assert text <= MAX_TEXT_BYTES


@pytest.mark.attack("local-calls")
@given(st.binary(max_size=300) | st.lists(st.binary(max_size=9)).map(b"open\0".join))
def test_a_head_is_a_request_or_is_refused(head: bytes) -> None:
    try:
        found = decode(head, "text")
    except RequestError:
        return
    assert isinstance(found, OpenRequest | QuickRequest)
    assert all(name.startswith("/") and "\0" not in name for name in found.files)


@pytest.mark.attack("local-calls")
@pytest.mark.parametrize(
    "head",
    [
        b"",
        b"quit",
        b"QUICK",
        b"quick\0/a",
        b"open\0",
        b"open\0relative",
        b"open\0/a\0../b",
        b"open\0/" + b"x" * 4096,
        b"open" + b"\0/a" * (MAX_FILES + 1),
        b'{"command": "open", "files": ["/a"]}',
        b"[" * 100_000,
    ],
)
def test_wrong_heads_are_refused(head: bytes) -> None:
    with pytest.raises(RequestError):
        decode(head, "")


@pytest.mark.attack("local-calls")
@pytest.mark.parametrize(
    "prefix",
    [
        b'{"command": ',
        PREFIX.pack(b"RPT2", 4, 0),
        PREFIX.pack(MAGIC, MAX_HEAD_BYTES + 1, 0),
        PREFIX.pack(MAGIC, 4, MAX_TEXT_BYTES + 1),
    ],
)
def test_wrong_prefixes_are_refused(prefix: bytes) -> None:
    with pytest.raises(RequestError):
        parse_sizes(prefix)


@pytest.mark.parametrize(
    ("request_", "why"),
    [
        (QuickRequest("x" * (MAX_TEXT_BYTES + 1)), "4 MB"),
        (OpenRequest(("/a",) * (MAX_FILES + 1)), "5,000 files"),
        (OpenRequest(("/" + "x" * 4000,) * 300), "5,000 files"),
        (OpenRequest(("/a\0/b",)), "NUL"),
    ],
)
def test_a_request_that_is_too_large_is_not_sent(request_: WindowRequest, why: str) -> None:
    with pytest.raises(RequestError, match=why):
        encode(request_)


@linux_only("file addresses that are invalid")
def test_an_invalid_file_address_is_taken_for_a_path() -> None:
    request = request_for(["file:///a%20b", "file://[x"])
    assert request == OpenRequest(("/a b", str(Path("file://[x").absolute())))


def test_a_file_address_is_taken_for_its_path(tmp_path: Path) -> None:
    file = tmp_path / "Ü b.pdf"
    assert request_for([file.as_uri()]) == OpenRequest((str(file),))


def test_bytes_that_are_no_text_are_replaced() -> None:
    assert decoded(encode(QuickRequest("a\udcffb"))) == QuickRequest("a\ufffdb")
