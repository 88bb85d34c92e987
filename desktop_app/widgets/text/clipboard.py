"""Copy long texts to the clipboard in several formats without blocking.

`ClipboardCopier.copy` sets lazy MIME data at once, so nobody pastes the previous content by
mistake. A thread builds the texts, one format after the other. A paste meanwhile waits only for
the requested format. MIME data with all built texts then replaces the lazy data, which would have
to exist as long as the clipboard has it.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable, Mapping
from threading import Event, Lock, Thread
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QByteArray, QMimeData, QObject, QTimer, Signal
from PySide6.QtGui import QGuiApplication

if TYPE_CHECKING:  # its enumerations take 2 ms
    from PySide6.QtCore import QMetaType

HTML: Final = "text/html"
MARKDOWN: Final = "text/markdown"
PLAIN: Final = "text/plain"

MAX_HTML_CHARACTERS: Final = 4_000_000
"""The length up to which texts are also copied as HTML, which takes seconds."""

_MAX_WORK_S: Final = 0.002
_PAUSE_S: Final = 0.001
"""A building thread works and pauses for these times in turn, so that the main thread runs."""
_DELAY_MS: Final = 1000
"""The building time after which `ClipboardCopier.delayed` is emitted."""


# Control characters except newline and tab, and controls of the text direction.
_UNSAFE: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def copyable(text: str) -> str:
    """Return a text without characters that could end a paste or hide what a program runs.

    An answer can contain them: a terminal takes ESC for the end of a bracketed paste.
    """
    return _UNSAFE.sub("", text)


class ClipboardTexts:
    """The same content in several formats; each text is built once, when it is first needed."""

    def __init__(
        self, builders: Mapping[str, Callable[[], Iterable[str]]], *, is_short: bool
    ) -> None:
        """Create texts that are not built yet.

        Args:
            builders: functions that return the pieces of the text, by format in building order.
            is_short: whether building takes no noticeable time.
        """
        self.formats = list(builders)
        self.is_short = is_short
        self._builders = dict(builders)
        self._built: dict[str, str] = {}
        self._locks = {kind: Lock() for kind in self.formats}
        self._is_urgent = Event()

    def text(self, kind: str) -> str:
        """Return the text in a format; the thread that builds the texts no longer pauses."""
        if kind not in self._built:
            self._is_urgent.set()
        return self._text(kind)

    @property
    def built_texts(self) -> dict[str, str]:
        """Return the texts that are built, by format."""
        return {kind: self._built[kind] for kind in self.formats if kind in self._built}

    def build_all(self) -> None:
        """Build all texts, with pauses unless they are short."""
        for kind in self.formats:
            self._text(kind)

    def _text(self, kind: str) -> str:
        # A lock for each format: a finished text does not wait for another format.
        with self._locks[kind]:
            if kind not in self._built:
                self._built[kind] = copyable("".join(self._with_pauses(self._builders[kind]())))
                del self._builders[kind]  # frees the data that it refers to
            return self._built[kind]

    def _with_pauses(self, pieces: Iterable[str]) -> Iterable[str]:
        """Yield the pieces; pause while nobody waits, so that the main thread runs."""
        resumed_at = time.monotonic()
        for piece in pieces:
            yield piece
            if self.is_short or self._is_urgent.is_set():
                continue
            if time.monotonic() - resumed_at > _MAX_WORK_S:
                time.sleep(_PAUSE_S)
                resumed_at = time.monotonic()


class _LazyMimeData(QMimeData):
    """MIME data whose texts are built on request."""

    def __init__(self, texts: ClipboardTexts) -> None:
        super().__init__()
        self._texts = texts

    def formats(self) -> list[str]:
        return self._texts.formats

    def hasFormat(self, kind: str) -> bool:
        return kind in self._texts.formats

    def retrieveData(self, kind: str, _preferred: QMetaType | QMetaType.Type) -> object:
        if kind not in self._texts.formats:
            return None
        text = self._texts.text(kind)
        return QByteArray(text.encode(errors="replace")) if kind == MARKDOWN else text


def mime_data(texts: ClipboardTexts) -> QMimeData:
    """Return MIME data for a drag or the clipboard; short texts are built at once."""
    if not texts.is_short:
        return _LazyMimeData(texts)
    texts.build_all()
    return _built_mime_data(texts)


def _built_mime_data(texts: ClipboardTexts) -> QMimeData:
    data = QMimeData()
    for kind, text in texts.built_texts.items():
        if kind == PLAIN:
            data.setText(text)
        elif kind == HTML:
            data.setHtml(text)
        else:
            data.setData(kind, text.encode(errors="replace"))
    return data


class _Builder(QObject):
    """A builder of texts in a thread, which outlives a copier that is deleted meanwhile.

    Signals:
        ended(ClipboardTexts, QMimeData): the texts are built, or building a text has failed; the
            arguments of `build`.
    """

    ended = Signal(object, object)

    def build(self, texts: ClipboardTexts, lazy_data: QMimeData) -> None:
        """Build all texts. Runs in a thread."""
        try:
            texts.build_all()
        finally:
            self.ended.emit(texts, lazy_data)


class ClipboardCopier(QObject):
    """The copier of texts to the clipboard.

    Signals:
        delayed(): building the texts has taken longer than a second.
        done(bool): the clipboard holds all texts; True if `delayed` was emitted.
        ended(): the texts are done, building a text has failed, or something else was copied
            meanwhile.
    """

    delayed = Signal()
    done = Signal(bool)
    ended = Signal()

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._pending_data: QMimeData | None = None
        self._was_delayed = False
        self._builder = _Builder()
        self._builder.ended.connect(self._publish)
        self._delay_timer = QTimer(self, singleShot=True, interval=_DELAY_MS)
        self._delay_timer.timeout.connect(self._report_delay)

    @property
    def is_building(self) -> bool:
        """Return True while texts are being built."""
        return self._pending_data is not None

    def copy(self, texts: ClipboardTexts) -> None:
        """Copy texts to the clipboard; the last call wins."""
        self._was_delayed = False
        self._delay_timer.stop()
        self._pending_data = mime_data(texts)
        QGuiApplication.clipboard().setMimeData(self._pending_data)
        if texts.is_short:
            self._report_done()
            return
        self._delay_timer.start()
        arguments = (texts, self._pending_data)
        Thread(target=self._builder.build, args=arguments, daemon=True, name="copy").start()

    def _report_delay(self) -> None:
        self._was_delayed = True
        self.delayed.emit()

    def _publish(self, texts: ClipboardTexts, lazy_data: QMimeData) -> None:
        if lazy_data is not self._pending_data:
            return  # a newer copy replaced it
        clipboard = QGuiApplication.clipboard()
        if clipboard.mimeData() is lazy_data:
            clipboard.setMimeData(_built_mime_data(texts))
            if len(texts.built_texts) == len(texts.formats):
                self._report_done()
                return
        self._finish()

    def _report_done(self) -> None:
        self._finish()
        self.done.emit(self._was_delayed)

    def _finish(self) -> None:
        self._delay_timer.stop()
        self._pending_data = None
        self.ended.emit()
