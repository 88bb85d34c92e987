"""Runs a job in a confined process (tool_process.py), with limits on time and output."""

from __future__ import annotations

import asyncio
import json
from asyncio.subprocess import PIPE
from contextlib import suppress
from typing import Any, Final

from desktop_app import sandbox
from desktop_app.child_processes import child_command, start_child
from desktop_app.domain.error_note import ErrorNote
from desktop_app.domain.tools.tool import ToolError

MAX_RUN_S: Final = 110.0
"""Less than the time limit of `query_table`, so that its error names the reason."""
_PIECE_BYTES: Final = 1 << 16
MAX_ANSWER_BYTES: Final = 3 << 20  # in JSON, a character has up to 12 bytes


def missing_sandbox() -> ErrorNote | None:
    """Return the first reason why this computer cannot confine a process; None if it can."""
    return next(map(ErrorNote, sandbox.detect_mechanisms().missing), None)


async def run_job(job: dict[str, Any]) -> str:
    """Return the result of a job, as described in tool_process.py.

    Raises:
        ToolError: it failed, took too long, or used up its memory.
    """
    data = await asyncio.to_thread(lambda: json.dumps(job).encode())
    try:
        process = await start_child(
            child_command("tool"), stdin=PIPE, stdout=PIPE, stderr=asyncio.subprocess.DEVNULL
        )
    except OSError as error:
        raise ToolError("The confined process could not be started.") from error
    try:
        async with asyncio.timeout(MAX_RUN_S):
            answer = await _exchange(process, data)
            await process.wait()
    except TimeoutError as error:
        raise ToolError(f"It took longer than {MAX_RUN_S:.0f} s and was stopped.") from error
    finally:
        if process.returncode is None:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()
    return _parse_answer(answer)


async def _exchange(process: asyncio.subprocess.Process, job: bytes) -> bytes:
    assert process.stdin is not None
    assert process.stdout is not None
    with suppress(ConnectionError):
        # In pieces, because the transport copies all bytes that do not fit into the pipe.
        for offset in range(0, len(job), _PIECE_BYTES):
            process.stdin.write(job[offset : offset + _PIECE_BYTES])
            await process.stdin.drain()
        process.stdin.close()
    answer = b""
    while piece := await process.stdout.read(_PIECE_BYTES):
        answer += piece
        if len(answer) > MAX_ANSWER_BYTES:
            raise ToolError("The output is too long.")
    return answer


def _parse_answer(answer: bytes) -> str:
    """Return the result in an answer, which the untrusted code may have written itself."""
    try:
        reply = json.loads(answer)
    except (ValueError, RecursionError) as error:
        raise ToolError(
            "It ended without a result. It may have used too much memory or processor time."
        ) from error
    result = reply.get("result") if isinstance(reply, dict) else None
    if isinstance(result, str):
        return result
    problem = reply.get("error") if isinstance(reply, dict) else None
    raise ToolError(problem if isinstance(problem, str) else "It failed.")
