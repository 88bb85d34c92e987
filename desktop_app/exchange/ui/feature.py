"""Import, export and printing: the commands, and what the window must know."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

from desktop_app.app.feature import Action, Feature, call
from desktop_app.exchange.export_format import EXPORT_FORMATS
from desktop_app.i18n.translation import N_, tr
from desktop_app.settings.setting import SettingsPlace
from desktop_app.shortcuts.command import Category

if TYPE_CHECKING:
    from collections.abc import Iterator

    from desktop_app.app.session import Session
    from desktop_app.shortcuts.command_search import PaletteEntry


def _compose(session: Session) -> None:
    from desktop_app.exchange.ui.transfer_controller import TransferController

    session.export_menus.append(session.of(TransferController).add_formats)


def _find_entries(session: Session) -> Iterator[PaletteEntry]:
    """Yield the rows that export the open conversation in the usual formats."""
    from desktop_app.exchange.ui.transfer_controller import TransferController
    from desktop_app.shortcuts.command_search import PaletteEntry

    for each in EXPORT_FORMATS:
        if each.is_common:
            title = tr("Export as {format}", format=tr(each.label))
            words = [tr("export to save file"), each.suffix[1:]]
            if each.id == "html":
                words.append(tr("share as a page publish give away"))
            export = partial(session.of(TransferController).choose_open_export, each.id)
            yield PaletteEntry(
                f"export:{each.id}", title, tr("Command"), "", " ".join(words), export
            )


FEATURE: Final = Feature(
    actions=(
        Action(
            "conversation.export",
            N_("Export conversation…"),
            Category.CONVERSATION,
            "Ctrl+E",
            run=call("exchange.ui.transfer_controller.TransferController.choose_open_export"),
            words=N_("share save file"),
        ),
        Action(
            "conversation.print",
            N_("Print conversation…"),
            Category.CONVERSATION,
            "Ctrl+P",
            run=call("exchange.ui.transfer_controller.TransferController.print_"),
        ),
        Action(
            "conversation.copy",
            N_("Copy conversation"),
            Category.CONVERSATION,
            run=call("exchange.ui.transfer_controller.TransferController.copy"),
            uses_conversation=True,
        ),
        Action(
            "library.import",
            N_("Import conversations…"),
            Category.PROGRAM,
            run=call("exchange.ui.transfer_controller.TransferController.choose_import"),
            words=N_("library ChatGPT Claude"),
        ),
    ),
    compose=_compose,
    find_entries=_find_entries,
    places=(
        SettingsPlace(N_("Import and export"), "library", "import", N_("ChatGPT Claude file")),
    ),
    sections={"library": "exchange.ui.transfer_section.TransferSection"},
)
