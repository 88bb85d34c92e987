"""The About page: facts for bug reports, and the licenses of bundled software."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication, QShowEvent
from PySide6.QtWidgets import QStackedWidget, QWidget

from desktop_app import __version__
from desktop_app.app.session import Session
from desktop_app.i18n.translation import N_, tr
from desktop_app.settings.ui.settings_controller import SettingsController
from desktop_app.widgets.boxes import SPRING, column_of, row_of
from desktop_app.widgets.buttons.segmented_control import SegmentedControl
from desktop_app.widgets.forms.form_widgets import Note, text_field
from desktop_app.widgets.look.theme import current_theme
from desktop_app.widgets.text.foreign_text import PlainButton, PlainLabel, one_line, spoken_text

if TYPE_CHECKING:
    from desktop_app.settings.ui.updates import FactsOffer

# In pixels at the default text size (see `Theme.px`).
_MIN_HEIGHT: Final = 120
_PAGES: Final = (("program", N_("System info")), ("licenses", N_("Licenses")))


class AboutTab(QWidget):
    """The About page, which fills the available height."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        pages = [(page, tr(title)) for page, title in _PAGES]
        self._choice = SegmentedControl(pages, name=tr("About"), padding=8)
        self._choice.expand()
        self._choice.set_current("program")
        self._pages = QStackedWidget()
        self._help_button = PlainButton(tr("Open help"), name="open-help", role="link")
        self._program = text_field(tr("System info"), "about-text", read_only=True)
        self._licenses = text_field(tr("Licenses"), "licenses", read_only=True)
        self._licenses_text = ""  # a megabyte, which takes 100 ms to insert
        self._copy_button = PlainButton(tr("Copy"), name="copy-about", role="plain")
        self._copy_button.setAccessibleName(spoken_text(tr("Copy system info")))
        self._copy_note = Note()
        self._check_button = PlainButton(
            tr("Check for updates"), name="check-for-updates", role="plain"
        )
        self._update_note = Note(object_name="update-note")
        self._facts: FactsOffer | None = None
        self._facts_button = PlainButton(
            tr("Use newer model facts"), name="renew-model-facts", role="plain"
        )
        self._facts_button.hide()
        program = QWidget()
        copy_row = row_of(self._copy_button, (self._copy_note, 1))
        check = (self._check_button, Qt.AlignmentFlag.AlignLeft)
        renew = (self._facts_button, Qt.AlignmentFlag.AlignLeft)
        rows = ((self._program, 1), copy_row, check, self._update_note, renew)
        column_of(*rows, parent=program, margins=0)
        for page in (program, self._licenses):
            self._pages.addWidget(page)
        name = PlainLabel("Repartee", role="heading", name="program-name")
        version = PlainLabel(tr("Version {version}", version=__version__), role="dim")
        head = row_of(name, version, SPRING, spacing=8)
        help_row = (self._help_button, Qt.AlignmentFlag.AlignLeft)
        parts = (head, help_row, self._choice, (self._pages, 1))
        column_of(*parts, parent=self, margins=0, spacing=10)
        self._choice.chosen.connect(self.show_page)
        self._copy_button.clicked.connect(self._copy_text)
        self._help_button.clicked.connect(session.window.settings.help_requested)
        self._check_button.clicked.connect(self._request_check)
        self._facts_button.clicked.connect(self._request_facts)

    def show_page(self, key: str) -> None:
        self._choice.set_current(key)
        self._pages.setCurrentIndex([name for name, _ in _PAGES].index(key))
        if key == "licenses" and self._licenses.document().isEmpty():
            self._licenses.setPlainText(self._licenses_text)

    def set_about(self, text: str, licenses: str) -> None:
        """Show the facts about the program, and the licenses."""
        # Provider names and paths may contain line separators: keep each line a single line.
        self._program.setPlainText("\n".join(map(one_line, text.split("\n"))))
        self._licenses_text = licenses
        self.show_page(_PAGES[self._pages.currentIndex()][0])
        self._copy_note.set_text(tr("Contains no API keys or conversations."))

    def show_update(self, text: str, facts: FactsOffer | None = None) -> None:
        """Show what the check for updates found, and offer newer model facts, if there are any."""
        self._check_button.setEnabled(True)
        self._facts = facts
        self._facts_button.setVisible(facts is not None)
        self._facts_button.setEnabled(True)
        self._update_note.set_text(text, is_result=True)

    def _request_check(self) -> None:
        self._check_button.setEnabled(False)
        self._update_note.set_text(tr("Checking…"))
        self._session.tasks.start(self._session.of(SettingsController).check_for_updates())

    def _request_facts(self) -> None:
        if self._facts is not None:
            self._facts_button.setEnabled(False)
            self._update_note.set_text(tr("Loading…"))
            renewal = self._session.of(SettingsController).renew_model_facts(self._facts)
            self._session.tasks.start(renewal)

    def showEvent(self, event: QShowEvent) -> None:
        """Set the fonts only now: Qt drops those of fields that have no style sheet yet."""
        super().showEvent(event)
        self.update_theme()

    def update_theme(self) -> None:
        theme = current_theme()
        font = theme.code()
        font.setPointSizeF(theme.points(11))
        for text in (self._program, self._licenses):
            text.setFont(font)
            text.document().setDocumentMargin(theme.px(6))
            text.setMinimumHeight(theme.px(_MIN_HEIGHT))

    def _copy_text(self) -> None:
        QGuiApplication.clipboard().setText(self._program.toPlainText())
        self._copy_note.set_text(tr("Copied"))
