"""The child process that makes PDF files for `repartee export --format pdf`.

It needs no display. It is confined before it reads any input: it may read fonts and the program's
resources, and write no file.

Each request is a pickled `LoadedConversation` on standard input, and each answer is a PDF on
standard output. A length precedes each of them (`LENGTH_PREFIX`). The process ends when its
standard input closes, or if it cannot lay out a conversation.
"""

from __future__ import annotations

import os
import pickle
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final

from PySide6.QtCore import QBuffer, QIODevice
from PySide6.QtGui import QGuiApplication, QImage, QPageSize, QPainter, QPdfWriter

from desktop_app import __version__, sandbox
from desktop_app.child_processes import child_command
from desktop_app.cli.export_command import LENGTH_PREFIX, LoadedConversation
from desktop_app.i18n.translation import use_language
from desktop_app.paths import resource_path
from desktop_app.rendering.processes.formula_client import FormulaClient
from desktop_app.ui.look.theme import light
from desktop_app.ui.printing.pages import PrintedPages, set_paper

if TYPE_CHECKING:
    from collections.abc import Iterator

    from PySide6.QtGui import QPagedPaintDevice


LAYOUT_MEMORY_BYTES: Final = 4 << 30
"""Memory limit in bytes; laying out a long conversation takes a few hundred megabytes."""

_RESOLUTION: Final = 1200
"""Pixels per inch; letters are placed at whole pixels."""
_FONT_PATHS: Final = (
    Path("/etc/fonts"),
    Path("/usr/share/fontconfig"),
    Path("/var/cache/fontconfig"),
    Path("/usr/X11R6/lib/X11/fonts"),
)


def main() -> int:
    """Make PDF files until the standard input closes; return the exit code."""
    # In a terminal, Ctrl+C is for the command, which ends this process itself.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    requests = sys.stdin.buffer
    answers = os.fdopen(os.dup(1), "wb")
    formulas = FormulaClient(child_command("math"))
    formulas.start()  # now, because `confine` forbids new processes
    sandbox.confine(policy((*formulas.descriptors, answers.fileno())))
    application = make_offscreen_application()
    while loaded := _read_request(requests):
        use_language(loaded.language, resource_path("locale"))
        pdf = _make_pdf(loaded, formulas)
        answers.write(LENGTH_PREFIX.pack(len(pdf)))
        answers.write(pdf)
        answers.flush()
    formulas.close()
    application.shutdown()
    return 0


def policy(descriptors: tuple[int, ...]) -> sandbox.Policy:
    """Return the permissions of this process. `descriptors` stay open."""
    return sandbox.Policy(
        LAYOUT_MEMORY_BYTES, (resource_path(""), *font_paths()), descriptors=descriptors
    )


def font_paths() -> Iterator[Path]:
    """Yield the paths of font configuration, font caches, and fonts outside /usr/share/fonts."""
    yield from _FONT_PATHS
    home = Path.home()
    yield from (home / ".fonts", home / ".config" / "fontconfig")
    yield Path(os.environ.get("XDG_DATA_HOME") or home / ".local" / "share", "fonts")
    yield Path(os.environ.get("XDG_CACHE_HOME") or home / ".cache", "fontconfig")
    for name in ("FONTCONFIG_FILE", "FONTCONFIG_PATH"):
        if path := os.environ.get(name):
            yield Path(path)


def make_offscreen_application() -> QGuiApplication:
    """Return a Qt application with fonts but without a display."""
    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    return QGuiApplication(["repartee"])


def lay_out(
    loaded: LoadedConversation, device: QPagedPaintDevice, formulas: FormulaClient
) -> PrintedPages:
    """Return the pages of a conversation for a device."""
    formulas.forget()
    pages = PrintedPages(
        loaded.conversation.title,
        theme=light(),
        device=device,
        name_of_model=lambda model: loaded.catalog.info(model).name,
        formulas=formulas,
    )
    for message in loaded.path:
        embedded_images = loaded.images[message.id]
        images = {key: QImage.fromData(image.data) for key, image in embedded_images.items()}
        pages.content.add_message(message, images)
    return pages


def paint(pages: PrintedPages, device: QPagedPaintDevice, numbers: range) -> None:
    """Paint these pages, counted from 0, onto sheets.

    Raises:
        OSError: the disk is full, or the printer accepts no more.
    """
    painter = QPainter(device)
    try:
        for number in numbers:
            if number != numbers[0]:
                device.newPage()
            pages.paint(painter, number)
    finally:
        is_complete = painter.end()
    if not is_complete:
        raise OSError("the disk or the printer accepts no more")


def _read_request(requests: BinaryIO) -> LoadedConversation | None:
    prefix = requests.read(LENGTH_PREFIX.size)
    if len(prefix) < LENGTH_PREFIX.size:
        return None
    pickled = requests.read(LENGTH_PREFIX.unpack(prefix)[0])
    # Only the process that started this one writes to the pipe.
    loaded: LoadedConversation = pickle.loads(pickled)  # noqa: S301
    return loaded


def _make_pdf(loaded: LoadedConversation, formulas: FormulaClient) -> bytes:
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    device = QPdfWriter(buffer)
    device.setResolution(_RESOLUTION)
    device.setTitle(loaded.conversation.title)
    device.setCreator(f"Repartee {__version__}")
    set_paper(device, QPageSize.PageSizeId.A4)
    pages = lay_out(loaded, device, formulas)
    paint(pages, device, range(pages.count))
    return bytes(buffer.data().data())
