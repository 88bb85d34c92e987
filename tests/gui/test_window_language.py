"""Qt's own texts in the language of the window."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, cast

import pytest
from PySide6.QtCore import QCoreApplication
from PySide6.QtGui import QFont
from PySide6.QtWidgets import QApplication

from desktop_app.i18n import formatting
from desktop_app.i18n.translation import ENGLISH, LANGUAGES
from desktop_app.paths import resource_path
from desktop_app.widgets.look.theme import light, style_sheet
from desktop_app.widgets.look.window_language import WindowLanguage

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def window_language(monkeypatch: pytest.MonkeyPatch) -> Iterator[WindowLanguage]:
    monkeypatch.setenv("FC_LANG", "")  # the test's end restores it
    monkeypatch.delenv("FC_LANG")
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


@pytest.mark.usefixtures("qapp")
@pytest.mark.parametrize(
    ("code", "weight"), [("ja", QFont.Weight.Bold), (ENGLISH, QFont.Weight.DemiBold)]
)
def test_headings_have_a_weight_that_qt_makes_if_the_fonts_lack_it(
    code: str, weight: QFont.Weight, window_language: WindowLanguage
) -> None:
    window_language.use(code)
    theme = light()
    assert theme.heading().weight() == theme.strong().weight() == weight
    assert f"font-weight: {weight.value}" in style_sheet(theme)


@pytest.mark.usefixtures("qapp")
@pytest.mark.parametrize(("code", "language"), [("ja", "ja"), ("zh_CN", "zh-CN")])
def test_characters_have_the_forms_of_the_language(
    code: str, language: str, window_language: WindowLanguage, monkeypatch: pytest.MonkeyPatch
) -> None:
    window_language.use(code)
    assert os.environ["FC_LANG"] == language
    monkeypatch.setenv("FC_LANG", "ko")
    WindowLanguage(cast(QApplication, QApplication.instance()), resource_path("locale")).use(code)
    assert os.environ["FC_LANG"] == "ko"  # the user's own
