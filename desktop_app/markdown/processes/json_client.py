"""Asks a process of json_server.py, and waits for its answer."""

from __future__ import annotations

import json
from collections.abc import Mapping
from itertools import count
from typing import Any, Final

from desktop_app.child_client import ChildClient, ChildError
from desktop_app.child_processes import ChildCommand
from desktop_app.markdown.processes.json_server import MAX_ANSWER_BYTES, parse_answer

TIMEOUT_S: Final = 5.0
FIRST_TIMEOUT_S: Final = 20.0
IDLE_S: Final = 30.0


class JsonClient:
    """A child process that answers JSON requests with JSON objects, for any thread."""

    def __init__(self, command: ChildCommand) -> None:
        self.child = ChildClient(
            command,
            most_bytes=MAX_ANSWER_BYTES,
            timeout_s=TIMEOUT_S,
            first_timeout_s=FIRST_TIMEOUT_S,
            idle_s=IDLE_S,
        )
        self._numbers = count(1)

    def close(self) -> None:
        """End the process; the next request starts it again."""
        self.child.close()

    def ask(self, request: Mapping[str, Any]) -> dict[str, Any] | None:
        """Return the answer; None if the process cannot start, ends, hangs or answers wrongly."""
        number = next(self._numbers)
        try:
            reply = self.child.ask(json.dumps({"id": number, **request}).encode())
        except ChildError:
            return None
        answer = parse_answer(reply, number)
        if answer is None:
            self.child.close()
        return answer
