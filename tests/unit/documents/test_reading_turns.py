"""Which files are read at once, and what the others wait for."""

from __future__ import annotations

import asyncio

from desktop_app.documents.worker.reading_turns import ReadingTurns


class Queue:
    """Files that are read until `end` is called."""

    def __init__(self) -> None:
        self.turns = ReadingTurns()
        self.running: list[str] = []
        self.waits: dict[str, str] = {}
        self.tasks: dict[str, asyncio.Task[None]] = {}

    async def add(self, *names: str) -> None:
        """Add files; the first letter is the conversation, a capital one of a large file."""
        for name in names:
            self.tasks[name] = asyncio.create_task(self._read(name))
            await asyncio.sleep(0)

    async def _read(self, name: str) -> None:
        def on_wait(blocker: str) -> None:
            self.waits[name] = blocker

        turn = self.turns.take(name, name[0].lower(), on_wait, is_small=name[0].islower())
        async with turn:
            self.running.append(name)
            try:
                await asyncio.Event().wait()
            finally:
                self.running.remove(name)

    async def end(self, name: str) -> None:
        self.tasks[name].cancel()
        await asyncio.wait([self.tasks.pop(name)])
        await asyncio.sleep(0)


async def test_small_files_and_other_conversations_pass_a_large_file() -> None:
    queue = Queue()
    await queue.add("A1", "A2", "a1", "a2", "B1", "b1", "C1", "c1")
    assert queue.running == ["A1", "a1", "B1", "b1"]
    assert queue.waits == {"A2": "A1", "a2": "a1", "C1": "A1", "c1": "a1"}
    await queue.end("C1")  # canceled while it waited
    await queue.end("a1")
    assert queue.running == ["A1", "B1", "b1", "a2"]
    assert (queue.waits["a2"], queue.waits["c1"]) == ("", "b1")
    await queue.end("B1")
    assert "A2" not in queue.running
    await queue.end("A1")
    assert queue.running == ["b1", "a2", "A2"]
    for name in [*queue.tasks]:
        await queue.end(name)
    await queue.add("A3", "a3")
    assert queue.running == ["A3", "a3"]
    for name in [*queue.tasks]:
        await queue.end(name)
