"""Texts put on the clipboard in several formats, however long they are, without anybody waiting.

Whoever copies much owns the clipboard at once: what was there before cannot be pasted by mistake. A
thread makes the texts, the plain one first. Who pastes before that is done waits for the one format
that is asked for. What is done lies on the clipboard as plain data: an object of ours there would
have to live as long as the clipboard does.
"""

from __future__ import annotations

import time
from threading import Event, Lock, Thread
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QByteArray, QMetaType, QMimeData, QObject, QTimer, Signal
from PySide6.QtGui import QGuiApplication

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

HTML: Final = "text/html"
MARKDOWN: Final = "text/markdown"
PLAIN: Final = "text/plain"

LONGEST_RICH: Final = 4_000_000
"""Characters of a conversation up to which it is copied as HTML, too: that takes some seconds."""

_AT_A_TIME_S: Final = 0.002
_REST_S: Final = 0.001
_MOMENT_MS: Final = 1000


class Texts:
    """The same content by format; each text is made of its pieces once, when it is first wanted,
    by whatever thread wants it."""

    def __init__(
        self, makers: Mapping[str, Callable[[], Iterable[str]]], *, is_short: bool
    ) -> None:
        """What makes each text, in the order in which they are made; `is_short` if that is done
        within a moment that nobody notices."""
        self.formats = list(makers)
        self.is_short = is_short
        self._makers = dict(makers)
        self._made: dict[str, str] = {}
        self._locks = {kind: Lock() for kind in self.formats}
        self._hurry = Event()

    def text(self, kind: str) -> str:
        """The text in a format; a thread that makes it, or another one, does not rest any more."""
        if kind not in self._made:
            self._hurry.set()
        return self._text(kind)

    def make(self) -> None:
        """Make all of them, in a thread, with rests."""
        for kind in self.formats:
            self._text(kind)

    def _text(self, kind: str) -> str:
        # One for each: who wants what is made already does not wait for what is being made.
        with self._locks[kind]:
            if kind not in self._made:
                self._made[kind] = "".join(self._rested(self._makers.pop(kind)()))
            return self._made[kind]

    def _rested(self, pieces: Iterable[str]) -> Iterable[str]:
        """The pieces; between them the window's thread has its turn."""
        rested = time.monotonic()
        for piece in pieces:
            yield piece
            if self.is_short or self._hurry.is_set():
                continue
            if time.monotonic() - rested > _AT_A_TIME_S:
                time.sleep(_REST_S)
                rested = time.monotonic()


class _ToBeMade(QMimeData):
    """Texts that are made when they are asked for."""

    def __init__(self, texts: Texts) -> None:
        super().__init__()
        self._texts = texts

    def formats(self) -> list[str]:
        """What can be asked for."""
        return self._texts.formats

    def hasFormat(self, kind: str) -> bool:
        """Whether that can be asked for."""
        return kind in self._texts.formats

    def retrieveData(self, kind: str, _preferred: QMetaType | QMetaType.Type) -> object:
        """The text; None for what is not offered."""
        if kind not in self._texts.formats:
            return None
        text = self._texts.text(kind)
        return QByteArray(text.encode(errors="replace")) if kind == MARKDOWN else text


def mime_data(texts: Texts) -> QMimeData:
    """Texts to drag, or to own a clipboard with: made by now if they are short."""
    return _done(texts) if texts.is_short else _ToBeMade(texts)


def _done(texts: Texts) -> QMimeData:
    data = QMimeData()
    for kind in texts.formats:
        if kind == PLAIN:
            data.setText(texts.text(kind))
        elif kind == HTML:
            data.setHtml(texts.text(kind))
        else:
            data.setData(kind, texts.text(kind).encode(errors="replace"))
    return data


class Copying(QObject):
    """Puts texts on the clipboard.

    Signals:
        slow(): making the texts takes more than a moment.
        done(bool lasted): they lie there as a whole.
        ended(): they do, or something else was copied meanwhile.
    """

    slow = Signal()
    done = Signal(bool)
    ended = Signal()
    _made = Signal(object, object)

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._owner: QMimeData | None = None
        self._lasted = False
        self._made.connect(self._take)
        self._moment = QTimer(self, singleShot=True, interval=_MOMENT_MS)
        self._moment.timeout.connect(self._tell)

    @property
    def is_on(self) -> bool:
        """Whether texts are still being made."""
        return self._owner is not None

    def put(self, texts: Texts) -> None:
        """Have the clipboard hold these."""
        self._lasted = False
        self._moment.stop()
        self._owner = mime_data(texts)
        QGuiApplication.clipboard().setMimeData(self._owner)
        if texts.is_short:
            self._end()
            return
        self._moment.start()
        Thread(target=self._make, args=(texts, self._owner), daemon=True, name="copy").start()

    def _make(self, texts: Texts, owner: QMimeData) -> None:
        texts.make()
        self._made.emit(texts, owner)

    def _tell(self) -> None:
        self._lasted = True
        self.slow.emit()

    def _take(self, texts: Texts, owner: QMimeData) -> None:
        if owner is not self._owner:
            return  # more has been copied here since
        clipboard = QGuiApplication.clipboard()
        if clipboard.mimeData() is owner:
            clipboard.setMimeData(_done(texts))
            self._end()
        else:
            self._over()

    def _end(self) -> None:
        self._over()
        self.done.emit(self._lasted)

    def _over(self) -> None:
        self._moment.stop()
        self._owner = None
        self.ended.emit()
