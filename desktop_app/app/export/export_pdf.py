"""Conversations on pages, by Qt, where no screen is needed: `repartee export --format pdf`."""

from __future__ import annotations

import asyncio
import errno
import os
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QFile, QFileDevice, QIODevice
from PySide6.QtGui import QGuiApplication, QImage, QPageSize, QPainter, QPdfWriter

from desktop_app import __version__
from desktop_app.child_processes import child_command
from desktop_app.cli.export_command import WITHOUT_QT, pictures_of
from desktop_app.cli.library_commands import run_library
from desktop_app.rendering.processes.formula_client import FormulaClient
from desktop_app.ui.look.theme import light
from desktop_app.ui.printing.pages import PrintedPages, set_paper

if TYPE_CHECKING:
    import argparse
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from PySide6.QtGui import QPagedPaintDevice

    from desktop_app.backend.backend import Backend
    from desktop_app.domain.conversations.conversation import Conversation, Message
    from desktop_app.domain.models.model_catalog import ModelCatalog
    from desktop_app.exchange.writers.html_page import Picture

    FindPictures = Callable[[Message], Awaitable[dict[str, Picture]]]

# Letters are placed in whole pixels of this many to the inch.
_RESOLUTION = 1200


def run_export_pdf(options: argparse.Namespace) -> int:
    """Do what the command line says; returns the exit code."""
    application = without_a_screen()
    try:
        return run_library(options, {**WITHOUT_QT, "pdf": PdfFile})
    finally:
        application.shutdown()


def without_a_screen() -> QGuiApplication:
    """Qt with fonts, and nothing to show."""
    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    return QGuiApplication(["repartee"])


class Paper:
    """Lays conversations out for a device, with their pictures and formulas.

    Attributes:
        formulas: what typesets.
    """

    def __init__(self, catalog: ModelCatalog, find_pictures: FindPictures) -> None:
        self.formulas = FormulaClient(child_command("maths"))
        self._catalog = catalog
        self._find_pictures = find_pictures

    async def pages(
        self, device: QPagedPaintDevice, conversation: Conversation, path: list[Message]
    ) -> PrintedPages:
        """The pages of the path shown."""
        catalog = self._catalog
        self.formulas.forget()
        pages = PrintedPages(
            conversation.title, light(), device, lambda m: catalog.info(m).name, self.formulas
        )
        for message in path:
            await asyncio.sleep(0)  # here it can be interrupted
            found = await self._find_pictures(message)
            images = {key: QImage.fromData(picture.data) for key, picture in found.items()}
            pages.content.add(message, images)
        return pages

    def close(self) -> None:
        """End what typesets."""
        self.formulas.close()


class PdfFile(Paper):
    """A conversation as PDF, as it is printed."""

    suffix = ".pdf"

    def __init__(self, backend: Backend) -> None:
        super().__init__(backend.catalog, partial(pictures_of, backend))

    async def write(self, file: Path, conversation: Conversation, path: list[Message]) -> None:
        """Write the path shown; raises OSError."""
        with file.open("wb"):
            pass  # where nothing can be written, the reason is told by who knows it
        # Of our own: the writer tells nobody what its file did not take.
        output = QFile(str(file))
        if not output.open(QIODevice.OpenModeFlag.WriteOnly):
            raise _unwritten(output)
        device = QPdfWriter(output)
        device.setResolution(_RESOLUTION)
        device.setTitle(conversation.title)
        device.setCreator(f"Repartee {__version__}")
        set_paper(device, QPageSize.PageSizeId.A4)
        pages = await self.pages(device, conversation, path)
        await paint(pages, device, range(pages.count))
        if not output.flush() or output.error() != QFileDevice.FileError.NoError:
            raise _unwritten(output)
        output.close()


def _unwritten(output: QFile) -> OSError:
    return OSError(errno.EIO, output.errorString())


async def paint(pages: PrintedPages, device: QPagedPaintDevice, numbers: range) -> None:
    """Paint these pages, counted from 0, onto sheets; raises OSError."""
    painter = QPainter(device)
    try:
        for number in numbers:
            await asyncio.sleep(0)  # here it can be interrupted
            if number != numbers[0]:
                device.newPage()
            pages.paint(painter, number)
    finally:
        is_whole = painter.end()
    if not is_whole:
        raise OSError("the disk or the printer took no more")
