"""The child process that prints a conversation, so that the window goes on meanwhile.

It reads one JSON object from its standard input: `conversation`, the id, and `printer`, what the person
has chosen in the print dialog (see `chosen`). What goes wrong is said on standard error.
"""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QMarginsF, QSizeF
from PySide6.QtGui import QPageLayout, QPageSize
from PySide6.QtPrintSupport import QPrinter

from desktop_app.app.export_pdf import Paper, paint, without_a_screen
from desktop_app.domain.errors import StorageError, UserFacingError
from desktop_app.headless.steps import opened
from desktop_app.headless.terminal import say
from desktop_app.ui.printing.pages import MARGIN_MM

if TYPE_CHECKING:
    from collections.abc import Mapping


def main() -> int:
    """Print what standard input asks for; returns the exit code."""
    request = json.load(sys.stdin)
    application = without_a_screen()
    try:
        asyncio.run(_print(request["conversation"], request["printer"]))
    except UserFacingError as error:
        say(error.sentences)
        return 1
    finally:
        application.shutdown()
    return 0


def chosen(printer: QPrinter) -> dict[str, Any]:
    """What is chosen of a printer and its paper, as JSON has it."""
    layout = printer.pageLayout()
    size = layout.pageSize().size(QPageSize.Unit.Millimeter)
    file = printer.outputFileName()
    return {
        "name": printer.printerName(),
        "file": file and str(Path(file).absolute()),
        "paper_mm": [size.width(), size.height()],
        "is_landscape": layout.orientation() is QPageLayout.Orientation.Landscape,
        "copies": printer.copyCount(),
        "collate": printer.collateCopies(),
        "is_colour": printer.colorMode() is QPrinter.ColorMode.Color,
        "duplex": printer.duplex().value,
        "pages": [printer.fromPage(), printer.toPage()],
    }


def printer_of(choice: Mapping[str, Any]) -> QPrinter:
    """The printer that `chosen` has described."""
    printer = QPrinter(QPrinter.PrinterMode.HighResolution)
    if choice["name"]:
        printer.setPrinterName(choice["name"])
    if choice["file"]:
        printer.setOutputFormat(QPrinter.OutputFormat.PdfFormat)
        printer.setOutputFileName(choice["file"])
    margins = QMarginsF(MARGIN_MM, MARGIN_MM, MARGIN_MM, MARGIN_MM)
    orientation = QPageLayout.Orientation
    printer.setPageLayout(
        QPageLayout(
            QPageSize(QSizeF(*choice["paper_mm"]), QPageSize.Unit.Millimeter),
            orientation.Landscape if choice["is_landscape"] else orientation.Portrait,
            margins,
            QPageLayout.Unit.Millimeter,
        )
    )
    printer.setCopyCount(choice["copies"])
    printer.setCollateCopies(choice["collate"])
    colour = QPrinter.ColorMode
    printer.setColorMode(colour.Color if choice["is_colour"] else colour.GrayScale)
    printer.setDuplex(QPrinter.DuplexMode(choice["duplex"]))
    return printer


async def _print(conversation_id: str, choice: Mapping[str, Any]) -> None:
    printer = printer_of(choice)
    async with opened() as backend:
        conversation = await backend.conversations.get(conversation_id)
        path = await backend.conversations.path(conversation_id)
        if conversation is None or not path:
            raise StorageError("There is nothing to print in this conversation.")
        printer.setDocName(conversation.title)
        paper = Paper(backend)
        try:
            pages = await paper.pages(printer, conversation, path)
            first, last = choice["pages"]
            last = min(last or pages.count, pages.count)
            await paint(pages, printer, range(max(0, first - 1), last))
        except OSError as error:
            raise _not_printed(str(error)) from error
        finally:
            paper.close()


def _not_printed(details: str) -> StorageError:
    return StorageError(
        "The conversation could not be printed.",
        what_to_do="Look at the printer, or export it as PDF and print that.",
        details=details,
    )
