"""The bytes sent for a request with files."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desktop_app.domain.answering.chat_request import FileData, ImageData
from desktop_app.providers.http.request_body import PIECE_BYTES, pack_body
from tests.helpers.blocking import blocking

TYPE = st.just("application/pdf")
FILES = st.builds(FileData, st.just("a.pdf"), TYPE, st.binary(max_size=50)) | st.builds(
    ImageData, TYPE, st.binary(max_size=50)
)


def pack(body: dict[str, Any]) -> tuple[bytes, dict[str, str]]:
    content, headers = pack_body(body)

    @blocking
    async def collected() -> bytes:
        if isinstance(content, bytes):
            return content
        return b"".join([piece async for piece in content])

    return collected(), headers


def url(data: bytes) -> str:
    return "data:application/pdf;base64," + base64.b64encode(data).decode()


@given(st.lists(st.text() | FILES))
def test_files_and_images_are_data_urls_in_the_json(
    values: list[str | FileData | ImageData],
) -> None:
    content, headers = pack({"input": values})
    wanted = [v if isinstance(v, str) else url(v.data) for v in values]
    assert json.loads(content)["input"] == wanted
    has_files = not all(isinstance(value, str) for value in values)
    assert headers == ({"content-length": str(len(content))} if has_files else {})


@pytest.mark.parametrize(
    "size", [PIECE_BYTES - 1, PIECE_BYTES, PIECE_BYTES + 1, 3 * PIECE_BYTES + 2]
)
def test_large_files_come_in_pieces(size: int) -> None:
    data = bytes(range(256)) * (size // 256 + 1)
    content, _ = pack({"x": FileData("a", "application/pdf", data[:size]), "y": 1})
    assert json.loads(content) == {"x": url(data[:size]), "y": 1}


def test_the_json_is_compact_utf_8() -> None:
    assert pack({"é": ["\ud800", 1]}) == ('{"é":["?",1]}'.encode(), {})
