"""Requests diagrams from the drawing process and caches their pictures."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from PySide6.QtGui import QFontInfo, QGuiApplication

from desktop_app.markdown.processes.diagram_drawing import (
    COLOR_NAMES,
    MAX_SOURCE_LENGTH,
    Diagram,
    UndrawnDiagram,
    drawing_request,
    parse_drawing,
)
from desktop_app.transcript.media.answer_cache import AnswerCache
from desktop_app.transcript.media.message_images import DIAGRAM_KEY
from desktop_app.widgets.look.theme import current_theme

if TYPE_CHECKING:
    from PySide6.QtCore import QObject

    from desktop_app.child_processes import ChildCommand

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
        if len(source) > MAX_SOURCE_LENGTH:
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
