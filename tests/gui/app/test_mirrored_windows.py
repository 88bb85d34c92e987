"""Every window in a language that is read from right to left is the mirror of the usual one.

The texts stay English, so that all widths are the same. REPARTEE_SCREENSHOTS=FOLDER keeps the
pictures.
"""

from __future__ import annotations

import asyncio
import os
from collections import Counter
from contextlib import contextmanager
from gettext import NullTranslations
from pathlib import Path
from typing import TYPE_CHECKING, Final, cast
from unittest.mock import patch

import pytest
from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QApplication, QWidget

from desktop_app.i18n import formatting, translation
from desktop_app.paths import resource_path
from desktop_app.widgets.look.window_language import WindowLanguage
from tests.gui.app import scenes
from tests.gui.app.app_harness import KEYED, AppHarness
from tests.helpers.translated_texts import QT_DIALOGS

if TYPE_CHECKING:
    from collections.abc import Iterator

# Qt gives the text of a spin box another inner margin; a price comes when it is known; a note of a
# mirrored menu is as wide as the menu, because Qt would put it at the wrong side; the words of a
# text are counted after a pause, and its note has the rest of the row. It is compared only that
# they show.
UNSTEADY: Final = ("qt_spinbox_lineedit", "estimate", "menu-note", "text-length", "text-note")
SIZE: Final = QSize(1000, 700)
CODE: Final = "he"
_HAIRLINE: Final = 3
"""Pixels: Qt mirrors the room of a style sheet's border, but not the border; widths of texts that
have marks of their direction are rounded otherwise."""
Rect = tuple[int, int, int, int]
Place = tuple[str, Rect]

PICTURES: Final = os.environ.get("REPARTEE_SCREENSHOTS", "")


@contextmanager
def window_language(code: str) -> Iterator[None]:
    """Use a language with the texts and formats of English."""
    application = cast(QApplication, QApplication.instance())
    chosen = WindowLanguage(application, resource_path("locale"))
    with (
        patch.dict(os.environ, REPARTEE_LANGUAGE=code),
        patch.dict(translation.LANGUAGES, {CODE: "Mirrored"}),
        patch.dict(formatting._USUAL_LOCALES, {CODE: "en-US"}),
        patch.object(translation, "_catalog", lambda _code, _folder: NullTranslations()),
        patch.object(chosen, "_use_qt_texts", lambda _code: None),
    ):
        chosen.use("")
        yield
    with patch.dict(os.environ, REPARTEE_LANGUAGE="en"):
        chosen.use("")


class Walk:
    """A walk through the scenes; collects where the widgets are, and pictures."""

    def __init__(self, app: AppHarness, name: str) -> None:
        self._app, self._name = app, name
        self.places: dict[str, list[Place]] = {}

    async def look(self, name: str) -> None:
        """Record all visible windows."""
        await self._laid_out()
        for window in self._windows():
            key = f"{name} {type(window).__name__} {window.objectName()}"
            # Menus without a name may be open together.
            self.places.setdefault(key, []).extend(self._place(window, w) for w in _shown(window))
            if PICTURES:
                folder = Path(PICTURES) / self._name
                folder.mkdir(parents=True, exist_ok=True)
                window.grab().save(str(folder / f"{key.replace(' ', '-')}.png"))

    def _place(self, window: QWidget, widget: QWidget) -> Place:
        name = f"{type(widget).__name__} {widget.objectName()}"
        if widget.objectName() in UNSTEADY:
            return name, (0, 0, 0, 0)
        corner = widget.mapTo(window, widget.rect().topLeft())
        x = corner.x()
        if self._app.window.layoutDirection() is Qt.LayoutDirection.RightToLeft:
            x = window.width() - x - widget.width()
        return name, (x, corner.y(), widget.width(), widget.height())

    def _windows(self) -> list[QWidget]:
        found = [
            w
            for w in QApplication.topLevelWidgets()
            if w.isVisible() and not isinstance(w, QT_DIALOGS)
        ]
        return sorted(found, key=lambda w: w is not self._app.window)

    async def _laid_out(self) -> None:
        before: list[object] = []
        while before != (
            now := [w.geometry() for window in self._windows() for w in _shown(window)]
        ):
            before = list(now)
            await asyncio.sleep(0.015)


def _shown(window: QWidget) -> list[QWidget]:
    below = window.findChildren(QWidget)
    return [window, *(w for w in below if w.isVisible() and w.window() is window)]


def _differences(usual: list[Place], mirrored: list[Place]) -> list[str]:
    """Return the widgets that are not where the mirror shows them, to within a hairline."""
    rest = list(mirrored)
    found = []
    for name, rect in usual:
        match = next((p for p in rest if p[0] == name and _are_near(p[1], rect)), None)
        if match is None:
            found.append(f"{name} at {rect}")
        else:
            rest.remove(match)
    return found + [f"{name} at {rect} in the mirror" for name, rect in rest]


def _are_near(one: Rect, other: Rect) -> bool:
    return all(abs(a - b) <= _HAIRLINE for a, b in zip(one, other, strict=True))


async def walked(name: str) -> Walk:
    async with AppHarness() as app:
        app.window.resize(SIZE)
        walk = Walk(app, name)
        await scenes.empty_state(app, walk.look)
        await scenes.fill(app.backend)
    async with AppHarness(environment=KEYED) as app:
        walk._app = app
        app.window.resize(SIZE)
        for scene in scenes.SCENES:
            await scene(app, walk.look)
    return walk


@pytest.mark.slow
@pytest.mark.qt_log_ignore("does not support grabbing the keyboard", extend=True)  # of menus
async def test_every_window_is_the_mirror_of_the_usual_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with window_language("en"):
        usual = await walked("usual")
    monkeypatch.setenv("REPARTEE_HOME", str(tmp_path / "mirrored-home"))
    with window_language(CODE):
        mirrored = await walked("mirrored")
    compared, faults = 0, []
    for key, places in usual.places.items():
        others = mirrored.places.get(key, [])
        # A card that has gone, or a price that has come, moves others.
        if Counter(name for name, _ in places) != Counter(name for name, _ in others):
            continue
        compared += 1
        faults += [f"{key}: {fault}" for fault in _differences(places, others)]
    assert not faults, "\n".join(faults[:40])
    assert compared > 0.9 * len(usual.places)
