"""Messages to and from child processes, as bytes."""

from __future__ import annotations

import io
import json
from collections.abc import Iterable
from typing import Any

from desktop_app.frames import read_frame, write_frame


def framed(requests: Iterable[Any]) -> bytes:
    """Return requests as JSON messages."""
    file = io.BytesIO()
    for request in requests:
        write_frame(file, json.dumps(request).encode())
    return file.getvalue()


def unframed(output: bytes) -> list[Any]:
    """Return the values of JSON messages."""
    file = io.BytesIO(output)
    return [json.loads(message) for message in iter(lambda: read_frame(file), None)]
