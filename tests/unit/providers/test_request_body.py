"""The bytes sent for a request with files."""

from __future__ import annotations

import base64
import json

from hypothesis import given
from hypothesis import strategies as st

from desktop_app.domain.answering.chat_request import FileData, ImageData
from desktop_app.providers.http import transport
from desktop_app.providers.http.transport import pack_body

TYPE = st.just("application/pdf")
FILES = st.builds(FileData, st.just("a.pdf"), TYPE, st.binary(max_size=50)) | st.builds(
    ImageData, TYPE, st.binary(max_size=50)
)


def url(data: bytes) -> str:
    return "data:application/pdf;base64," + base64.b64encode(data).decode()


@given(st.lists(st.text() | FILES))
def test_files_and_images_are_data_urls_in_the_json(
    values: list[str | FileData | ImageData],
) -> None:
    wanted = [v if isinstance(v, str) else url(v.data) for v in values]
    assert json.loads(pack_body({"input": values}))["input"] == wanted


def test_the_json_is_compact_utf_8() -> None:
    assert pack_body({"é": ["\ud800", 1]}) == '{"é":["?",1]}'.encode()


def test_a_large_file_is_whole() -> None:
    data = bytes(range(256)) * (transport._PACKED_BYTES // 128) + b"end"
    body = pack_body({"input": [FileData("a.pdf", "application/pdf", data)]})
    assert json.loads(body)["input"] == [url(data)]
