"""The child of the voice, replaced by one that hears and says what a test tells it."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from desktop_app.child_processes import ChildCommand
from desktop_app.local_model.fetch import Info, path_of, write_info
from desktop_app.local_model.store import ModelStore
from desktop_app.voice.messages import Event
from tests.helpers.children import python_child

_SCRIPT = """
import json, struct, sys
import msgspec
replies = {replies!r}
log = open({log!r}, "a", buffering=1)
while head := sys.stdin.buffer.read(4):
    request = msgspec.msgpack.decode(sys.stdin.buffer.read(*struct.unpack(">I", head)))
    log.write(json.dumps(request, default=len) + "\\n")
    for packed in replies.get(request["type"], ()):
        if packed is None:
            sys.exit(3)
        sys.stdout.buffer.write(struct.pack(">I", len(packed)) + packed)
    sys.stdout.buffer.flush()
"""

_NUMBERS = itertools.count()


class ScriptedVoice:
    """A child that answers requests with these messages; None ends it.

    Args:
        folder: takes the log of the requests.
        replies: the messages by the name of the request.
    """

    def __init__(self, folder: Path, replies: Mapping[str, Sequence[Event | None]]) -> None:
        # Not id(self): it is given again to a later child of the same test.
        self._log = folder / f"voice-{next(_NUMBERS)}.log"
        packed = {
            name: [None if each is None else msgspec.msgpack.encode(each) for each in events]
            for name, events in replies.items()
        }
        self.command: ChildCommand = python_child(
            _SCRIPT.format(replies=packed, log=str(self._log))
        )

    @property
    def requests(self) -> list[dict[str, object]]:
        """Return the requests so far."""
        lines = self._log.read_text("utf-8").splitlines() if self._log.exists() else []
        return [msgspec.json.decode(line) for line in lines]

    @property
    def names(self) -> list[object]:
        """Return the names of the requests so far."""
        return [request["type"] for request in self.requests]


def put_speech_model(store: ModelStore, weights: Path | None = None) -> None:
    """Put a model that transcribes into the store, with the files of a folder, or none."""
    model = next(model for model in store.catalog if model.parts)
    path = path_of(model, store.folder)
    path.parent.mkdir(parents=True, exist_ok=True)
    if weights is None:
        path.write_bytes(b"weights")
    else:
        for file in weights.iterdir():
            (path.parent / file.name).symlink_to(file)
    write_info(path, Info(model.url, model.sha256, is_known=True, model=model.id))
