"""A provider of batches that answers at once, as the test sets."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import BinaryIO

from desktop_app.domain.answering.chat_request import ChatRequest
from desktop_app.domain.errors import ProviderError
from desktop_app.domain.models.model_catalog import Api
from desktop_app.providers.jobs.batch_jobs import BatchResult, BatchStatus, RemoteBatch


class ScriptedBatches:
    """Batches at a provider; see batch/batch_files.py.

    Attributes:
        calls: the name and the arguments of each call.
        errors: the error that the next call raises, by the call's name.
        created: the state of new batches; None if the reply does not say.
        found: the batch that an earlier process created.
        states: the replies to `fetch` and `cancel`, in order; the last one is repeated.
        files: the results by the id of their file; None is a line that cannot be read.
        requests: the requests of which `line` was called.
    """

    def __init__(self) -> None:
        self.calls: list[tuple[object, ...]] = []
        self.errors: dict[str, ProviderError] = {}
        self.found: RemoteBatch | None = None
        self.created: BatchStatus | None = BatchStatus.IN_PROGRESS
        self.states: list[RemoteBatch] = []
        self.files: dict[str, list[BatchResult | None]] = {}
        self.requests: list[ChatRequest] = []

    def batches(self) -> ScriptedBatches:
        """Return itself."""
        return self

    def names(self) -> list[object]:
        """Return the names of the calls, and forget the calls."""
        names = [name for name, *_ in self.calls]
        self.calls.clear()
        return names

    def _call(self, name: str, *arguments: object) -> None:
        self.calls.append((name, *arguments))
        if error := self.errors.pop(name, None):
            raise error

    def line(self, custom_id: str, request: ChatRequest, api: Api) -> bytes:
        """Return a line with nothing but the id."""
        self.requests.append(request)
        return f"{custom_id}\n".encode()

    async def upload(self, name: str, file: BinaryIO) -> str:
        """Return an id by the name of the job."""
        file.seek(0)
        self._call("upload", name, file.read().decode(), file.tell())
        return f"in-{name.rpartition('-')[2]}"

    async def delete_file(self, file_id: str) -> None:
        """Record the call."""
        self._call("delete_file", file_id)

    async def create(self, name: str, input_file_id: str, api: Api) -> RemoteBatch:
        """Return a new batch."""
        self._call("create", name, input_file_id, api)
        return RemoteBatch(f"batch of {input_file_id}", self.created)

    async def find(self, name: str, input_file_id: str) -> RemoteBatch | None:
        """Return `found`."""
        self._call("find", name, input_file_id)
        return self.found

    async def fetch(self, batch_id: str) -> RemoteBatch:
        """Return the next state."""
        self._call("fetch", batch_id)
        return self.states.pop(0) if len(self.states) > 1 else self.states[0]

    async def cancel(self, batch_id: str) -> RemoteBatch:
        """Return the next state."""
        self._call("cancel", batch_id)
        return self.states.pop(0) if len(self.states) > 1 else self.states[0]

    async def results(self, file_id: str, api: Api) -> AsyncGenerator[BatchResult | None, None]:
        """Yield the results in a file."""
        self._call("results", file_id)
        for result in self.files[file_id]:
            yield result
