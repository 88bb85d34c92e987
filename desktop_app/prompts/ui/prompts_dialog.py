"""The page that manages prompts and presets: two tabs, with import and export."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import Qt
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QStackedWidget, QWidget

from desktop_app.i18n.translation import N_, tr
from desktop_app.prompts.ui.presets_page import PresetsPage
from desktop_app.prompts.ui.prompts_page import PromptsPage
from desktop_app.widgets.boxes import DIALOG_MARGINS, STRETCH, column_of, row_of
from desktop_app.widgets.buttons.dialog_button import dialog_button
from desktop_app.widgets.buttons.segmented_control import SegmentedControl
from desktop_app.widgets.file_dialogs import choose_file, choose_target
from desktop_app.widgets.status_line import StatusLine

if TYPE_CHECKING:
    from desktop_app.prompts.ui.presets_controller import PresetsController
    from desktop_app.prompts.ui.prompts_controller import PromptsController

PAGES: Final = (("prompts", N_("Prompts")), ("presets", N_("Presets")))
_DEFAULT_FILE: Final = "repartee-prompts.json"
_FILE_FILTER: Final = N_("Prompts (*.json);;All files (*)")


class PromptLibraryPage(QWidget):
    """The page of prompts and presets.

    Attributes:
        prompts, presets: the pages.
        status: reports the last action.
    """

    def __init__(
        self, parent: QWidget, prompts: PromptsController, presets: PresetsController
    ) -> None:
        super().__init__(parent)
        self._controller = prompts
        self.setObjectName("prompts-dialog")
        self.setWindowTitle(tr("Prompts and presets"))
        self._tabs = SegmentedControl(
            [(page, tr(label)) for page, label in PAGES], name=tr("Prompts or presets")
        )
        self.prompts = PromptsPage(prompts)
        self.presets = PresetsPage(presets)
        self._stack = QStackedWidget()
        self._stack.addWidget(self.prompts)
        self._stack.addWidget(self.presets)
        self.status = StatusLine("prompts")
        import_button = dialog_button(tr("Import…"), "import-prompts")
        export_button = dialog_button(tr("Export…"), "export-prompts")
        head = row_of(self._tabs, STRETCH, import_button, export_button, spacing=8)
        rows = (head, (self._stack, 1), self.status)
        column_of(*rows, parent=self, margins=DIALOG_MARGINS, spacing=12)
        self._tabs.chosen.connect(self.show_page)
        import_button.clicked.connect(self._choose_import)
        export_button.clicked.connect(self._choose_export)

    def show_page(self, page: str) -> None:
        """Show "prompts" or "presets"."""
        self.report_edits()
        self._tabs.set_current(page)
        self._stack.setCurrentIndex([name for name, _ in PAGES].index(page))

    def report_edits(self) -> None:
        """Report changes on the pages that were not reported yet."""
        self.prompts.report_edits()
        self.presets.report_edits()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.status.show_message("")
        page = self._stack.currentWidget()
        assert isinstance(page, PromptsPage | PresetsPage)
        page.field.setFocus(Qt.FocusReason.OtherFocusReason)

    def hideEvent(self, event: QHideEvent) -> None:
        self.report_edits()
        super().hideEvent(event)

    def _choose_import(self) -> None:
        self.report_edits()
        title = tr("Import prompts and presets")
        choose_file(self, title, self._controller.import_file, filters=tr(_FILE_FILTER))

    def _choose_export(self) -> None:
        self.report_edits()
        choose_target(
            self,
            tr("Export prompts and presets"),
            self._controller.export_file,
            start=_DEFAULT_FILE,
            filters=tr(_FILE_FILTER),
            suffix="json",
        )
