"""Small JSON files beside models; others may have put anything in their places."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Final, TypeVar

import msgspec

from desktop_app.domain.bounds import BAD_VALUE
from desktop_app.foreign_file import RefusedFileError, open_file, read_all

T = TypeVar("T")
_MAX_BYTES: Final = 16 << 20  # headers of some thousand models


def read_json(path: Path, kind: type[T]) -> T | None:
    """Return the content of a regular file in this form; None if there is none."""
    try:
        with open_file(path) as file:
            return msgspec.json.decode(read_all(file, _MAX_BYTES), type=kind)
    except (OSError, RefusedFileError, msgspec.DecodeError, *BAD_VALUE):
        return None


def write_json(path: Path, value: object) -> None:
    """Write a file, which a kill leaves whole or unchanged. Raises OSError."""
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f"{path.name}.")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(msgspec.json.encode(value))
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
