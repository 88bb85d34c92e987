"""A stub of the Batch API whose states are all set by the test.

No published test server expires batches, cancels slowly or sends damaged rows. This one speaks TCP
and HTTP/1.1 (`LoopbackServer`), after OpenAI's published description. It uploads, downloads and
lists files, and creates, lists, reads and cancels batches. `outcome` decides the results.
"""

from __future__ import annotations

import asyncio
import email.parser
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from email.policy import HTTP
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.unit.providers.loopback import LoopbackServer, Received, replies

USAGE = {"input_tokens": 1_000, "output_tokens": 100, "total_tokens": 1_100}


def answered(custom_id: str, text: str, **more: Any) -> dict[str, Any]:
    """Return a row of the results with an answer of the Responses API."""
    content = [{"type": "output_text", "text": text, "annotations": []}]
    message = {"type": "message", "id": "m", "role": "assistant", "content": content}
    body = {
        "id": f"resp_{custom_id}",
        "object": "response",
        "status": "completed",
        "model": "gpt-5.2",
        "output": [message],
        "usage": USAGE,
        **more,
    }
    response = {"status_code": 200, "request_id": "req_1", "body": body}
    return {"id": "batch_req_1", "custom_id": custom_id, "response": response, "error": None}


def refused(custom_id: str, status: int = 400, message: str = "No.") -> dict[str, Any]:
    """Return a row with an error status."""
    body = {"error": {"message": message, "type": "invalid_request_error", "code": None}}
    response = {"status_code": status, "request_id": "req_2", "body": body}
    return {"id": "batch_req_2", "custom_id": custom_id, "response": response, "error": None}


def not_executed(custom_id: str, code: str = "batch_expired") -> dict[str, Any]:
    """Return a row for a request that was not executed."""
    error = {"code": code, "message": "This request could not be executed."}
    return {"id": "batch_req_3", "custom_id": custom_id, "response": None, "error": error}


def lines(*rows: Any) -> bytes:
    """Return rows as a JSON Lines file. Bytes and strings are copied unchanged."""
    made = [
        row if isinstance(row, bytes) else row.encode() if isinstance(row, str)
        else json.dumps(row, ensure_ascii=False).encode()
        for row in rows
    ]  # fmt: skip
    return b"\n".join(made) + b"\n"


@dataclass
class Outcome:
    """The result of a batch: its status and its two files."""

    status: str = "completed"
    output: bytes = b""
    errors: bytes = b""
    messages: list[dict[str, Any]] = field(default_factory=list)


def all_answered(requests: list[dict[str, Any]]) -> Outcome:
    """Answer every request, in reverse order."""
    rows = [answered(r["custom_id"], f"Answer to {r['custom_id']}") for r in requests]
    return Outcome(output=lines(*reversed(rows)))


class BatchServer:
    """A provider with the Batch API.

    Attributes:
        polls, cancel_polls: how often a batch, or its cancellation, is polled before it ends.
        outcome: returns the results for the requests of an upload.
        faults: (method, start of the path, fault), each used once. The fault is "before" or "after"
            (close the connection before or after the request is executed), or an error status.
        seen: method and path of every request.
        deleted: ids of the deleted files.
    """

    def __init__(self, outcome: Callable[[list[dict[str, Any]]], Outcome] = all_answered) -> None:
        self.outcome = outcome
        self.polls = 0
        self.files: dict[str, tuple[str, bytes]] = {}
        self.batches: dict[str, dict[str, Any]] = {}
        self.faults: list[tuple[str, str, str | int]] = []
        self.seen: list[tuple[str, str]] = []
        self.deleted: list[str] = []
        self.cancel_polls = 0
        self.holding = asyncio.Event()
        self._holds: tuple[str, str, str] | None = None
        self._released = asyncio.Event()
        self.http = LoopbackServer(self._serve)

    @property
    def base_url(self) -> str:
        """The server's base URL."""
        return self.http.base_url

    def requests(self, batch: int = 0) -> list[dict[str, Any]]:
        """Return the requests of an upload, counted from the first upload."""
        uploads = [data for name, data in self.files.values() if name.startswith("repartee-")]
        return [json.loads(line) for line in uploads[batch].split(b"\n") if line]

    def count(self, method: str, path: str) -> int:
        """Return the number of such requests received."""
        return sum(m == method and p == path for m, p in self.seen)

    def hold(self, method: str, path: str, how: str) -> None:
        """Make the next such request wait for `close_held`.

        It waits before or after it is executed, as `how` says. `holding` is set when it waits.
        """
        self.holding.clear()
        self._released.clear()
        self._holds = (method, path, how)

    def close_held(self) -> None:
        """Close the held connection without a reply."""
        self._released.set()

    async def _held(self, method: str, path: str, how: str) -> bool:
        wanted = self._holds
        if wanted is None or (wanted[0], wanted[2]) != (method, how):
            return False
        if not path.startswith(wanted[1]):
            return False
        self._holds = None
        self.holding.set()
        await self._released.wait()
        return True

    async def _serve(self, request: Received, writer: asyncio.StreamWriter) -> None:
        path = urlsplit(request.path).path.removeprefix("/v1/")
        self.seen.append((request.method, path))
        fault = self._fault(request.method, path)
        if fault == "before":
            writer.close()
            return
        if isinstance(fault, int):
            said = {"error": {"message": "Not now.", "code": None}}
            await replies(fault, said)(request, writer)
            return
        if await self._held(request.method, path, "before"):
            writer.close()
            return
        status, body = self._answer(request, path)
        if fault == "after" or await self._held(request.method, path, "after"):
            writer.close()
            return
        await replies(status, body)(request, writer)

    def _fault(self, method: str, path: str) -> str | int | None:
        for number, (m, p, how) in enumerate(self.faults):
            if m == method and path.startswith(p):
                del self.faults[number]
                return how
        return None

    def _answer(self, request: Received, path: str) -> tuple[int, Any]:
        kind, *rest = path.split("/")
        what = (request.method, kind, len(rest))
        query = parse_qs(urlsplit(request.path).query)
        if what == ("POST", "files", 0):
            return 200, self._upload(request)
        if what == ("GET", "files", 0):
            rows = [{"id": i, "filename": name} for i, (name, _) in reversed(self.files.items())]
            return 200, _page(rows, query)
        if what == ("GET", "files", 2) and rest[0] in self.files:
            return 200, self.files[rest[0]][1]
        if what == ("DELETE", "files", 1) and rest[0] in self.files:
            self.deleted.append(rest[0])
            return 200, {"id": rest[0], "deleted": True}
        if what == ("POST", "batches", 0):
            return self._create(request.json)
        if what == ("GET", "batches", 0):
            return 200, _page([_shown(b) for b in reversed(self.batches.values())], query)
        batch = self.batches.get(rest[0]) if rest and kind == "batches" else None
        if batch is None:
            return 404, {"error": {"message": f"No such thing: {path}", "code": None}}
        if what == ("POST", "batches", 2):
            return self._cancel(batch)
        return 200, self._polled(batch)

    def _upload(self, request: Received) -> dict[str, Any]:
        head = f"content-type: {request.headers['content-type']}\r\n\r\n".encode()
        form = email.parser.BytesParser(policy=HTTP).parsebytes(head + request.body)
        parts = {part.get_param("name", header="content-disposition"): part for part in form.walk()}
        assert parts["purpose"].get_payload(decode=True) == b"batch"
        data = parts["file"].get_payload(decode=True)
        assert isinstance(data, bytes)
        return {"id": self._store_file(str(parts["file"].get_filename()), data)}

    def _store_file(self, name: str, data: bytes) -> str:
        file_id = f"file-{len(self.files)}"
        self.files[file_id] = (name, data)
        return file_id

    def _create(self, body: dict[str, Any]) -> tuple[int, Any]:
        if body["input_file_id"] not in self.files:
            return 400, {"error": {"message": "No such file.", "code": None}}
        batch_id = f"batch_{len(self.batches)}"
        counts = {"total": 0, "completed": 0, "failed": 0}
        fresh = {"id": batch_id, "object": "batch", "status": "validating", "polls": self.polls}
        self.batches[batch_id] = {**body, **fresh, "request_counts": counts}
        return 200, _shown(self.batches[batch_id])

    def _polled(self, batch: dict[str, Any]) -> dict[str, Any]:
        if batch["status"] == "cancelling":
            batch["polls"] -= 1
            if batch["polls"] < 0:
                self._end(batch, "cancelled")
        elif batch["status"] in ("validating", "in_progress"):
            batch["polls"] -= 1
            batch["status"] = "in_progress"
            if batch["polls"] < 0:
                self._end(batch, None)
        return _shown(batch)

    def _cancel(self, batch: dict[str, Any]) -> tuple[int, Any]:
        if batch["status"] not in ("validating", "in_progress"):
            return 409, {"error": {"message": "It has ended.", "code": None}}
        batch["status"], batch["polls"] = "cancelling", self.cancel_polls
        return 200, _shown(batch)

    def _end(self, batch: dict[str, Any], status: str | None) -> None:
        _, data = self.files[batch["input_file_id"]]
        requests = [json.loads(line) for line in data.split(b"\n") if line]
        outcome = self.outcome(requests)
        batch["status"] = status or outcome.status
        for key, content in (("output_file_id", outcome.output), ("error_file_id", outcome.errors)):
            batch[key] = self._store_file(key, content) if content else None
        batch["errors"] = {"object": "list", "data": outcome.messages}
        done = outcome.output.count(b"\n")
        total = len(requests)
        batch["request_counts"] = {"total": total, "completed": done, "failed": total - done}


def _shown(batch: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in batch.items() if key != "polls"}


def _page(rows: list[dict[str, Any]], query: dict[str, list[str]]) -> dict[str, Any]:
    """Return a page of a list. Pages have two rows, so that clients need several."""
    ids = [row["id"] for row in rows]
    after = query.get("after", [""])[0]
    start = ids.index(after) + 1 if after in ids else 0
    shown = rows[start : start + 2]
    return {"object": "list", "data": shown, "has_more": len(rows) > start + 2}
