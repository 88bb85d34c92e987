"""The main module of the process of one server.

It exchanges lines of JSON with its parent. The first line is the launch message
(`tools/servers/tool_server.py`): it says how to reach or start the server. It contains secrets,
which must not be in the process's arguments or environment. Each further line is an order: a
request or "cancel".

    {"id", "method": "tools" | "resources" | "prompts"}  → {"id", "result": […]}
    {"id", "method": "call", "name", "arguments"}        → {"id", "result": {…}}
    {"id", "method": "read", "uri"}                      → {"id", "result": {…}}
    {"id", "method": "prompt", "name", …}                → {"id", "result": {…}}
    {"method": "cancel", "id"}
    {"method": "answer", "id", "answer"}, to a question

The answer to a request that failed is {"id", "error", "may_repeat", "has_closed"}; a call may be
repeated if the server has forgotten the session, and so has not run the call. Events are {"event":
"ready" | "failed" | "log" | "progress" | "changed" | "sign_in" | "tokens" | "question" |
"withdrawn", …}. A question of the server to the user has an id for its answer, or 0 if it cannot be
answered. When standard input is closed or the server ends, the process kills its descendants and
ends.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import signal
import sys
import threading
from contextlib import suppress
from typing import Final

from desktop_app import sandbox, system
from desktop_app.tools.host.line_output import LineOutput
from desktop_app.tools.servers.process_tree import adopt_orphans, die_with_parent, kill_descendants

MEMORY_BYTES: Final = 1 << 30
"""The limit on this process's data. A server that sends too much ends the process."""
MAX_ORDER_BYTES: Final = 16 << 20
"""The limit on a line of the parent. A call has a million characters, of up to 12 bytes in JSON."""
CLOSING_S: Final = 2.5
"""Less than the parent's CLOSE_S, after which the parent kills this process and its descendants."""


def main() -> int:
    """Keep the connection to one server until it or standard input ends."""
    output = LineOutput.take_standard_output()
    sandbox.deny_inspection()
    adopt_orphans()
    # A parent that is killed cannot end the server, which may not read its standard input.
    signal.signal(signal.SIGTERM, _end_at_once)
    die_with_parent(signal.SIGTERM)
    _limit_memory()
    # Ctrl+C in a terminal is meant for the parent, which ends this process by closing its standard
    # input.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    asyncio.run(_main(output))
    kill_descendants(os.getpid())
    return 0


def _end_at_once(*_: object) -> None:
    kill_descendants(os.getpid())
    os._exit(1)


def _limit_memory() -> None:
    if sys.platform == "win32":
        system.enter_job(MEMORY_BYTES)  # which also ends what the server has started
        return
    import resource

    hard_limit = resource.getrlimit(resource.RLIMIT_DATA)[1]
    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY_BYTES, hard_limit))


async def _main(output: LineOutput) -> None:
    orders = asyncio.StreamReader(limit=MAX_ORDER_BYTES)
    loop = asyncio.get_running_loop()
    if sys.platform == "win32":  # whose event loop cannot watch an inherited pipe
        threading.Thread(target=_feed, args=(orders, loop), daemon=True).start()
    else:
        await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(orders), sys.stdin)
    first_line = await orders.readline()
    if not first_line:
        return
    # This loads the SDK, which takes a second. Without a first line, no server is wanted any more.
    from desktop_app.tools.host.hosted_server import HostedServer

    logging.basicConfig(level=logging.WARNING, handlers=[_LogLines(output)])

    def end_soon() -> None:
        timer = threading.Timer(CLOSING_S, _end_at_once)  # whatever keeps this process from ending
        timer.daemon = True
        timer.start()

    await HostedServer(json.loads(first_line), orders, output, end_soon).run()


def _feed(orders: asyncio.StreamReader, loop: asyncio.AbstractEventLoop) -> None:
    with suppress(RuntimeError):  # the loop has ended
        while piece := os.read(0, 1 << 16):
            loop.call_soon_threadsafe(orders.feed_data, piece)
        loop.call_soon_threadsafe(orders.feed_eof)


class _LogLines(logging.Handler):
    """A handler that adds the SDK's warnings to the server's log, without tracebacks."""

    def __init__(self, output: LineOutput) -> None:
        super().__init__()
        self._output = output

    def emit(self, record: logging.LogRecord) -> None:
        self._output.log(record.levelname.lower(), record.getMessage())
