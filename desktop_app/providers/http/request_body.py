"""A request's body as bytes, with images and files as data URLs."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Any

from desktop_app.domain.answering.chat_request import FileData, ImageData


def pack_body(body: Mapping[str, Any]) -> bytes:
    """Return the body as JSON. An unpaired surrogate, which has no UTF-8 form, becomes "?"."""
    text = json.dumps(body, ensure_ascii=False, separators=(",", ":"), default=data_url)
    return text.encode("utf-8", "replace")


def data_url(value: object) -> str:
    """Return an image or a file as a data URL. Raises TypeError for any other value."""
    if not isinstance(value, ImageData | FileData):
        raise TypeError(f"{type(value).__name__} has no place in a request")
    return f"data:{value.media_type};base64,{base64.b64encode(value.data).decode()}"
