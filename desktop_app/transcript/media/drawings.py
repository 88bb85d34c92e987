"""Requests formulas and diagrams from the processes that draw them, and caches them."""

from __future__ import annotations

from collections.abc import Hashable
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtGui import QFontInfo, QGuiApplication

from desktop_app.markdown.processes.diagram_drawing import (
    COLOR_NAMES,
    MAX_SOURCE_LENGTH,
    MAX_SVG_LENGTH,
    Diagram,
    UndrawnDiagram,
    drawing_request,
    is_xml,
    parse_drawing,
)
from desktop_app.markdown.processes.math_typesetting import Formula, is_within_limits, parse_formula
from desktop_app.transcript.media.json_process import JsonProcess
from desktop_app.transcript.media.message_images import DIAGRAM_KEY
from desktop_app.widgets.look.theme import current_theme

if TYPE_CHECKING:
    from desktop_app.child_processes import ChildCommand


_COLLECT_MS: Final = 50
"""Time in which answers are collected before they are reported together."""


class AnswerCache(QObject):
    """The requests to one process, each by a key, and the time at which their answers are reported.

    The process runs markdown/processes/json_server.py.

    A subclass keeps the answers. A request that crashes the process or times out has the answer
    None, and is not repeated.

    Signals:
        settled(): all requests so far are answered, or never will be.
    """

    settled = Signal()

    def __init__(self, command: ChildCommand, parent: QObject | None = None) -> None:
        """Prepare to start the process with `command`."""
        super().__init__(parent)
        self._requests: dict[Hashable, int] = {}  # the request numbers, in order
        self._process = JsonProcess(command, self)
        self._process.answered.connect(self._record_answer)
        self._ready_timer = QTimer(self, singleShot=True, interval=_COLLECT_MS)
        self._ready_timer.timeout.connect(self.settled)

    @property
    def is_busy(self) -> bool:
        """Return True until `settled` is emitted for all requests."""
        return self._process.is_busy or self._ready_timer.isActive()

    def _request(self, key: Hashable, request: dict[str, Any]) -> None:
        """Send a request unless it waits already."""
        if key not in self._requests:
            self._requests[key] = self._process.ask(request)

    def keep(self, key: Any, answer: dict[str, Any] | None) -> None:
        """Keep the answer to a request; None if there is none."""
        raise NotImplementedError

    def forget(self) -> None:
        """Drop requests, because another conversation is shown."""
        self._process.forget()
        # The process still answers the first request, which it is working on.
        self._requests = dict(list(self._requests.items())[:1]) if self._process.is_busy else {}

    def close(self) -> None:
        """End the process and drop all requests. The next request starts it again."""
        self._process.close()
        self._requests.clear()

    def _record_answer(self, number: int, answer: dict[str, Any] | None) -> None:
        key = next(iter(self._requests), None)
        if key is None or self._requests[key] != number:
            return  # the request was dropped
        del self._requests[key]
        self.keep(key, answer)
        if not self._ready_timer.isActive():
            self._ready_timer.start()


_MAX_CACHED_FORMULAS: Final = 3_000
"""Formulas in the cache; a larger cache is cleared when another conversation is shown."""


class _FormulaKey(NamedTuple):
    """The TeX of a formula, and whether it is displayed on lines of its own."""

    tex: str
    display: bool


class Typesetter(AnswerCache):
    """A cache of typeset formulas by TeX and display style."""

    def __init__(self, command: ChildCommand, parent: QObject | None = None) -> None:
        super().__init__(command, parent)
        self._formulas: dict[_FormulaKey, Formula | None] = {}

    def find(self, tex: str, *, display: bool) -> Formula | None:
        """Return the formula, or None if it is not typeset.

        Request a formula that is neither typeset nor known to fail.
        """
        key = _FormulaKey(tex, display)
        if key in self._formulas:
            return self._formulas[key]
        if not is_within_limits(tex):
            self._formulas[key] = None
        else:
            self._request(key, {"tex": tex, "display": display})
        return None

    def keep(self, key: _FormulaKey, answer: dict[str, Any] | None) -> None:
        self._formulas[key] = parse_formula(answer)

    def forget(self) -> None:
        """Drop requests, because another conversation is shown. Clear a cache that is too large."""
        super().forget()
        if len(self._formulas) > _MAX_CACHED_FORMULAS:
            self._formulas.clear()


_MAX_CACHED_BYTES: Final = 48 << 20
"""Bytes of all pictures. Beyond, diagrams stay code until another conversation is shown."""


class ShownDiagram(NamedTuple):
    """A diagram, and the key of its picture among the images of a transcript."""

    key: str
    diagram: Diagram


class _Key(NamedTuple):
    """A source, and all else that a drawing depends on."""

    source: str
    look: str


class DiagramDrawer(AnswerCache):
    """A cache of drawn diagrams by their source. Each is drawn again for another theme."""

    def __init__(self, command: ChildCommand, parent: QObject | None = None) -> None:
        super().__init__(command, parent)
        self._drawn: dict[str, tuple[str, ShownDiagram | UndrawnDiagram]] = {}
        self._by_key: dict[str, Diagram] = {}
        self._bytes = 0

    def find(self, source: str) -> ShownDiagram | UndrawnDiagram | None:
        """Return the diagram, the reason why it is not drawn, or None if it is not known yet.

        Request it if it was not drawn in these colors; until it is, return it in the former ones.
        """
        if len(source) > (MAX_SVG_LENGTH if is_xml(source) else MAX_SOURCE_LENGTH):
            return UndrawnDiagram()
        theme = current_theme()
        colors = {name: getattr(theme, name).name() for name in COLOR_NAMES}
        family = QFontInfo(theme.reading()).family()
        zoom = theme.scale * device_ratio()
        look = f"{colors} {family} {zoom}"
        drawn_look, drawn = self._drawn.get(source, ("", None))
        if drawn_look != look and self._bytes < _MAX_CACHED_BYTES:
            request = drawing_request(source, colors, family=family, zoom=zoom)
            self._request(_Key(source, look), request)
        return drawn

    def diagram(self, key: str) -> Diagram | None:
        """Return a diagram by the key of its picture."""
        return self._by_key.get(key)

    def keep(self, key: _Key, answer: dict[str, Any] | None) -> None:
        drawn = parse_drawing(answer)
        if isinstance(drawn, UndrawnDiagram):
            self._drawn[key.source] = key.look, drawn
            return
        shown = ShownDiagram(DIAGRAM_KEY + sha256(drawn.png).hexdigest(), drawn)
        self._drawn[key.source] = key.look, shown
        self._by_key[shown.key] = drawn
        self._bytes += len(drawn.png) + len(drawn.svg)

    def forget(self) -> None:
        """Drop requests, because another conversation is shown. Clear a cache that is too large."""
        super().forget()
        if self._bytes >= _MAX_CACHED_BYTES:
            self._drawn.clear()
            self._by_key.clear()
            self._bytes = 0


def device_ratio() -> float:
    """Return the pixels of the screen for each of the window; the most of several screens."""
    app = QGuiApplication.instance()
    return app.devicePixelRatio() if isinstance(app, QGuiApplication) else 1.0
