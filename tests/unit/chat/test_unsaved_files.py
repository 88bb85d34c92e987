"""An image of a question that is not stored is read again when it is sent."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from desktop_app.chat.command.ask import AttachedFile, NullStore
from desktop_app.domain.errors import DocumentError
from tests.helpers.linux_only import linux_only
from tests.helpers.pipe_trap import PipeTrap


async def test_an_unchanged_image_is_sent(tmp_path: Path) -> None:
    path = tmp_path / "image.png"
    path.write_bytes(b"image")
    sha256 = hashlib.sha256(b"image").hexdigest()
    assert await NullStore({sha256: AttachedFile("", path)}).bytes(sha256) == b"image"


@linux_only("named pipes in folders")
@pytest.mark.attack("imports")
async def test_a_pipe_in_place_of_an_image_is_not_opened() -> None:
    with PipeTrap() as trap:
        with pytest.raises(DocumentError, match="changed while Repartee was reading it"):
            await NullStore({"a" * 64: AttachedFile("", trap.path)}).bytes("a" * 64)
        assert not trap.was_opened()
