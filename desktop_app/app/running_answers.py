"""The streaming answers, with a task each; a conversation may have several, as versions.

Deltas are reported at most once a frame, however fast a provider sends.
"""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress

from msgspec import Struct, field
from PySide6.QtCore import QObject, Qt, QTimer, Signal
from PySide6.QtGui import QGuiApplication

from desktop_app.app.tasks import Tasks
from desktop_app.chat.answers.answer_run import AnswerRun
from desktop_app.chat.run_resumption import ResumedRun
from desktop_app.domain.answering.answer_status import AnswerStatus, Status, StatusCode, status_text
from desktop_app.domain.answering.reply import Reply
from desktop_app.domain.answering.shown_length import NOT_ALL_SHOWN, ShownTextLimiter
from desktop_app.domain.answering.stream_events import (
    FileArrived,
    HostedCall,
    ImageArrived,
    ImagePreview,
    MessageBegan,
    Notice,
    ReasoningDelta,
    ReasoningItem,
    RefusalDelta,
    RoundEnded,
    SourcesCited,
    SourcesFound,
    Started,
    StatusChanged,
    StreamEvent,
    TextDelta,
    TextWasReasoning,
    ToolCallStep,
)
from desktop_app.domain.conversations.conversation import Conversation, Message
from desktop_app.domain.conversations.notices import NoticeText, is_detail
from desktop_app.domain.errors import StorageError
from desktop_app.markdown.structured_answer import form_fence

FRAME_MS = 30
"""Milliseconds between two reports of an answer, which the transcript shows at once.

Less than the frame in which a stream is read (`http_reply.FRAME_S`), so that text that comes in its
frames is reported at once. Faster streams are read more often. Twice as many reports take twice the
work, and look the same.
"""
MOTION_MS = 500  # two moves a second are seen, and cost nothing
COUNTDOWN_MS = 100
STORE_RETRY_S = 1.0  # the user may free space on a full disk meanwhile
# The time before a rate is shown. A rate over a shorter time would be far too high, because the
# first deltas arrive at almost the same time.
_MIN_RATE_PERIOD_S = 0.5


class _Progress(Struct):
    """The run of an answer, and its unreported progress."""

    run: AnswerRun
    task: asyncio.Future[Message] | None = None
    is_stopping: bool = False
    has_begun: bool = False
    shown_text: ShownTextLimiter = field(default_factory=ShownTextLimiter)
    shown_reasoning: ShownTextLimiter = field(default_factory=ShownTextLimiter)
    text: list[str] = []
    reasoning: list[str] = []
    # The section of the last reasoning; None before any. -1, which no section has, once its item
    # has ended: the next reasoning begins a new section, whatever its number.
    section: int | None = None
    first_status: str = ""  # shown again once a retry is accepted
    retry_at: float | None = None  # while the line below the answer counts down to a retry
    retry_status: Status | None = None
    status: NoticeText = ""  # the line below the answer
    is_loading: bool = False  # while a model on this computer is loaded
    unreported_status: NoticeText | None = None  # `status`, until it is reported
    store_error: StorageError | None = None
    preview: bytes = b""  # the newest partial image, until it is reported
    has_step: bool = False  # a step (see `amended`) is not yet reported
    prefix: str = ""  # put before the next text: the fence of a form, or a gap between two messages
    reported_at: float = 0.0  # when something was reported last
    deltas: int = 0
    first_delta_at: float = 0.0

    def set_status(self, status: NoticeText) -> None:
        """Set the line below the answer, to be reported in the next frame."""
        self.status = self.unreported_status = status

    @property
    def has_unreported(self) -> bool:
        return bool(
            self.text
            or self.reasoning
            or self.unreported_status is not None
            or self.preview
            or self.has_step
        )

    def record(self, event: StreamEvent) -> bool:
        """Record an event, to be reported in the next frame. Return False if it changes nothing."""
        match event:
            case TextDelta(text) | RefusalDelta(text):
                self.text.append(self.shown_text.shown_part(self.prefix + text))
                self.prefix = ""
                if not self.deltas:  # it ends the status
                    self.first_delta_at = time.monotonic()
                    self.set_status("")
                self.deltas += event.deltas if isinstance(event, TextDelta) else 1
                self._show_cut_note(self.shown_text)
            case MessageBegan():
                if self.deltas:
                    self.prefix = "\n\n"
                return False
            case ReasoningDelta(text, section):
                is_first = self.section is None
                gap = "" if is_first or section == self.section else "\n\n"
                self.section = section
                self.reasoning.append(self.shown_reasoning.shown_part(gap + text))
                if self.status:  # the reason for the wait
                    self.retry_at = None
                    self.set_status("")
                self._show_cut_note(self.shown_reasoning)
            case ReasoningItem():  # the next item counts its own sections
                self.section = None if self.section is None else -1
                return False
            case StatusChanged(seconds, status):
                self.is_loading = isinstance(status, AnswerStatus) and (
                    status.code is StatusCode.LOADING
                )
                self.retry_at = time.monotonic() + seconds if seconds else None
                self.retry_status = status if seconds else self.retry_status
                sentence = status_text(status, seconds)
                self.first_status = self.first_status or sentence
                self.set_status(sentence)
            case Started() if self.retry_status is not None:
                # The retry was accepted, so the reason for the wait is over.
                self.retry_at = self.retry_status = None
                self.set_status(self.first_status)
            case Notice(text) if not is_detail(text):
                self.set_status(text)
            case ImagePreview(image):
                self.preview = image
            case (
                TextWasReasoning()
                | ToolCallStep()
                | HostedCall()
                | ImageArrived()
                | SourcesFound()
                | SourcesCited()
                | FileArrived()
                | RoundEnded()
            ):
                self.has_step = True
                if isinstance(event, RoundEnded) and self.deltas:
                    self.prefix = "\n\n"
            case _:
                return False
        return True

    def _show_cut_note(self, limiter: ShownTextLimiter) -> None:
        if limiter.is_cut and self.status != NOT_ALL_SHOWN:
            self.set_status(NOT_ALL_SHOWN)


class RunningAnswers(QObject):
    """The running answers and their progress.

    Attributes:
        beginning_ids: the conversations whose turn is being written.

    Signals, each with the conversation's id first:
        started(str): an answer has begun.
        text_arrived(str, str, str), reasoning_arrived(str, str, str): message id and more text.
        status_changed(str, str, str): message id and the line below the answer: why nothing
            arrives, or a notice; "" for none.
        preview_arrived(str, str, bytes): message id and the newest partial image.
        finished(str, Message): the final answer, or an answer that is still STREAMING because it
            continues at its provider after the program's end.
        amended(str, Message): an answer so far, after a step of its tool calls or a new image; or
            one that changed after it ended, for example its usage.
        store_error_changed(str, object): a StorageError while an answer is not stored, then None.
    """

    started = Signal(str)
    text_arrived = Signal(str, str, str)
    reasoning_arrived = Signal(str, str, str)
    status_changed = Signal(str, str, str)
    preview_arrived = Signal(str, str, object)
    finished = Signal(str, object)
    amended = Signal(str, object)
    store_error_changed = Signal(str, object)

    def __init__(self, tasks: Tasks, parent: QObject) -> None:
        super().__init__(parent)
        self._tasks = tasks
        self._is_ending = False
        self.beginning_ids: set[str] = set()
        self._unstored: dict[str, AnswerRun] = {}
        self._runs: dict[str, _Progress] = {}
        self._frame = QTimer(self, singleShot=True, timerType=Qt.TimerType.PreciseTimer)
        self._frame.timeout.connect(self._report_next)
        self._countdown = QTimer(self, interval=COUNTDOWN_MS)
        self._countdown.timeout.connect(self._count_down)
        self._motion = QTimer(self, interval=MOTION_MS)
        self._motion.timeout.connect(self._move)
        self._dots = 0

    def start(self, run: AnswerRun) -> None:
        """Run an answer and its other candidates, with a task for each."""
        for candidate in (run, *run.siblings):
            if self._is_ending:  # `stop_all` ran while the question was being stored
                candidate.leave_running()
            progress = self._runs[candidate.answer.id] = _Progress(
                candidate, prefix=form_fence(candidate.answer)
            )
            progress.task = self._tasks.start(self._run(candidate.conversation.id, progress))
        self.started.emit(run.conversation.id)

    def stop(self, conversation_id: str) -> None:
        """Stop all answers of a conversation and keep their text."""
        for progress in self._runs_of(conversation_id):
            self._cancel(progress)

    def stop_answer(self, answer_id: str) -> None:
        """Stop one answer and keep its text."""
        if answer_id in self._runs:
            self._cancel(self._runs[answer_id])

    def rate(self, answer_id: str) -> float | None:
        """Return the deltas a second of a running answer, about one token each; None if unknown."""
        progress = self._runs.get(answer_id)
        if progress is None or not progress.deltas:
            return None
        seconds = time.monotonic() - progress.first_delta_at
        return progress.deltas / seconds if seconds > _MIN_RATE_PERIOD_S else None

    def _runs_of(self, conversation_id: str) -> list[_Progress]:
        runs = self._runs.values()
        return [progress for progress in runs if progress.run.conversation.id == conversation_id]

    def _cancel(self, progress: _Progress) -> None:
        """Cancel a run once, after its first step.

        A second cancellation would keep it from storing what arrived; a task that is canceled
        before its first step never runs and stores nothing.
        """
        if not progress.is_stopping:
            progress.is_stopping = True
            self._cancel_task(progress)

    def _cancel_task(self, progress: _Progress) -> None:
        if not progress.has_begun:
            asyncio.get_running_loop().call_soon(self._cancel_task, progress)
        elif progress.task is not None:
            progress.task.cancel()

    def is_running(self, conversation_id: str) -> bool:
        return bool(self._runs_of(conversation_id))

    def is_stopping(self, conversation_id: str) -> bool:
        """Return True if all running answers of a conversation are being stopped."""
        return all(progress.is_stopping for progress in self._runs_of(conversation_id))

    @property
    def conversations(self) -> frozenset[str]:
        """Return the ids of the conversations in which answers stream."""
        return frozenset(progress.run.conversation.id for progress in self._runs.values())

    @property
    def states(self) -> list[tuple[Conversation, Message, str]]:
        """Return each running answer so far, its conversation, and the line below it."""
        runs = [each.run for each in self._runs.values()]
        lines = [str(each.status) for each in self._runs.values()]
        return [
            (run.conversation, run.answer_so_far, line)
            for run, line in zip(runs, lines, strict=True)
        ]

    @property
    def has_unstored(self) -> bool:
        """Return True if text of an answer could not be stored."""
        runs = self._runs.values()
        return bool(self._unstored) or any(progress.store_error for progress in runs)

    def newest_state(self, answer: Message) -> Message:
        """Report all progress; return the answer as it is now."""
        self._report_all()
        if answer.id in self._unstored:
            return self._unstored[answer.id].answer
        progress = self._runs.get(answer.id)
        return answer if progress is None else progress.run.answer_so_far

    def repeat_status(self, conversation_id: str) -> None:
        """Report again the lines below the answers of a conversation that was just opened."""
        for progress in self._runs_of(conversation_id):
            if progress.status:
                self.status_changed.emit(
                    conversation_id, progress.run.answer.id, str(progress.status)
                )

    def retry_with_key(self, provider_id: str) -> None:
        """Continue runs that wait for this provider's key, which has just been stored."""
        for progress in self._runs.values():
            if isinstance(progress.run, ResumedRun):
                progress.run.retry_with_key(provider_id)

    async def stop_all(self) -> None:
        """Stop every answer, and wait until each has tried to store its text.

        Background runs continue at their provider, and are resumed at the next start.
        """
        self._is_ending = True
        runs = list(self._runs.values())
        for progress in runs:
            progress.run.leave_running()
            self._cancel(progress)
        tasks = [progress.task for progress in runs if progress.task is not None]
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _run(self, conversation_id: str, progress: _Progress) -> Message:
        def on_event(event: StreamEvent, _reply: Reply) -> None:
            is_new = progress.record(event)
            if progress.retry_at is not None and not self._countdown.isActive():
                self._countdown.start()
            is_moving = not progress.is_loading or self._motion.isActive()
            # A cursor that does not blink is the sign of reduced motion (`ThemeWatcher`).
            if not is_moving and QGuiApplication.styleHints().cursorFlashTime() > 0:
                self._motion.start()
            if is_new and not self._frame.isActive():
                since_s = time.monotonic() - progress.reported_at
                self._frame.start(max(0, FRAME_MS - int(since_s * 1000)))  # the first at once

        def on_store_error(error: StorageError | None) -> None:
            # An error is reported once, however often the write is retried.
            if (error is None) != (progress.store_error is None):
                progress.store_error = error
                self.store_error_changed.emit(conversation_id, error)

        async def cancel_remote() -> None:
            """Cancel a background run at its provider, and report its changed answer."""
            if await progress.run.cancel_remote():
                self.amended.emit(conversation_id, progress.run.answer)

        progress.has_begun = True
        try:
            return await progress.run.run(on_event, on_store_error)
        finally:
            self._report_all()
            del self._runs[progress.run.answer.id]
            if progress.store_error is not None:  # stopped while the disk was full
                self._unstored[progress.run.answer.id] = progress.run
                self._tasks.start(self._store_until_done(progress.run))
            self.finished.emit(conversation_id, progress.run.answer)
            if progress.is_stopping:
                self._tasks.start(cancel_remote())

    async def _store_until_done(self, run: AnswerRun) -> None:
        """Store an answer that has ended, and retry until that works."""
        answer = run.answer
        while True:
            await asyncio.sleep(STORE_RETRY_S)
            with suppress(StorageError):
                await run.store_end()
                break
        del self._unstored[answer.id]
        self.store_error_changed.emit(answer.conversation_id, None)
        if run.answer != answer:
            self.amended.emit(answer.conversation_id, run.answer)

    def _count_down(self) -> None:
        """Show the remaining seconds of each wait for a retry when they change."""
        waiting = [progress for progress in self._runs.values() if progress.retry_at is not None]
        if not waiting:
            self._countdown.stop()
        for progress in waiting:
            remaining_s = max((progress.retry_at or 0.0) - time.monotonic(), 0.0)
            sentence = status_text(progress.retry_status, remaining_s)
            if not remaining_s:
                progress.retry_at = None
            if sentence != progress.status:
                progress.status = sentence
                run = progress.run
                self.status_changed.emit(run.conversation.id, run.answer.id, sentence)

    def _move(self) -> None:
        """Move the dots of each model that is being loaded; stop once none is."""
        loading = [progress for progress in self._runs.values() if progress.is_loading]
        if not loading:
            self._motion.stop()
        self._dots = (self._dots + 1) % 4
        for progress in loading:
            run = progress.run
            sentence = str(progress.status).rstrip("…") + "." * self._dots
            self.status_changed.emit(run.conversation.id, run.answer.id, sentence)

    def _report_next(self) -> None:
        """Report one answer at a time: several side by side could take longer than a frame."""
        unreported = [progress for progress in self._runs.values() if progress.has_unreported]
        if unreported:
            self._report(min(unreported, key=lambda progress: progress.reported_at))
        if len(unreported) > 1:
            self._frame.start(FRAME_MS // len(unreported))

    def _report_all(self) -> None:
        for progress in list(self._runs.values()):
            self._report(progress)

    def _report(self, progress: _Progress) -> None:
        message_id = progress.run.answer.id
        conversation_id = progress.run.conversation.id
        progress.reported_at = time.monotonic()
        if progress.unreported_status is not None:
            self.status_changed.emit(conversation_id, message_id, str(progress.unreported_status))
            progress.unreported_status = None
        if progress.reasoning:
            reasoning = "".join(progress.reasoning)
            progress.reasoning = []
            if reasoning:  # "" beyond the length that is shown
                self.reasoning_arrived.emit(conversation_id, message_id, reasoning)
        if progress.text:
            text = "".join(progress.text)
            progress.text = []
            if text:
                self.text_arrived.emit(conversation_id, message_id, text)
        if progress.preview:
            self.preview_arrived.emit(conversation_id, message_id, progress.preview)
            progress.preview = b""
        if progress.has_step:
            progress.has_step = False
            self.amended.emit(conversation_id, progress.run.answer_so_far)
