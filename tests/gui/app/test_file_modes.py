"""Files written by the window are private to their owner under any umask."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from PySide6.QtCore import QObject, QUrl, Slot
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QAbstractButton

from desktop_app import child_processes
from desktop_app.child_processes import keep_files_private
from desktop_app.documents.ui.document_viewer import DocumentViewer
from desktop_app.domain.conversations.message_parts import DocumentPart
from desktop_app.exchange.ui.transfer_controller import TransferController
from desktop_app.paths import folders
from desktop_app.widgets.external_open import open_path
from tests.gui.app.app_harness import AppHarness, until
from tests.gui.app.test_export_and_print import has_said, pdf_printer
from tests.gui.app.test_viewer import OPENAI
from tests.helpers.widgets import find
from tests.integration.cli.test_file_modes import open_to_others


@pytest.fixture(autouse=True)
def umask(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Apply the program's file modes from an initial umask of 0."""
    monkeypatch.setattr(child_processes, "_original_umask", None)
    before = os.umask(0)
    keep_files_private()
    yield
    os.umask(before)


class System(QObject):
    """A stand-in for the system's programs.

    Attributes:
        opened: the opened files.
        umasks: the umasks that started programs would have.
    """

    def __init__(self) -> None:
        super().__init__()
        self.opened: list[Path] = []
        self.umasks: list[int] = []

    @Slot(QUrl)
    def open(self, url: QUrl) -> None:
        self.opened.append(Path(url.toLocalFile()))
        self.umasks.append(os.umask(0))
        os.umask(self.umasks[-1])


@pytest.fixture
def system() -> Iterator[System]:
    made = System()
    QDesktopServices.setUrlHandler("file", made, "open")  # type: ignore[arg-type]
    yield made
    QDesktopServices.unsetUrlHandler("file")


@pytest.mark.slow
@pytest.mark.attack("file-modes")
async def test_nobody_else_reads_what_the_window_writes(
    data: Path, tmp_path: Path, system: System
) -> None:
    out = tmp_path / "out"
    out.mkdir(mode=0o700)
    (out / "printed.pdf").write_text("old")
    (out / "printed.pdf").chmod(0o666)

    async with AppHarness(environment=OPENAI) as app:
        app.window.prompt.attach_requested.emit([data / "report.pdf"])
        await until(lambda: bool(app.chips) and not app.is_reading)
        await app.ask_and_answer("Which is it?", "This one.")
        logging.getLogger("desktop_app").warning("a line in the log")
        for kind in ("pdf", "html", "markdown", "json"):
            app.controllers.of(TransferController).export([app.open_id], kind, out / f"out.{kind}")
            await until(partial(has_said, app, f"Exported to out.{kind}."))
        printer = pdf_printer(out / "printed.pdf")
        app.controllers.of(TransferController).print_on(printer)
        await until(lambda: app.said == "Printed to printed.pdf.")
        (part,) = app.state.current.path[0].attachments
        assert isinstance(part, DocumentPart)
        app.act(f"document/{part.sha256}", 0)
        viewer = app.controllers.of(DocumentViewer)
        find(viewer, QAbstractButton, "viewer-original").click()
        await until(lambda: bool(system.opened))
        assert system.opened[0].is_relative_to(folders().temporary)
        # With the write-ahead log, the socket and the copy that another program shows.
        home = folders().data.parent
        names = {path.name for path in (*home.rglob("*"), *folders().runtime.iterdir())}
        assert {"repartee.sqlite3-wal", "repartee.log", folders().socket.name} <= names
        assert open_to_others(home, folders().runtime, out) == []
    assert open_to_others(home, out) == []
    assert list(folders().temporary.iterdir()) == []
    assert {path.name for path in out.iterdir()} == {
        *(f"out.{kind}" for kind in ("pdf", "html", "markdown", "json")),
        "printed.pdf",
    }


def test_another_program_gets_the_umask_that_we_were_given(system: System, tmp_path: Path) -> None:
    open_path(tmp_path)
    assert system.umasks == [0]
    assert os.umask(0o077) == 0o077
