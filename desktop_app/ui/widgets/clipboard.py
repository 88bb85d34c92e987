"""Copy long texts to the clipboard in several formats without blocking.

`Copying.put` takes ownership of the clipboard at once, so nobody pastes the previous
content by mistake. A thread builds the texts, the plain one first. A paste before that is
done waits only for the requested format. The finished texts replace the owner as plain
data, because our own object would have to live as long as the clipboard.
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
"""The longest conversation, in characters, also copied as HTML; that takes seconds."""

_AT_A_TIME_S: Final = 0.002
_REST_S: Final = 0.001
_MOMENT_MS: Final = 1000


class Texts:
    """The same content in several formats; each text is built once, by the first user."""

    def __init__(
        self, makers: Mapping[str, Callable[[], Iterable[str]]], *, is_short: bool
    ) -> None:
        """Keep a function per format that returns the text's pieces, in building order.

        `is_short` means that building takes no noticeable time.
        """
        self.formats = list(makers)
        self.is_short = is_short
        self._makers = dict(makers)
        self._made: dict[str, str] = {}
        self._locks = {kind: Lock() for kind in self.formats}
        self._hurry = Event()

    def text(self, kind: str) -> str:
        """Return the text in a format. From now on a building thread does not pause any more."""
        if kind not in self._made:
            self._hurry.set()
        return self._text(kind)

    def make(self) -> None:
        """Build all texts, with pauses. Called in a thread."""
        for kind in self.formats:
            self._text(kind)

    def _text(self, kind: str) -> str:
        # A lock for each format: a finished text does not wait for another format.
        with self._locks[kind]:
            if kind not in self._made:
                self._made[kind] = "".join(self._rested(self._makers.pop(kind)()))
            return self._made[kind]

    def _rested(self, pieces: Iterable[str]) -> Iterable[str]:
        """Yield the pieces, with pauses that let the main thread run."""
        rested = time.monotonic()
        for piece in pieces:
            yield piece
            if self.is_short or self._hurry.is_set():
                continue
            if time.monotonic() - rested > _AT_A_TIME_S:
                time.sleep(_REST_S)
                rested = time.monotonic()


class _ToBeMade(QMimeData):
    """MIME data whose texts are built on request."""

    def __init__(self, texts: Texts) -> None:
        super().__init__()
        self._texts = texts

    def formats(self) -> list[str]:
        """Return the formats offered."""
        return self._texts.formats

    def hasFormat(self, kind: str) -> bool:
        """Return True if the format is offered."""
        return kind in self._texts.formats

    def retrieveData(self, kind: str, _preferred: QMetaType | QMetaType.Type) -> object:
        """Return the text, or None if the format is not offered."""
        if kind not in self._texts.formats:
            return None
        text = self._texts.text(kind)
        return QByteArray(text.encode(errors="replace")) if kind == MARKDOWN else text


def mime_data(texts: Texts) -> QMimeData:
    """Return MIME data for a drag or the clipboard; short texts are built at once."""
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
        slow(): building the texts takes longer than a second.
        done(bool lasted): the clipboard holds all texts; `lasted` if `slow` was emitted.
        ended(): the texts are done, or something else was copied meanwhile.
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
        """True while texts are being built."""
        return self._owner is not None

    def put(self, texts: Texts) -> None:
        """Put texts on the clipboard."""
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
            return  # a newer copy replaced it
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
