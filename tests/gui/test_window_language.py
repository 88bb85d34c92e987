"""Qt's own texts in the language of the window."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import pytest
from PySide6.QtCore import QCoreApplication
from PySide6.QtWidgets import QApplication

from desktop_app.i18n import formatting
from desktop_app.i18n.translation import ENGLISH, LANGUAGES
from desktop_app.paths import resource_path
from desktop_app.widgets.look.window_language import WindowLanguage

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def window_language() -> Iterator[WindowLanguage]:
    application = cast(QApplication, QApplication.instance())
    language = WindowLanguage(application, resource_path("locale"))
    yield language
    language.use(ENGLISH)
    formatting.use_formats_of(ENGLISH)


@pytest.mark.usefixtures("qapp")
@pytest.mark.parametrize("code", [code for code in LANGUAGES if code != ENGLISH])
def test_the_buttons_of_qt_are_translated(
    code: str, window_language: WindowLanguage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("REPARTEE_LANGUAGE", raising=False)
    assert QCoreApplication.translate("QPlatformTheme", "Cancel") == "Cancel"
    window_language.use(code)
    assert QCoreApplication.translate("QPlatformTheme", "Cancel") != "Cancel"
