"""Export and printing from the window."""

from __future__ import annotations

import asyncio
from functools import partial
from pathlib import Path
from threading import Event

import pypdfium2
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication, QPainter
from PySide6.QtPrintSupport import QPrinter
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QCheckBox, QMenu, QPlainTextEdit, QPushButton

from desktop_app.exchange.ui.page_dialog import PageDialog
from desktop_app.exchange.ui.printing.pages import Pages
from desktop_app.exchange.ui.transfer_controller import TransferController
from tests.gui.app.app_harness import AppHarness, until
from tests.helpers.file_dialogs import choose_paths, file_dialog
from tests.helpers.menus import entry_text
from tests.helpers.widgets import find


def has_said(app: AppHarness, sentence: str) -> bool:
    return app.said == sentence


def cancel_buttons(app: AppHarness) -> list[QPushButton]:
    buttons = app.window.notifications.findChildren(QPushButton)
    return [button for button in buttons if button.text() == "Cancel"]


async def cancel_shown(app: AppHarness) -> None:
    """Click the Cancel button of the card on top; a layout shows a new button a turn later."""
    await until(lambda: any(button.isVisible() for button in cancel_buttons(app)))
    next(button for button in cancel_buttons(app) if button.isVisible()).click()


def pdf_printer(file: Path) -> QPrinter:
    """Return a printer that prints into a PDF file."""
    printer = QPrinter(QPrinter.PrinterMode.HighResolution)
    printer.setOutputFormat(QPrinter.OutputFormat.PdfFormat)
    printer.setOutputFileName(str(file))
    return printer


def pdf_text(file: Path) -> str:
    return "\n".join(
        str(page.get_textpage().get_text_range()) for page in pypdfium2.PdfDocument(file)
    )


async def test_the_conversation_is_exported_and_copied(tmp_path: Path) -> None:
    async with AppHarness() as app:
        # A child process exports the open conversation.
        await app.ask_and_answer("Which is it?", "It is **this** one.")
        app.session.actions["conversation.export"].trigger()
        menu = find(app.window, QMenu, "export-menu")
        assert [entry_text(entry) for entry in menu.actions()] == [
            *("Word…", "PDF…", "Markdown…", "Web page…", "More")
        ]
        QTest.keyClick(menu, Qt.Key.Key_Return)  # the first is active
        dialog = file_dialog()
        assert Path(dialog.selectedFiles()[0]).match("*Which is it*.docx")
        assert dialog.nameFilters() == ["Word (*.docx)"]
        dialog.close()
        for kind, suffix in (("pdf", ".pdf"), ("html", ".html"), ("markdown", ".md")):
            file = tmp_path / f"out{suffix}"
            app.controllers.of(TransferController).export([app.open_id], kind, file)
            await until(partial(has_said, app, f"Exported to {file.name}."))
            text = pdf_text(file) if kind == "pdf" else file.read_text()
            assert "Which is it?" in text

        # A failed export is reported.
        await app.start_over()
        await app.ask_and_answer("Which is it?", "This one.")
        (tmp_path / "file").touch()
        app.controllers.of(TransferController).export(
            [app.open_id], "pdf", tmp_path / "file" / "x.pdf"
        )
        await until(lambda: app.said.startswith("Couldn’t save"))
        assert "x.pdf: a file with this name exists." in app.said

        # The conversation is copied.
        await app.start_over()
        table = "| a | b |\n|---|---|\n| 1 | 2 |"
        await app.ask_and_answer("Which <is> it?", f"It is **this** one.\n\n{table}")
        app.controllers.of(TransferController).copy()
        await until(lambda: app.said == "Conversation copied.")
        copied = QGuiApplication.clipboard().mimeData()
        assert "It is **this** one." in copied.text()
        assert copied.hasFormat("text/markdown")
        assert "<strong>this</strong>" in copied.html()
        assert "<p>Which &lt;is&gt; it?</p>" in copied.html()
        assert "<table" in copied.html()

        # A page to give away names what it holds first.
        await app.start_over()
        await app.ask_and_answer("Which is it?", "It is **this** one.")
        app.controllers.of(TransferController).choose_open_export("html")
        await until(lambda: bool(app.window.findChildren(PageDialog)))
        (dialog,) = app.window.findChildren(PageDialog)
        held = find(dialog, QPlainTextEdit, "page-contents")
        assert "2 messages" in held.toPlainText()
        assert dialog.findChild(QCheckBox, "page--versions") is None
        without_details = held.toPlainText()
        find(dialog, QCheckBox, "page--details").click()
        assert held.toPlainText() != without_details
        find(dialog, QPushButton, "page-save").click()
        choose_paths(tmp_path / "page.html")
        await until(partial(has_said, app, "Exported to page.html."))
    assert "Which is it?" in (tmp_path / "page.html").read_text()


@pytest.mark.slow
async def test_the_suffix_chooses_the_export_format(tmp_path: Path) -> None:
    async with AppHarness() as app:
        await app.ask_and_answer("Which is it?", "It is **this** one.")
        await save(app, tmp_path / "typed.HTML", "pdf")
        await save(app, tmp_path / "v1.2 of it", "markdown")
    assert (tmp_path / "typed.HTML").read_text().startswith("<!doctype html>")
    assert (tmp_path / "v1.2 of it").read_text().startswith("# Which")


async def save(app: AppHarness, file: Path, chosen: str) -> None:
    """Save under a typed name, with this format chosen."""
    app.controllers.of(TransferController).choose_open_export(chosen)
    choose_paths(file)
    await until(partial(has_said, app, f"Exported to {file.name}."))


async def test_chosen_pages_are_printed_or_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with AppHarness() as app:
        # The chosen pages are printed with the usual margins.
        await app.ask_and_answer("Which is it?", " ".join(f"This one is {n}!" for n in range(1500)))
        printer = pdf_printer(tmp_path / "printed.pdf")
        printer.setFromTo(2, 2)
        app.controllers.of(TransferController).print_on(printer)
        await until(lambda: app.said == "Printed to printed.pdf.")
        text = pdf_text(tmp_path / "printed.pdf")
        assert "This one is" in text
        assert "Which is it?" not in text.replace("Which is it? 2 /", "")
        assert "2 / " in text
        assert round(printer.pageLayout().margins().left()) == 18
        printer.setFromTo(90, 91)
        app.controllers.of(TransferController).print_on(printer)
        await until(lambda: app.said.startswith("This conversation has no page 90."))

        # A canceled print leaves the file as it was.
        await app.start_over()
        folder = tmp_path / "out"
        folder.mkdir()
        file = folder / "printed.pdf"
        file.write_text("old")
        pages: list[int] = []
        paint = Pages.paint

        def paint_until_canceled(self: Pages, painter: QPainter, number: int) -> None:
            pages.append(number)
            paint(self, painter, number)
            assert canceled.wait(30)

        canceled = Event()
        monkeypatch.setattr(Pages, "paint", paint_until_canceled)
        await app.ask_and_answer("Which is it?", " ".join(f"This one is {n}!" for n in range(1500)))
        printer = pdf_printer(file)
        app.controllers.of(TransferController).print_on(printer)
        await cancel_shown(app)
        await asyncio.sleep(0)  # the task gets its cancellation before the thread goes on
        canceled.set()
        await until(lambda: app.said == "Printing canceled.")
    assert pages == [0]
    assert {path.name: path.read_text() for path in folder.iterdir()} == {"printed.pdf": "old"}
