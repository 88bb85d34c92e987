"""The child process that prints a conversation, so that the window stays responsive.

It reads a JSON object from its standard input: `conversation`, the id; `printer`, the user's
choices in the print dialog (see `printer_choice`); and `scratch`, an empty folder. First it reads
the conversation from the store, and its images, scaled down by the documents' process. Before it
parses them, it is confined (see the package `sandbox`): it can write only to the chosen file, or to
the scratch folder and a printer. Errors go to standard error.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from PySide6.QtCore import QMarginsF, QSizeF
from PySide6.QtGui import QPageLayout, QPageSize
from PySide6.QtPrintSupport import QPrinter

from desktop_app import sandbox
from desktop_app.app.export.pdf_process import (
    LAYOUT_MEMORY_BYTES,
    font_paths,
    lay_out,
    make_offscreen_application,
    paint,
)
from desktop_app.child_processes import child_command
from desktop_app.cli.command_setup import open_backend
from desktop_app.cli.export_command import LoadedConversation, load_conversation
from desktop_app.cli.streams.console import write_stderr_line
from desktop_app.domain import hints
from desktop_app.domain.error_note import error_to_json, note_from_error
from desktop_app.domain.errors import StorageError, UserFacingError
from desktop_app.domain.system_error import system_words
from desktop_app.i18n.translation import N_
from desktop_app.paths import folders, resource_path
from desktop_app.rendering.processes.formula_client import FormulaClient
from desktop_app.storage.settings.startup_settings import use_stored_language
from desktop_app.ui.printing.pages import MARGIN_MM

if TYPE_CHECKING:
    from collections.abc import Mapping


_MAX_MARGIN_SHARE: Final = 1 / 6
"""The largest margin as a share of the paper's shorter side.

On a label of 62 by 29 mm, the usual margins would leave no room for text.
"""

_IPP_PORT: Final = 631
# libcups reads these to find its server and the user's name.
_CUPS_PATHS: Final = (
    Path("/etc/cups"),
    Path("/usr/share/cups"),
    Path("/run/cups"),
    Path("/etc/passwd"),
    Path("/etc/nsswitch.conf"),
    Path("/etc/hosts"),
    Path("/etc/host.conf"),
    Path("/etc/resolv.conf"),
    Path("/run/systemd/resolve"),
    Path("/etc/gai.conf"),
    Path("/etc/services"),
    Path("/etc/ssl"),
    Path("/etc/papersize"),
    Path("/usr/share/ppd"),
)


def main() -> int:
    """Print the conversation that standard input names; return the exit code."""
    request = json.load(sys.stdin)
    application = None
    formulas = FormulaClient(child_command("math"))
    use_stored_language(folders().database)
    try:
        loaded = asyncio.run(_load_conversation(request["conversation"]))
        formulas.start()  # now, because `confine` forbids new processes
        _confine(request["printer"]["file"], request["scratch"], formulas.descriptors)
        application = make_offscreen_application()
        _print(loaded, request["printer"], formulas)
    except UserFacingError as error:
        return _report_error(error)
    except OSError as error:
        return _report_error(_output_error(request["printer"]["file"], error))
    finally:
        formulas.close()
        if application is not None:  # no error came before it was made
            application.shutdown()
    return 0


def _report_error(error: UserFacingError) -> int:
    """Report an error to the window; return the exit code."""
    write_stderr_line(json.dumps(error_to_json(note_from_error(error))))
    return 1


async def _load_conversation(conversation_id: str) -> LoadedConversation:
    """Return the conversation.

    Raises:
        StorageError: it cannot be read, or has no messages.
    """
    async with open_backend() as backend:
        conversation = await backend.conversations.get(conversation_id)
        path = await backend.conversations.path(conversation_id)
        if conversation is None or not path:
            raise StorageError(
                N_("This conversation has nothing to print."), hint=N_("Send a message first.")
            )
        return await load_conversation(backend, conversation, path)


def _confine(file: str, scratch: str, descriptors: tuple[int, ...]) -> None:
    """Give up all permissions that printing does not need: see `policy`.

    Raises:
        OSError: the file cannot be written.
    """
    if file:
        with Path(file).open("ab") as output:  # Landlock can only permit an existing file
            if Path(file).is_file():  # not a device
                os.fchmod(output.fileno(), 0o600)  # as for exported files
    else:
        # The temporary files for the printer; this process cannot write elsewhere.
        os.environ["TMPDIR"] = scratch
    sandbox.confine(policy(file, scratch, descriptors))


def policy(file: str, scratch: str, descriptors: tuple[int, ...]) -> sandbox.Policy:
    """Return the permissions of this process once it has read the conversation.

    Args:
        file: the output file, "" for a printer.
        scratch: a folder for data that goes to a printer.
        descriptors: the descriptors that stay open.
    """
    return sandbox.Policy(
        memory_bytes=LAYOUT_MEMORY_BYTES,
        readable=(resource_path(""), *font_paths(), *(() if file else _CUPS_PATHS)),
        writable=(Path(file or scratch),),
        tcp_ports=() if file else _printer_ports(),
        descriptors=descriptors,
    )


def _printer_ports() -> tuple[int, ...]:
    """Return the port of IPP, and the port in CUPS_SERVER if it has one."""
    port = os.environ.get("CUPS_SERVER", "").rpartition(":")[2]
    return (_IPP_PORT, int(port)) if port.isdecimal() else (_IPP_PORT,)


def printer_choice(printer: QPrinter) -> dict[str, Any]:
    """Return the choices in the print dialog as JSON values.

    `pages` is [first, last], each from 1. Qt reports 0 for both if all pages are chosen.
    """
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
        "is_color": printer.colorMode() is QPrinter.ColorMode.Color,
        "duplex": printer.duplex().value,
        "is_reversed": printer.pageOrder() is QPrinter.PageOrder.LastPageFirst,
        "pages": [printer.fromPage(), printer.toPage()],
    }


def make_printer(choice: Mapping[str, Any]) -> QPrinter:
    """Return a printer with the settings that `printer_choice` returned."""
    printer = QPrinter(QPrinter.PrinterMode.HighResolution)
    if choice["name"]:
        printer.setPrinterName(choice["name"])
    if choice["file"]:
        printer.setOutputFormat(QPrinter.OutputFormat.PdfFormat)
        printer.setOutputFileName(choice["file"])
    margin = min(MARGIN_MM, _MAX_MARGIN_SHARE * min(choice["paper_mm"]))
    margins = QMarginsF(margin, margin, margin, margin)
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
    color = QPrinter.ColorMode
    printer.setColorMode(color.Color if choice["is_color"] else color.GrayScale)
    printer.setDuplex(QPrinter.DuplexMode(choice["duplex"]))
    order = QPrinter.PageOrder
    printer.setPageOrder(order.LastPageFirst if choice["is_reversed"] else order.FirstPageFirst)
    return printer


def _print(loaded: LoadedConversation, choice: Mapping[str, Any], formulas: FormulaClient) -> None:
    printer = make_printer(choice)
    printer.setDocName(loaded.conversation.title)
    pages = lay_out(loaded, printer, formulas)
    first_page, last_page = choice["pages"]
    first_index = max(0, first_page - 1)  # `first_page` is 0 if all pages are chosen
    end_index = min(last_page or pages.count, pages.count)
    indexes = range(first_index, end_index)
    if not indexes:  # a painter would print an empty page
        raise StorageError(
            N_("This conversation has no page {page}."),
            hint=N_("Choose other pages."),
            page=first_page,
        )
    # Qt leaves the order to the program.
    paint(pages, printer, indexes[::-1] if choice["is_reversed"] else indexes)


def _output_error(file: str, error: OSError) -> StorageError:
    """Return the error for a file that cannot be written, or a printer that failed."""
    if file:
        return StorageError(
            N_("Couldn’t save {file}: {words}."),
            hint=hints.CHOOSE_LOCATION,
            file=file,
            words=system_words(error),
        )
    return StorageError(
        N_("Couldn’t print the conversation."),
        hint=N_("Check the printer, or export as PDF and print that."),
    )
