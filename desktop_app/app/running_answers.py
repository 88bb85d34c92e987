"""The answers on their way: one task each, owned by conversation.

What arrives is handed on at most once a frame, however fast a provider sends.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field, replace

from PySide6.QtCore import QObject, QTimer, Signal

from desktop_app.app.tasks import Tasks
from desktop_app.domain.conversation import Message
from desktop_app.domain.errors import StorageError
from desktop_app.domain.events import (
    Notice,
    ReasoningDelta,
    RefusalDelta,
    StreamEvent,
    TextDelta,
    Waiting,
)
from desktop_app.domain.reply import Reply
from desktop_app.services.chat import Answering

FRAME_MS = 16


@dataclass
class _Run:
    answering: Answering
    task: asyncio.Task[Message] | None = None
    reply: Reply = field(default_factory=Reply)
    text: list[str] = field(default_factory=list)
    reasoning: list[str] = field(default_factory=list)
    section: int = 0
    waiting: str | None = None
    deltas: int = 0
    first_delta: float = 0.0


class RunningAnswers(QObject):
    """Runs Answerings.

    Signals (each with the id of the conversation first):
        started(str): an answer has begun.
        text_arrived(str, str, str), reasoning_arrived(str, str, str): message id and more text.
        waiting(str, str, str): message id and why nothing arrives; "" once it does.
        rate_changed(str, float): deltas a second, about one token each.
        finished(str, Message): the final answer.
        store_changed(str, object): a StorageError while it cannot be kept, None once it can.
    """

    started = Signal(str)
    text_arrived = Signal(str, str, str)
    reasoning_arrived = Signal(str, str, str)
    waiting = Signal(str, str, str)
    rate_changed = Signal(str, float)
    finished = Signal(str, object)
    store_changed = Signal(str, object)

    def __init__(self, tasks: Tasks, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._tasks = tasks
        self._runs: dict[str, _Run] = {}
        self._frame = QTimer(self, singleShot=True, interval=FRAME_MS)
        self._frame.timeout.connect(self._hand_on)

    def start(self, answering: Answering) -> None:
        """Run an answer in a task of its own."""
        conversation_id = answering.conversation.id
        run = self._runs[conversation_id] = _Run(answering)
        run.task = self._tasks.start(self._run(conversation_id, run))
        self.started.emit(conversation_id)

    def stop(self, conversation_id: str) -> None:
        """Stop the answer of a conversation; its text is kept."""
        run = self._runs.get(conversation_id)
        if run is not None and run.task is not None:
            run.task.cancel()

    def is_running(self, conversation_id: str) -> bool:
        """Whether an answer is on its way in a conversation."""
        return conversation_id in self._runs

    @property
    def conversations(self) -> frozenset[str]:
        """Where answers are on their way."""
        return frozenset(self._runs)

    def answer_so_far(self, conversation_id: str) -> Message | None:
        """The running answer with all that has been handed on."""
        self._hand_on()
        run = self._runs.get(conversation_id)
        return None if run is None else replace(run.answering.answer, parts=run.reply.parts)

    async def stop_all(self) -> None:
        """Stop every answer and wait until its text is kept."""
        tasks = [run.task for run in self._runs.values() if run.task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _run(self, conversation_id: str, run: _Run) -> Message:
        def listen(event: StreamEvent, reply: Reply) -> None:
            self._take(run, event, reply)

        def on_store(error: StorageError | None) -> None:
            self.store_changed.emit(conversation_id, error)

        try:
            return await run.answering.run(listen, on_store)
        finally:
            self._hand_on()
            del self._runs[conversation_id]
            self.finished.emit(conversation_id, run.answering.answer)

    def _take(self, run: _Run, event: StreamEvent, reply: Reply) -> None:
        run.reply = reply
        match event:
            case TextDelta(text) | RefusalDelta(text):
                run.text.append(text)
                self._count(run)
            case ReasoningDelta(text, section):
                gap = "\n\n" if section != run.section and run.reasoning else ""
                run.section = section
                run.reasoning.append(gap + text)
            case Waiting(seconds, reason):
                trying = f" Trying again in {seconds:.0f} s." if seconds else ""
                run.waiting = reason + trying
            case Notice(text):
                run.waiting = text
            case _:
                return
        if not self._frame.isActive():
            self._frame.start()

    @staticmethod
    def _count(run: _Run) -> None:
        run.deltas += 1
        if run.deltas == 1:
            run.first_delta = time.monotonic()
            run.waiting = ""

    def _hand_on(self) -> None:
        for conversation_id, run in list(self._runs.items()):
            message_id = run.answering.answer.id
            if run.waiting is not None:
                self.waiting.emit(conversation_id, message_id, run.waiting)
                run.waiting = None
            if run.reasoning:
                reasoning, run.reasoning = "".join(run.reasoning), []
                self.reasoning_arrived.emit(conversation_id, message_id, reasoning)
            if run.text:
                text, run.text = "".join(run.text), []
                self.text_arrived.emit(conversation_id, message_id, text)
                seconds = time.monotonic() - run.first_delta
                if seconds > 0.5:
                    self.rate_changed.emit(conversation_id, run.deltas / seconds)
