"""The walks inside the real program: every surface again and again, and anything at random."""

from __future__ import annotations

import asyncio
import inspect
import logging
import random
import sqlite3
import time
import traceback
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QAccessible, QTextCursor
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractButton,
    QApplication,
    QMessageBox,
    QPlainTextEdit,
    QPushButton,
    QWidget,
)

from desktop_app.chat import titles
from desktop_app.composer.prompt_text import PromptText
from desktop_app.providers import local_servers
from desktop_app.widgets.accessible_roles import install_roles
from tests.gui.app.surfaces import (
    Seen,
    Surface,
    difference,
    focus_fault,
    leave,
    pressable,
    settled,
    showing_though_hidden,
    surfaces,
    visible_windows,
)
from tests.helpers.translated_texts import is_of_qt

if TYPE_CHECKING:
    from desktop_app.app.window_session import WindowSession
    from tests.gui.app.second_start import SecondStart

OPENINGS: Final = {False: 2, True: 3}  # with everything, a third time
LONGEST_S: Final = 5.0
SIZES: Final = ((1280, 800), (640, 480), (1000, 700))


def isolate() -> None:
    """Ask no model for titles, and find no servers of this machine."""

    async def find(_catalog: object) -> list[Any]:
        return []

    titles.MAX_COST = Decimal(0)
    local_servers.find_local_servers = find


class _Defects(logging.Handler):
    """What the program logs as defects: what it would show as "Something went wrong"."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.found: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        if record.exc_info and record.exc_info[1] is not None:
            self.found.append("".join(traceback.format_exception(record.exc_info[1]))[-1500:])


def run(program: SecondStart, options: dict[str, Any]) -> None:
    """Start a walk in the program that is ready, and end the program after it."""
    defects = _Defects()
    logging.getLogger("desktop_app").addHandler(defects)

    async def walk_and_end() -> None:
        try:
            walk = random_walk if "seed" in options else compare
            await walk(program, defects, **options)
        except Exception:  # noqa: BLE001 — the test says what it was
            program.faults.append(traceback.format_exc())
        finally:
            program.faults += defects.found
            assert program.session is not None
            program.session.shutdown.begin()

    program.walk_task = asyncio.get_running_loop().create_task(walk_and_end())


async def compare(
    program: SecondStart, defects: _Defects, sizes: list[tuple[int, int]], *, everything: bool
) -> None:
    """Open every surface twice at each size, and compare it with the first time.

    Args:
        everything: whether to open each three times, and to try each command and button, too, at
            the last size.
    """
    session = program.session
    assert session is not None
    QAccessible.setActive(True)
    install_roles(session.window)
    for size in sizes:
        await leave(session)
        session.window.resize(QSize(*size))
        base = await settled(session)
        tries = everything and size == sizes[-1]
        for surface in list(surfaces(session, everything=tries)):
            began = time.monotonic()
            faults = [
                fault async for fault in _faults_of(session, surface, base, OPENINGS[everything])
            ]
            faults += [defects.found.pop() for _ in defects.found[:]]
            program.faults += [f"{surface.name} at {size[0]} × {size[1]}: {f}" for f in faults]
            base = await leave(session)
            program.log(f"{surface.name} {time.monotonic() - began:.3f}")
        if shown := showing_though_hidden(session.window):
            program.faults.append(f"showing, though hidden: {sorted(set(shown))}")


async def _faults_of(
    session: WindowSession, surface: Surface, base: Seen, openings: int
) -> AsyncIterator[str]:
    first: Seen = ()
    for number in range(1, openings + 1):
        stored = await session.backend.database.read(_all_text)
        opened = surface.open()
        if inspect.isawaitable(opened):
            await opened
        now = await _shown(session, surface, base)
        if fault := surface.missing():
            yield f"opened {number} times, {fault}"
        if now == base and surface.must_open:
            yield f"opened {number} times, it shows nothing"
        if now != base and (fault := focus_fault()):
            yield f"opened {number} times, {fault}"
        left = await leave(session)
        if surface.must_open and left != base:
            yield f"left {number} times, something stays: {difference(base, left)}"
        if not surface.must_open and (
            now == base or left != base or await session.backend.database.read(_all_text) != stored
        ):
            return  # a command that changes something, or shows nothing
        if number > 1 and now != first:
            yield f"opened {number} times, it differs: {difference(first, now)}"
        first = first or now


async def _shown(session: WindowSession, surface: Surface, base: Seen) -> Seen:
    """Wait for a surface that must open, and return what is seen."""
    end = time.monotonic() + LONGEST_S
    now = await settled(session)
    while surface.must_open and time.monotonic() < end and (now == base or surface.missing()):
        await asyncio.sleep(0.05)
        now = await settled(session)
    return now


# ---------------------------------------------------------------- at random

QUIET: Final = ("app.quit", "view.larger", "view.smaller")
"""Commands that end the program, or make every later picture another."""
FORGET: Final = ("prompt.discard", "trash.empty", "conversation.close-temporary")
"""Commands that lose what was typed, as they say."""
KEYS: Final = (
    *(Qt.Key.Key_Tab, Qt.Key.Key_Backtab, Qt.Key.Key_Return, Qt.Key.Key_Escape, Qt.Key.Key_Space),
    *(Qt.Key.Key_Up, Qt.Key.Key_Down, Qt.Key.Key_Left, Qt.Key.Key_Right, Qt.Key.Key_Home),
    *(Qt.Key.Key_End, Qt.Key.Key_PageUp, Qt.Key.Key_PageDown, Qt.Key.Key_F2, Qt.Key.Key_F6),
)
SETTLED_EVERY: Final = 12


class RandomWalk:
    """Commands, keys and clicks from a seed, with rules that hold after each.

    Nothing that was typed into the prompt is lost; a widget with a name has the focus; nothing goes
    wrong; each page can be left and opened again; nothing is asked that the user did not ask.
    """

    def __init__(self, program: SecondStart, defects: _Defects, seed: int) -> None:
        self._program, self._defects = program, defects
        self._random = random.Random(seed)
        self._typed: list[str] = []  # words that must be somewhere
        self._number = self._answered = 0
        self._steps: list[str] = []
        self._last_undo: Callable[[], object] | None = None

    @property
    def _session(self) -> WindowSession:
        session = self._program.session
        assert session is not None
        return session

    async def run(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end and not self._session.shutdown.has_begun:
            self._number += 1
            step = self._random.choices(
                (self._command, self._click, self._press, self._write, self._answer, self._size),
                (6, 6, 6, 5, 2, 1),
            )[0]
            self._steps.append("")
            self._note(step.__name__)
            step()
            await asyncio.sleep(0.02)
            if self._number % SETTLED_EVERY == 0:
                await settled(self._session)
            await self._check()

    def _note(self, what: str) -> None:
        self._steps[-1] = f"{self._number} {what}"
        self._program.log(self._steps[-1])

    # ------------------------------------------------------------ steps

    def _command(self) -> None:
        if QApplication.activeModalWidget() is not None:
            return  # which keeps the keys and menus of the window
        actions = {id_: a for id_, a in self._session.actions.items() if id_ not in QUIET}
        id_ = self._random.choice(sorted(actions))
        self._note(id_)
        if id_ in FORGET:
            self._typed.clear()
        actions[id_].trigger()

    def _click(self) -> None:
        modal: QWidget | None = QApplication.activeModalWidget()
        windows = [modal] if modal is not None else visible_windows(self._session.window)
        buttons = [b for window in windows for b in pressable(window)]
        buttons = [b for b in buttons if b.isVisible() and not _is_destructive(b)]
        if QApplication.activePopupWidget() is None and buttons:
            button = self._random.choice(buttons)
            self._note(f"{type(button).__name__} {button.objectName()!r} {button.text()[:30]!r}")
            button.setFocus(Qt.FocusReason.MouseFocusReason)
            button.click()

    def _press(self) -> None:
        target = QApplication.activePopupWidget() or QApplication.focusWidget()
        key = self._random.choice(KEYS)
        self._note(f"{key.name} in {type(target).__name__} {target and target.objectName()!r}")
        if isinstance(target, PromptText) and target.textCursor().hasSelection():
            return  # Space would replace it
        if target is not None and not is_of_qt(target.window()) and not _is_destructive(target):
            QTest.keyClick(target, key)

    def _write(self) -> None:
        field = self._session.window.prompt.field
        modal: QWidget | None = QApplication.activeModalWidget()
        if QApplication.activePopupWidget() is None and modal is None and field.isVisible():
            word = f"word{self._number}"
            self._note(word)
            self._session.window.activateWindow()
            self._session.window.prompt.focus_text()
            if field.hasFocus():
                field.moveCursor(QTextCursor.MoveOperation.End)
                QTest.keyClicks(field, f" {word}")
                self._typed.append(word)

    def _answer(self) -> None:
        for turn in self._program.providers.turns:
            if not turn.closed:
                self._random.choice((turn.end, turn.say))("Because. ")

    def _size(self) -> None:
        self._session.window.resize(QSize(*self._random.choice(SIZES)))

    # ------------------------------------------------------------ rules

    async def _check(self) -> None:
        session = self._session
        if session.shutdown.has_begun or not session.window.isEnabled():
            return
        for defect in self._defects.found:
            self._fault(defect)
        self._defects.found.clear()
        if QApplication.activeWindow() is None:  # as no window manager does here
            session.window.activateWindow()
        if fault := focus_fault():
            await asyncio.sleep(0.1)
            if fault := focus_fault():
                self._fault(fault)
                session.window.activateWindow()
                session.window.pane.focus_content()
        if self._number % SETTLED_EVERY:
            return
        session.drafts.save_prompts()
        await settled(session)
        kept = await self._kept()
        can_undo = session.window.notifications.last_undo not in (None, self._last_undo)
        self._last_undo = session.window.notifications.last_undo
        for word in [word for word in self._typed if word not in kept]:
            if not can_undo:
                self._fault(f"{word} is lost")
            self._typed.remove(word)
        for turn in self._program.providers.turns[self._answered :]:
            self._answered += 1
            lines = turn.asked.strip().splitlines()
            if lines[:1] and lines[0].startswith("<conversation-"):
                continue  # to compact it
            if not lines or lines[-1].strip() not in kept:
                self._fault(f"asked without a question: {turn.asked[:200]!r}")
        if self._number % (5 * SETTLED_EVERY) == 0:
            await leave(session)
            pages = [s for s in surfaces(session) if s.name.startswith(("page", "settings"))]
            surface = self._random.choice(pages)
            self._note(surface.name)
            opened = surface.open()
            if inspect.isawaitable(opened):
                await opened
            await settled(session)
            if fault := surface.missing():
                self._fault(f"{surface.name}: {fault}")
            await leave(session)

    async def _kept(self) -> str:
        """Return everything that the program has stored or shows in its prompts."""
        session = self._session
        rows = await session.backend.database.read(_all_text)
        if session.temporary.memory is not None:
            rows += await session.temporary.memory.read(_all_text)
        fields = [each.toPlainText() for each in session.window.findChildren(QPlainTextEdit)]
        return "\n".join([*rows, *fields])

    def _fault(self, fault: str) -> None:
        steps = " | ".join(self._steps[-6:])
        self._program.faults.append(f"{fault}\n    after {steps}")


def _is_destructive(widget: QWidget) -> bool:
    """Return True for what deletes, ends, or asks the desktop to open something."""
    window = widget.window()
    if widget.property("deletes") or is_of_qt(window):
        return True
    if isinstance(widget, QAbstractButton) and widget.text().startswith(("Delete", "Discard")):
        return True
    return isinstance(window, QMessageBox) and not (
        isinstance(widget, QPushButton)
        and window.buttonRole(widget) is QMessageBox.ButtonRole.RejectRole
    )


def _all_text(connection: sqlite3.Connection) -> list[str]:
    names = [n for (n,) in connection.execute("SELECT name FROM sqlite_master WHERE type='table'")]
    found: list[str] = []
    for name in names:
        with suppress(sqlite3.Error):  # tables of the search index
            for row in connection.execute(f'SELECT * FROM "{name}"'):
                found += [str(value) for value in row if isinstance(value, str)]
    return found


async def random_walk(
    program: SecondStart, defects: _Defects, *, seed: int, seconds: float
) -> None:
    """Walk at random from a seed for some time."""
    assert program.session is not None
    QAccessible.setActive(True)
    install_roles(program.session.window)
    await RandomWalk(program, defects, seed).run(seconds)
