"""Apply a language to the windows: our texts, Qt's own, the formats."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from PySide6.QtCore import QLibraryInfo, QLocale, QTranslator
from PySide6.QtWidgets import QApplication

from desktop_app.i18n import translation
from desktop_app.i18n.formatting import locale_name

# Qt has no texts in Bokmål; Nynorsk is closer to it than English.
_QT_LANGUAGES: Final = {"nb": "nn"}


class WindowLanguage:
    """The language of the windows of a process."""

    def __init__(self, application: QApplication, catalogs: Path) -> None:
        self._application = application
        self._catalogs = catalogs
        self._qt_texts = QTranslator()
        self._sets_fonts = "FC_LANG" not in os.environ  # else the user has

    def use(self, setting: str) -> None:
        """Use the language of `setting`, or the system's, in windows that are built from now on."""
        code = translation.wanted_language(setting, QLocale.system().uiLanguages())
        translation.use_language(code, self._catalogs)
        QLocale.setDefault(QLocale(locale_name(translation.language())))  # date fields
        language = translation.language()  # differs from `code` without a catalog
        self._application.setLayoutDirection(QLocale(language).textDirection())
        is_of_system = QLocale(language).language() == QLocale.system().language()
        if self._sets_fonts and language in ("ja", "zh_CN") and not is_of_system:
            # Fontconfig would take Chinese characters from Japanese fonts, and some from others.
            os.environ["FC_LANG"] = language.replace("_", "-")
        self._use_qt_texts(language)

    def _use_qt_texts(self, code: str) -> None:
        self._application.removeTranslator(self._qt_texts)
        if code != translation.ENGLISH:
            self._qt_texts = QTranslator()
            folder = QLibraryInfo.path(QLibraryInfo.LibraryPath.TranslationsPath)
            self._qt_texts.load(f"qtbase_{_QT_LANGUAGES.get(code, code)}", folder)
            self._application.installTranslator(self._qt_texts)
