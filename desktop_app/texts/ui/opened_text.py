"""A text that was opened in this run: its document, which is stored while it changes."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from typing import Final

from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtGui import QTextCursor

from desktop_app.app.session import Session
from desktop_app.chat.text_store import TextStore
from desktop_app.domain.conversations.written_text import WrittenText
from desktop_app.domain.errors import StorageError
from desktop_app.texts.passage_reply import Change, Plan, Problem, Refusal, plan_change
from desktop_app.texts.text_edits import PassageError, Replacement, find_once, nearest_passages
from desktop_app.texts.ui.tracked_document import TrackedDocument, stored_form

_SAVE_MS: Final = 300
"""From the first change that is not stored: a killed process loses 0.4 s of typing at most."""
_SLICE_S: Final = 0.008
"""Of a list of changes at once."""
_PAUSE_S: Final = 0.001
"""Between two slices: without it, timers of the window would wait for all."""
_ABSENT: Final = Refusal(Problem.ABSENT)


class OpenedText(QObject):
    """A text, shown or not, with its undo history.

    Signals:
        proposed(list): the model has proposed changes, beside those with these numbers.

    Attributes:
        value: as it was stored last.
        keeps_version: whether the next write keeps the former state as a version.
        is_unwritten: whether the last write failed.
        is_closed: whether another text has taken the place, or the conversation is gone.
    """

    proposed = Signal(list)

    def __init__(self, session: Session, store: TextStore, value: WrittenText) -> None:
        super().__init__(session.window)
        self._tasks = session.tasks
        self._store = store
        self._lock = asyncio.Lock()
        self._proposing = asyncio.Lock()
        self.is_closed = False
        self.keeps_version = False
        self.value = value
        self.is_unwritten = False
        self.document = TrackedDocument(value.body, value.marks)
        self._is_typed = False  # since the last write began
        self._timer = QTimer(self, singleShot=True, interval=_SAVE_MS)
        self._timer.timeout.connect(self.save)
        # Not contentsChanged, which highlighting emits, too: looking at a text would write it over
        # a change of another computer.
        self.document.contentsChange.connect(self._save_soon)

    @property
    def is_stored(self) -> bool:
        """Return True if nothing was typed that the store does not have."""
        return not (self._is_typed or self.is_unwritten or self._lock.locked())

    def _save_soon(self) -> None:
        self._is_typed = True
        if not self._timer.isActive():
            self._timer.start()

    def save(self) -> None:
        """Store the text now, if it has changed."""
        self._timer.stop()
        if self.is_unwritten or self._is_typed:
            self._tasks.start(self.store())

    async def store(self, *, file_hash: str | None = None) -> None:
        """Store the text, with another hash of its file if one is given."""
        if self.is_closed:
            return
        document = self.document
        raw, ranges = document.toRawText(), document.ranges()
        keeps_version, self.keeps_version = self.keeps_version, False
        self._is_typed = False
        async with self._lock:
            body, marks = await asyncio.to_thread(stored_form, raw, ranges)
            file_hash = self.value.file_hash if file_hash is None else file_hash
            self.value = replace(self.value, body=body, marks=marks, file_hash=file_hash)
            try:
                await self._store.put(self.value, keeps_version=keeps_version)
            except StorageError:
                self.is_unwritten = True
                self.keeps_version |= keeps_version
                raise
            self.is_unwritten = False

    async def propose(
        self, changes: Sequence[Change], within: QTextCursor | None = None
    ) -> list[Refusal | None]:
        """Propose the model's changes, as one step of undo.

        Args:
            within: selects what the model saw of the text; None for all of it.

        Returns:
            For each change, why it is not proposed; None if it is.
        """
        async with self._proposing:
            before = self.document.changes
            refusals = await self._propose(changes, within)
            # A change may be one of what another has made.
            late = [i for i, each in enumerate(refusals) if each == _ABSENT]
            if 0 < len(late) < len(changes):
                again = await self._propose([changes[i] for i in late], within)
                for i, refusal in zip(late, again, strict=True):
                    refusals[i] = refusal
                late = [i for i in late if refusals[i] == _ABSENT]
            if None in refusals:
                self.proposed.emit(before)
            old, text = [changes[i].old for i in late], self.document.accepted
            found = await asyncio.to_thread(nearest_passages, text, old) if old else []
            for i, nearest in zip(late, found, strict=True):
                refusals[i] = _ABSENT._replace(nearest=nearest)
            return refusals

    async def _propose(
        self, changes: Sequence[Change], within: QTextCursor | None
    ) -> list[Refusal | None]:
        document = self.document
        text = selected = document.accepted
        offset = 0
        if within is not None:
            offset, selected = document.accepted_offset(within), document.accepted_in(within)
        state = document.edit_count
        refusals: list[Refusal | None] = []
        plans: list[tuple[int, Plan]] = []
        for change in changes:
            # One at a time, so that Stop ends it.
            plan = await asyncio.to_thread(plan_change, selected, change)
            if isinstance(plan, Plan):
                plan = plan._replace(start=plan.start + offset)
            elif plan == _ABSENT and selected != text:
                plan = await asyncio.to_thread(plan_change, text, change)
            if isinstance(plan, Plan) and any(_overlap(plan, other) for _, other in plans):
                plan = _ABSENT
            if isinstance(plan, Plan):
                plans.append((len(refusals), plan))
            refusals.append(plan if isinstance(plan, Refusal) else None)
        plans.sort(key=lambda each: each[1].start)
        while plans:
            if document.edit_count != state or self.is_closed:  # the user has typed meanwhile
                plans, lost = _found_again("" if self.is_closed else document.accepted, plans)
                refusals = [_ABSENT if i in lost else each for i, each in enumerate(refusals)]
            self.keeps_version = self.keeps_version or not document.changes
            slice_end = time.monotonic() + _SLICE_S
            with closing(
                document.propose_all([(plan.start, plan.groups) for _, plan in plans])
            ) as steps:
                for _ in steps:
                    plans.pop()
                    state = document.edit_count
                    if time.monotonic() > slice_end:
                        await asyncio.sleep(_PAUSE_S)
                        slice_end = time.monotonic() + _SLICE_S
                    if document.edit_count != state or self.is_closed:
                        break
        return refusals

    def propose_at(self, offset: int, groups: list[list[Replacement]]) -> None:
        """Propose replacements behind an offset of the accepted text."""
        self.keeps_version = self.keeps_version or not self.document.changes
        self.document.propose(offset, groups)


def _found_again(
    text: str, plans: Sequence[tuple[int, Plan]]
) -> tuple[list[tuple[int, Plan]], set[int]]:
    """Return numbered plans in their places of a text that has changed, and those without one."""
    found, lost = [], set()
    for number, plan in plans:
        try:
            found.append((number, plan._replace(start=find_once(text, plan.passage)[0])))
        except PassageError:
            lost.add(number)
    return sorted(found, key=lambda each: each[1].start), lost


def _overlap(plan: Plan, other: Plan) -> bool:
    end, other_end = plan.start + len(plan.passage), other.start + len(other.passage)
    return plan.start < other_end and other.start < end
