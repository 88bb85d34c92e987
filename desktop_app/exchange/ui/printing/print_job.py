"""Lays out a conversation and prints it, or writes it as PDF, in a thread.

Qt's rich text and printing may be used in any thread. While 1,000 messages were printed, 99 % of
the turns of the window's event loop took less than 10 ms, and all of them less than 30 ms. They
took 30 MB. Confined processes read images, formulas and code, as for the transcript.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from PySide6.QtCore import QBuffer, QEventLoop, QIODevice, QMarginsF
from PySide6.QtGui import (
    QGuiApplication,
    QImage,
    QPagedPaintDevice,
    QPageLayout,
    QPageSize,
    QPainter,
    QPdfWriter,
)

from desktop_app import __version__
from desktop_app.chat.attachments.image_scaling import ImageScaler
from desktop_app.child_processes import child_command
from desktop_app.cli.output_file import partial_file
from desktop_app.documents.worker.protocol import Pixels
from desktop_app.domain import hints
from desktop_app.domain.conversations.conversation import Message
from desktop_app.domain.conversations.message_parts import ImagePart
from desktop_app.domain.errors import StorageError, UserFacingError
from desktop_app.domain.system_error import system_words
from desktop_app.exchange.ui.printing.pages import Pages
from desktop_app.exchange.ui.printing.paper_html import PaperHtml
from desktop_app.i18n.translation import N_
from desktop_app.markdown.parsing.inline_images import image_bytes_of
from desktop_app.markdown.processes.formula_client import FormulaClient
from desktop_app.markdown.processes.highlight import (
    MAX_LINE_LENGTH,
    ColoredSpan,
    parse_colored_spans,
)
from desktop_app.markdown.processes.math_typesetting import Formula
from desktop_app.widgets.look.theme import light
from desktop_app.writers.html_page import to_plain_html, visible_text

if TYPE_CHECKING:
    from PySide6.QtPrintSupport import QPrinter  # a PDF is written without its libraries

MARGIN_MM: Final = 18.0
"""Margin on each side of the paper in millimeters."""
_MAX_MARGIN_SHARE: Final = 1 / 6
"""The largest margin as a share of the paper's shorter side.

On a label of 62 by 29 mm, the usual margins would leave no room for text.
"""
_RESOLUTION: Final = 1200
"""Pixels per inch; letters are placed at whole pixels."""
_SWITCH_INTERVAL_S: Final = 0.0005
"""With Python's own 5 ms, one in a hundred turns of the event loop takes 23 ms."""
_USUAL_SWITCH_INTERVAL_S: Final = sys.getswitchinterval()
_MAX_IMAGE_SIZE: Final = (1600, 1600)
"""Size in pixels that images are scaled to fit into."""


class PrintSource(NamedTuple):
    """A conversation to print.

    Attributes:
        name_of_model: returns a model's display name for its id.
    """

    title: str
    path: Sequence[Message]
    images: ImageScaler
    name_of_model: Callable[[str], str]


def make_offscreen_application() -> QGuiApplication:
    """Return a Qt application with fonts but without a display."""
    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    return QGuiApplication(["repartee"])


def set_paper(device: QPagedPaintDevice, paper: QPageSize.PageSizeId) -> None:
    """Set the paper size of the device, in portrait, with margins of `MARGIN_MM`."""
    margins = QMarginsF(MARGIN_MM, MARGIN_MM, MARGIN_MM, MARGIN_MM)
    orientation = QPageLayout.Orientation.Portrait
    layout = QPageLayout(QPageSize(paper), orientation, margins, QPageLayout.Unit.Millimeter)
    device.setPageLayout(layout)


async def pdf_of(source: PrintSource) -> bytes:
    """Return a conversation as PDF, on paper of size A4."""
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    device = QPdfWriter(buffer)
    device.setTitle(source.title)
    device.setCreator(f"Repartee {__version__}")
    set_paper(device, QPageSize.PageSizeId.A4)
    await print_conversation(source, device, range)
    return bytes(buffer.data().data())


async def print_to_file(source: PrintSource, printer: QPrinter) -> None:
    """Print into the file that the user chose, which gets its content when that is complete.

    Raises:
        StorageError: the file cannot be written.
    """
    from PySide6.QtPrintSupport import QPrinter

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
    from PySide6.QtPrintSupport import QPrinter

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


async def print_conversation(
    source: PrintSource, device: QPdfWriter | QPrinter, choose_pages: Callable[[int], range]
) -> None:
    """Print a conversation; if the task is canceled, stop before the next message or page.

    Args:
        choose_pages: returns the pages to paint, counted from 0, for the number of all pages. It
            may raise UserFacingError.

    Raises:
        OSError: the disk is full, or the printer accepts no more.
        UserFacingError: it has more pages than can be printed.
    """
    job = _PrintJob(source, device, choose_pages)
    sys.setswitchinterval(_SWITCH_INTERVAL_S)
    thread = asyncio.get_running_loop().run_in_executor(None, job.run)
    try:
        await asyncio.shield(thread)
    except asyncio.CancelledError:
        job.stopped.set()
        await thread
        raise
    finally:
        sys.setswitchinterval(_USUAL_SWITCH_INTERVAL_S)


class _PrintJob:
    """The work of the thread; it also reads what other processes know of the conversation."""

    def __init__(
        self,
        source: PrintSource,
        device: QPdfWriter | QPrinter,
        choose_pages: Callable[[int], range],
    ) -> None:
        self._source = source
        self._device = device
        self._choose_pages = choose_pages
        self._loop = asyncio.get_running_loop()
        self._formulas = FormulaClient(child_command("math"))
        self._diagrams = FormulaClient(child_command("diagrams"))
        self._lexer = FormulaClient(child_command("lexing"))
        self.stopped = Event()

    def run(self) -> None:
        """Lay out the messages, and paint the pages."""
        QEventLoop()  # gives the thread a dispatcher, which Qt's layout starts a timer in
        try:
            self._device.setResolution(_RESOLUTION)
            pages = self._lay_out()
            if not self.stopped.is_set():
                paint(pages, self._device, self._choose_pages(pages.count), self.stopped)
        finally:
            self._formulas.close()
            self._diagrams.close()
            self._lexer.close()

    def _lay_out(self) -> Pages:
        """Return the pages; those of the first messages if the job stopped."""
        source = self._source
        pages = Pages(visible_text(source.title), light(), self._device, self)
        html = PaperHtml(source.name_of_model, self, pages)
        pages.add(f'<h1 class="title">{to_plain_html(source.title)}</h1>')
        for message in source.path:
            for part in html.parts(message):
                if self.stopped.is_set():
                    return pages
                pages.add(part)
        return pages

    def find(self, tex: str, *, display: bool) -> Formula | None:
        return self._formulas.find(tex, display=display)

    def forget(self) -> None:
        """Do nothing: a job is over before formulas could become too many."""

    def spans(self, code: str, language: str) -> list[ColoredSpan]:
        """Return the colored spans of code; [] if it is not highlighted."""
        if not language or max(map(len, code.split("\n"))) > MAX_LINE_LENGTH:
            return []
        answer = self._lexer.ask({"language": language, "code": code})
        return parse_colored_spans(answer) or []

    def diagram(self, language: str, source: str) -> tuple[QImage, int] | None:
        """Return the picture of a diagram, and its width in pixels; None for other code."""
        drawn = self._diagrams.draw(language, source)
        if drawn is None:
            return None
        image = self._image(self._source.images.decode(drawn.png, "image/png"))
        return None if image.isNull() else (image, drawn.width)

    def picture(self, part: ImagePart) -> QImage:
        """Return an attached picture; a null image if it cannot be decoded."""
        return self._image(self._source.images.thumbnail(part, _MAX_IMAGE_SIZE))

    def inline_image(self, address: str) -> QImage:
        """Return the image in an address; a null image if it cannot be decoded."""
        data = image_bytes_of(address) or b""
        media_type = address.removeprefix("data:").partition(";")[0]
        return self._image(self._source.images.decode(data, media_type, _MAX_IMAGE_SIZE))

    def _image(self, work: Coroutine[Any, Any, Pixels]) -> QImage:
        """Wait in this thread for the confined reader; return a null image if it fails."""
        with suppress(UserFacingError):
            pixels = asyncio.run_coroutine_threadsafe(work, self._loop).result()
            rgba = QImage.Format.Format_RGBA8888
            image = QImage(pixels.data, pixels.width, pixels.height, 4 * pixels.width, rgba)
            return image.copy()  # which owns its bytes
        return QImage()


def paint(
    pages: Pages, device: QPagedPaintDevice, numbers: range, stopped: Event | None = None
) -> None:
    """Paint these pages, counted from 0, onto sheets.

    Raises:
        OSError: the disk is full, or the printer accepts no more.
    """
    painter = QPainter(device)
    try:
        for number in numbers:
            if stopped is not None and stopped.is_set():
                break
            if number != numbers[0]:
                device.newPage()
            pages.paint(painter, number)
    finally:
        is_complete = painter.end()
    if not is_complete:
        raise OSError("the disk or the printer accepts no more")
