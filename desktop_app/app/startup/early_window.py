"""The window until its session is there: the contract of a start in two steps.

- What it shows is what its session will show (`early_content`).
- What is typed is in the prompt at once, and 0.1 s later in a file. It is there after a crash, a
  signal or the end of the desktop session: the next window begins with it.
- Other keys, clicks and presses of assistive technology wait for the session, in their order. Drags
  are refused, as their data ends with the drop.
- The session is loaded at the first use, at the call of a later start, or after some idle time.

Then `EarlyWindow.hand_over` does what has waited, and `EarlyText.drop` removes what a draft has.
"""

from __future__ import annotations

import signal
import socket
import sys
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import partial
from importlib import import_module
from pathlib import Path
from threading import RLock, Thread
from typing import Final

from PySide6.QtCore import (
    QCoreApplication,
    QEvent,
    QEventLoop,
    QObject,
    QSocketNotifier,
    Qt,
    QTimer,
    Signal,
)
from PySide6.QtGui import QAction, QGuiApplication, QKeyEvent, QKeySequence, QWindow
from PySide6.QtWidgets import QAbstractButton, QWidget
from shiboken6 import isValid

from desktop_app.composer.prompt_editor import PromptEditor
from desktop_app.storage.private_files import create_private
from desktop_app.system import END_SIGNALS
from desktop_app.widgets.windows import is_session_ending

IDLE_MS: Final = 3_000
SAVE_MS: Final = 100
_PAUSE_MS: Final = 300  # longer than between the keys of a word
USES: Final = frozenset(
    (
        QEvent.Type.KeyPress,
        QEvent.Type.MouseMove,
        QEvent.Type.MouseButtonPress,
        QEvent.Type.Wheel,
        QEvent.Type.TouchBegin,
        QEvent.Type.DragEnter,
    )
)
_WAITING: Final = frozenset(
    (
        QEvent.Type.KeyPress,
        QEvent.Type.MouseButtonPress,
        QEvent.Type.MouseButtonRelease,
        QEvent.Type.MouseButtonDblClick,
        QEvent.Type.ContextMenu,
        QEvent.Type.Close,
    )
)
_REFUSED: Final = frozenset((QEvent.Type.DragEnter, QEvent.Type.DragMove, QEvent.Type.Drop))
_USES: Final = (
    _WAITING | _REFUSED | {QEvent.Type.MouseMove, QEvent.Type.Wheel, QEvent.Type.TouchBegin}
)
_COMMAND_MODIFIERS: Final = (
    Qt.KeyboardModifier.ControlModifier
    | Qt.KeyboardModifier.AltModifier
    | Qt.KeyboardModifier.MetaModifier
)
_EDITING_KEYS: Final = frozenset(
    (
        Qt.Key.Key_Backspace,
        Qt.Key.Key_Delete,
        Qt.Key.Key_Left,
        Qt.Key.Key_Right,
        Qt.Key.Key_Home,
        Qt.Key.Key_End,
    )
)
_MODIFIER_KEYS: Final = frozenset(
    (Qt.Key.Key_Shift, Qt.Key.Key_Control, Qt.Key.Key_Alt, Qt.Key.Key_AltGr, Qt.Key.Key_Meta)
)


class EarlyWindow(QObject):
    """A window whose session is still to be loaded; see the module.

    Args:
        former: of a window that this one replaces; its keys and clicks wait here.

    Signals:
        began(): at each use.
    """

    began = Signal()

    def __init__(self, window: QWidget, former: EarlyWindow | None = None) -> None:
        super().__init__(window)
        self._window = window
        self._handle: QWindow | None = window.windowHandle()  # None for a hidden window
        # Events, and buttons with their state before the press.
        self._waiting: list[QEvent | tuple[QAbstractButton, bool]] = []
        if former is not None:
            self._waiting += [each for each in former._waiting if isinstance(each, QEvent)]
        if self._handle is not None:
            self._handle.installEventFilter(self)

    def watch_buttons(self) -> None:
        """Have presses of assistive technology wait, too, which come without an event."""
        for button in self._window.findChildren(QAbstractButton):
            button.pressed.connect(partial(self._keep_press, button))

    def load(self, modules: Iterable[str], calls: Path | None) -> None:
        """Import modules between events; return when all are there.

        Args:
            calls: the socket of later starts. The first call, the first use or some idle time
                begins the imports; None begins them at once.
        """
        waiting = QEventLoop()
        names = iter(modules)

        def import_next() -> None:
            if name := next(names, ""):
                import_module(name)
            else:
                timer.stop()
                waiting.quit()

        timer = QTimer(interval=0)
        timer.timeout.connect(import_next)
        self.began.connect(timer.start)
        QTimer.singleShot(IDLE_MS if calls else 0, timer, timer.start)
        listener = _listen(calls) if calls else None
        if listener is not None:
            notifier = QSocketNotifier(listener.fileno(), QSocketNotifier.Type.Read, self)

            def on_call() -> None:
                notifier.setEnabled(False)  # the caller tries again until the session replies
                timer.start()

            notifier.activated.connect(on_call)
        waiting.exec()
        self.began.disconnect(timer.start)
        if listener is not None:
            notifier.setEnabled(False)
            listener.close()

    def eventFilter(self, _watched: QObject, event: QEvent) -> bool:
        if event.type() not in _USES or (event.type() == QEvent.Type.Close and is_session_ending()):
            return False
        self.began.emit()
        if event.type() in _REFUSED:
            event.ignore()
            return True
        if event.type() not in _WAITING or self._passes(event):
            return False
        self._waiting.append(event.clone())
        event.setAccepted(event.type() != QEvent.Type.Close)
        return True

    def _keep_press(self, button: QAbstractButton) -> None:
        if self._handle is not None:
            self._waiting.append((button, button.isChecked()))
            button.blockSignals(True)  # no `clicked` follows
            self.began.emit()

    def _passes(self, event: QEvent) -> bool:
        """Return True for a key that writes or changes text, if nothing before it waits."""
        if not isinstance(event, QKeyEvent):
            return False
        if event.key() in _MODIFIER_KEYS:
            return True
        is_text = bool(event.text()) and event.text().isprintable()
        is_command = bool(event.modifiers() & _COMMAND_MODIFIERS)
        return not (self._waiting or is_command) and (is_text or event.key() in _EDITING_KEYS)

    def hand_over(self, actions: Iterable[QAction]) -> None:
        """Do now what has waited; keys run the action that has them as its shortcut."""
        handle, self._handle = self._handle, None
        if handle is None:
            return
        handle.removeEventFilter(self)
        keys: list[QKeyEvent] = []
        waiting, self._waiting = self._waiting, []
        for event in waiting:
            if isinstance(event, tuple):
                _press(*event)
            elif isinstance(event, QKeyEvent):
                keys.append(event)
                if not _is_run(keys, actions):
                    for key in keys:
                        QCoreApplication.sendEvent(handle, key)
                    keys.clear()
            elif event.type() == QEvent.Type.Close:
                self._window.close()
            else:
                QCoreApplication.sendEvent(handle, event)


class EarlyText(QObject):
    """The text of a prompt in a file, until a session has stored it as a draft.

    A signal that ends the process, and a desktop session that ends, write it first.
    """

    def __init__(self, prompt: PromptEditor, path: Path) -> None:
        super().__init__(prompt)
        self._prompt = prompt
        self._path = path
        self._written = ""
        self._is_dropped = False
        self._writing = RLock()  # a signal may arrive while it is held
        with suppress(OSError, ValueError):  # there is no file, or it is no text
            self._written = path.read_text("utf-8", "surrogatepass")
        if self._written:
            prompt.set_text(self._written)
        self._timer = QTimer(self, singleShot=True, interval=SAVE_MS)
        self._timer.timeout.connect(self._save)
        prompt.field.textChanged.connect(self._save_soon)
        application = QGuiApplication.instance()
        if isinstance(application, QGuiApplication):
            application.commitDataRequest.connect(self.flush, Qt.ConnectionType.DirectConnection)
        self._ends = _EndSignals(self, self.flush)

    def flush(self, *_: object) -> None:
        """Write the text now."""
        self._timer.stop()
        self._write(self._prompt.text())

    def drop(self) -> None:
        """Remove the file, if that was not done: a draft has the text."""
        if self._is_dropped:
            return
        self._timer.stop()
        self._prompt.field.textChanged.disconnect(self._save_soon)
        self._ends.release()
        with self._writing:
            self._is_dropped = True
            with suppress(OSError):
                self._path.unlink(missing_ok=True)

    def _save_soon(self) -> None:
        if not self._timer.isActive():
            self._timer.start()

    def _save(self) -> None:
        Thread(target=self._write, args=(self._prompt.text(),)).start()

    def _write(self, text: str) -> None:
        with self._writing, suppress(OSError):  # the session reports a full disk
            if self._is_dropped or text == self._written:
                return
            new = self._path.with_name(f"{self._path.name}.new")
            create_private(new)
            new.write_text(text, "utf-8", "surrogatepass")
            new.replace(self._path)
            self._written = text


class _EndSignals(QObject):
    """Calls a function before a signal ends the process as it would have done.

    Until `release`, or until an event loop of asyncio has handlers of its own.
    """

    def __init__(self, parent: QObject, call: Callable[[], object]) -> None:
        super().__init__(parent)
        self._call = call
        numbers = (signal.SIGINT, *END_SIGNALS)
        former = {number: signal.getsignal(number) for number in numbers}
        own = (signal.SIG_DFL, signal.default_int_handler)  # nohup ignores SIGHUP
        self._former = {number: each for number, each in former.items() if each in own}
        for number in self._former:
            signal.signal(number, self._end)
        # Python calls a handler when it runs next, which the notifier has it do.
        self._reader, self._writer = socket.socketpair()
        self._reader.setblocking(False)
        self._writer.setblocking(False)
        signal.set_wakeup_fd(self._writer.fileno(), warn_on_full_buffer=False)
        read = QSocketNotifier.Type.Read
        self._notifier = QSocketNotifier(self._reader.fileno(), read, self)
        self._notifier.activated.connect(lambda: self._reader.recv(64))

    def _end(self, number: int, _frame: object) -> None:
        self._call()
        signal.signal(number, signal.SIG_DFL)
        signal.raise_signal(number)

    def release(self) -> None:
        self._notifier.setEnabled(False)
        if (other := signal.set_wakeup_fd(-1)) != self._writer.fileno():
            signal.set_wakeup_fd(other)
        for number, former in self._former.items():
            if signal.getsignal(number) == self._end:
                signal.signal(number, former)
        self._reader.close()
        self._writer.close()


def _listen(path: Path) -> socket.socket | None:
    """Listen at the socket of later starts; None if that fails, which the session reports."""
    if sys.platform == "win32":
        return None
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        path.unlink(missing_ok=True)
        listener.bind(str(path))
        path.chmod(0o600)
        listener.listen()
    except OSError:
        listener.close()
        return None
    return listener


def _press(button: QAbstractButton, was_checked: bool) -> None:
    if isValid(button):
        button.blockSignals(False)
        if not button.isDown():  # else Qt's own click follows within 100 ms
            button.setChecked(was_checked)
            button.click()


def _is_run(keys: list[QKeyEvent], actions: Iterable[QAction]) -> bool:
    """Run the action of these keys; return False if no action has them, or begins with them."""
    pressed = QKeySequence(*(each.keyCombination().toCombined() for each in keys))
    match = QKeySequence.SequenceMatch
    for action in actions:
        for shortcut in action.shortcuts():
            result = pressed.matches(shortcut)
            if result == match.ExactMatch:
                keys.clear()
                action.trigger()
            if result != match.NoMatch:
                return True
    return False


class FirstUse(QObject):
    """The watch for the first use of a window, and the first pause in it or some time without use.

    Signals:
        used(): once, at the first use.
        paused(): once.
    """

    used = Signal()
    paused = Signal()

    def __init__(self, parent: QObject, handle: QWindow | None, idle_ms: int) -> None:
        super().__init__(parent)
        self._was_used = False
        self._has_paused = False
        self._timer = QTimer(self, singleShot=True, interval=idle_ms)
        self._timer.timeout.connect(self._pause)
        self._timer.start()
        if handle is not None:
            handle.installEventFilter(self)

    def _pause(self) -> None:
        self._has_paused = True
        self.paused.emit()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() not in USES:
            return False
        if not self._was_used:
            self._was_used = True
            self.used.emit()
        if self._has_paused:
            watched.removeEventFilter(self)
        else:
            self._timer.start(_PAUSE_MS)
        return False
