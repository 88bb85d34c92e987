"""Prints a conversation on a printer, or into a file, as chosen in the print dialog."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QMarginsF
from PySide6.QtGui import QPageLayout
from PySide6.QtPrintSupport import QPrinter

from desktop_app.cli.output_file import partial_file
from desktop_app.domain import hints
from desktop_app.domain.errors import StorageError
from desktop_app.domain.system_error import system_words
from desktop_app.exchange.ui.printing.pages import MARGIN_MM
from desktop_app.exchange.ui.printing.print_job import print_conversation
from desktop_app.i18n.translation import N_

if TYPE_CHECKING:
    from desktop_app.exchange.ui.printing.print_job import PrintSource

_MAX_MARGIN_SHARE: Final = 1 / 6
"""The largest margin as a share of the paper's shorter side.

On a label of 62 by 29 mm, the usual margins would leave no room for text.
"""


async def print_to_file(source: PrintSource, printer: QPrinter) -> None:
    """Print into the file that the user chose, which gets its content when that is complete.

    Raises:
        StorageError: the file cannot be written.
    """
    target = printer.outputFileName()
    try:
        with partial_file(Path(target)) as file:
            printer.setOutputFormat(QPrinter.OutputFormat.PdfFormat)
            printer.setOutputFileName(str(file))
            await print_on(source, printer)
    except OSError as error:
        raise StorageError(
            N_("Couldn’t save {file}: {words}."),
            hint=hints.CHOOSE_LOCATION,
            file=target,
            words=system_words(error),
        ) from error


async def print_on(source: PrintSource, printer: QPrinter) -> None:
    """Print the pages that the user chose, on paper with the usual margins or smaller ones.

    Raises:
        StorageError: there are no such pages, or the printer failed.
    """
    layout = printer.pageLayout()
    paper = layout.fullRect(QPageLayout.Unit.Millimeter)
    margin = min(MARGIN_MM, _MAX_MARGIN_SHARE * min(paper.width(), paper.height()))
    layout.setMode(QPageLayout.Mode.StandardMode)
    layout.setUnits(QPageLayout.Unit.Millimeter)
    layout.setMinimumMargins(QMarginsF())  # that of the printer is smaller, if it is right
    layout.setMargins(QMarginsF(margin, margin, margin, margin))
    printer.setPageLayout(layout)
    printer.setDocName(source.title)
    first_page, last_page = printer.fromPage(), printer.toPage()  # both 0 for all pages
    is_reversed = printer.pageOrder() is QPrinter.PageOrder.LastPageFirst

    def choose_pages(count: int) -> range:
        pages = range(max(0, first_page - 1), min(last_page or count, count))
        if not pages:  # a painter would print an empty page
            raise StorageError(
                N_("This conversation has no page {page}."),
                hint=N_("Choose other pages."),
                page=first_page,
            )
        return pages[::-1] if is_reversed else pages  # Qt leaves the order to the program

    try:
        await print_conversation(source, printer, choose_pages)
    except OSError as error:
        if printer.outputFileName():
            raise
        raise StorageError(
            N_("Couldn’t print the conversation."),
            hint=N_("Check the printer, or export as PDF and print that."),
        ) from error
