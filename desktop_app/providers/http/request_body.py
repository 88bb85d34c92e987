"""A request's body as bytes.

Images and files are inserted piece by piece while the body is sent. Encoding tens of megabytes at
once would block the window and keep them in memory twice.
"""

from __future__ import annotations

import base64
import json
import uuid
from collections.abc import AsyncIterator, Mapping, Sequence
from itertools import zip_longest
from typing import Any, Final

from desktop_app.domain.answering.chat_request import FileData, ImageData

# A multiple of three, so that the pieces join to one Base64 text; about a millisecond's work.
PIECE_BYTES: Final = 3 << 17


def pack_body(body: Mapping[str, Any]) -> tuple[bytes | AsyncIterator[bytes], dict[str, str]]:
    """Return the body as JSON, with images and files as data URLs, and the headers it needs."""
    files: list[ImageData | FileData] = []
    placeholder = uuid.uuid4().hex

    def replace_file(value: object) -> str:
        files.append(_require_file(value))
        return placeholder

    text = json.dumps(body, ensure_ascii=False, separators=(",", ":"), default=replace_file)
    # An unpaired surrogate has no UTF-8 form.
    content = text.encode("utf-8", "replace")
    if not files:
        return content, {}
    texts = content.split(placeholder.encode())
    length = sum(map(len, texts)) + sum(map(_encoded_length, files))
    return _encode_pieces(texts, files), {"content-length": str(length)}


def data_url(value: object) -> str:
    """Return an image or a file as a data URL. Raises TypeError for any other value."""
    file = _require_file(value)
    return (_encode_head(file) + base64.b64encode(file.data)).decode()


def _require_file(value: object) -> ImageData | FileData:
    if not isinstance(value, ImageData | FileData):
        raise TypeError(f"{type(value).__name__} has no place in a request")
    return value


def _encode_head(file: ImageData | FileData) -> bytes:
    return f"data:{file.media_type};base64,".encode()


def _encoded_length(file: ImageData | FileData) -> int:
    return len(_encode_head(file)) + (len(file.data) + 2) // 3 * 4


async def _encode_pieces(
    texts: Sequence[bytes], files: Sequence[ImageData | FileData]
) -> AsyncIterator[bytes]:
    for text, file in zip_longest(texts, files):
        yield text
        if file is not None:
            yield _encode_head(file)
            for start in range(0, len(file.data), PIECE_BYTES):
                yield base64.b64encode(file.data[start : start + PIECE_BYTES])
