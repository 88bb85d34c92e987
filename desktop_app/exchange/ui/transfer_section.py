"""The section of the Data page that imports and exports."""

from __future__ import annotations

from typing import Final

from desktop_app.app.session import Session
from desktop_app.exchange.ui.transfer_controller import TransferController
from desktop_app.i18n.translation import N_, tr
from desktop_app.widgets.boxes import FlowLayout
from desktop_app.widgets.buttons.dialog_button import compact_button
from desktop_app.widgets.forms.form_widgets import FormSection
from desktop_app.widgets.program_menu import ProgramMenu

TRANSFER: Final = N_(
    "Imports conversations from Repartee, ChatGPT, Claude, DeepSeek, Gemini, and ten other "
    "programs. Importing a file again adds nothing."
)


class TransferSection(FormSection):
    """The section; see the module."""

    def __init__(self, session: Session) -> None:
        super().__init__(tr("Import and export"))
        transfer = session.of(TransferController)
        self.note.set_text(tr(TRANSFER))
        import_button = compact_button(tr("Import…"), "import", "plain")
        import_button.clicked.connect(lambda: transfer.choose_import())
        export_button = compact_button(tr("Export all"), "export", "plain")
        menu = ProgramMenu(export_button)
        transfer.add_formats(menu, None)
        export_button.setMenu(menu)
        self.body.addLayout(FlowLayout(import_button, export_button))
