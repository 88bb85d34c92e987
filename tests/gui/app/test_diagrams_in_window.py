"""Diagrams in the window: drawn while the answer streams, copied, saved and exported."""

from __future__ import annotations

import zipfile
from functools import partial
from pathlib import Path

import pypdfium2
import pytest
from PySide6.QtCore import QUrl
from PySide6.QtGui import QColor, QGuiApplication, QImage

from desktop_app.exchange.ui.transfer_controller import TransferController
from desktop_app.markdown.processes.diagram_drawing import can_draw
from desktop_app.transcript.message_items import diagram_key_of
from tests.gui.app.app_harness import AppHarness, until
from tests.helpers.diagrams import FLOWCHART
from tests.helpers.file_dialogs import choose_paths

pytestmark = pytest.mark.skipif(not can_draw(), reason="merman has no wheel for this system")


def picture_keys(app: AppHarness) -> list[str]:
    shown = app.window.transcript.messages.last()
    items = () if shown is None else enumerate(shown.items)
    return [
        key
        for index, item in items
        if (key := diagram_key_of(item)) and shown is not None and not shown.is_hidden(index)
    ]


def painted_like(app: AppHarness, color: QColor) -> int:
    """Return the number of pixels of the transcript that have exactly this color."""
    image = app.window.transcript.viewport().grab().toImage()
    wanted = color.rgb()
    return sum(
        image.pixel(x, y) == wanted
        for y in range(0, image.height(), 2)
        for x in range(0, image.width(), 2)
    )


def has_said(app: AppHarness, sentence: str) -> bool:
    return app.said == sentence


async def test_a_diagram_is_shown_enlarged_and_exported(
    tmp_path: Path, opened_files: list[QUrl]
) -> None:
    async with AppHarness() as app:
        # A streamed answer shows its diagram at the closing fence.
        theme = app.window.transcript.theme
        turn = await app.ask("Draw it")
        turn.say(f"Here:\n\n```mermaid\n{FLOWCHART}")
        await until(lambda: "Is it ok?" in app.transcript)
        before = painted_like(app, theme.tint)
        turn.say("\n```\n")
        await until(lambda: bool(picture_keys(app)))
        assert "Is it ok?" not in app.transcript
        await until(lambda: painted_like(app, theme.tint) > before + 500)
        turn.end("\nDone.")
        await app.settled()
        [key] = picture_keys(app)
        view = app.window.transcript
        message = app.state.current.path[-1]
        view.commands.run(message.id, f"diagram-0/{key}")
        assert "Is it ok?" in app.transcript
        view.commands.run(message.id, "diagram-0")
        assert "Is it ok?" not in app.transcript
        app.act(f"copy-diagram/{key}")
        await until(lambda: app.said == "Picture copied")
        copied = QGuiApplication.clipboard().image()
        assert copied.width() > 100
        for name, start in (("a.png", b"\x89PNG"), ("a.svg", b"<svg")):
            app.act(f"save-diagram/{key}")
            choose_paths(tmp_path / name)
            await until(partial(has_said, app, f"Saved “{name}”."))
            assert (tmp_path / name).read_bytes().startswith(start)
        assert QImage(str(tmp_path / "a.png")).size() == copied.size()

        # A wide diagram is enlarged as images are.
        await app.start_over()
        chain = " --> ".join(f"N{number}[Step {number}]" for number in range(14))
        await app.ask_and_answer("Draw it", f"```mermaid\n{FLOWCHART}\n```\n")
        await until(lambda: bool(picture_keys(app)))
        assert "Enlarge" not in app.transcript
        await app.ask_and_answer("Wider", f"```mermaid\nflowchart LR\n {chain}\n```\n")
        await until(lambda: "Enlarge" in app.transcript)
        [key] = picture_keys(app)
        app.act(f"picture/{key}")
        await until(lambda: opened_files)
        opened = QImage(opened_files[0].toLocalFile())
        assert opened.width() > app.window.transcript.viewport().width()
        assert app.state.current.path[-1].text.startswith("```mermaid")

        # Exports have the picture.
        await app.start_over()
        await app.ask_and_answer("Draw it", f"Here:\n\n```mermaid\n{FLOWCHART}\n```\n")
        for kind in ("html", "markdown", "docx", "odt", "pdf"):
            file = tmp_path / f"made-{kind}"
            app.controllers.of(TransferController).export([app.open_id], kind, file)
            await until(partial(has_said, app, f"Exported to {file.name}."))
    page = (tmp_path / "made-html").read_text()
    assert '<img src="data:image/png;base64,' in page
    assert "Is it ok?" in page
    assert f"```mermaid\n{FLOWCHART}\n```" in (tmp_path / "made-markdown").read_text()
    for kind, folder in (("docx", "word/media/"), ("odt", "Pictures/")):
        names = zipfile.ZipFile(tmp_path / f"made-{kind}").namelist()
        assert [n for n in names if n.startswith(folder) and n.endswith(".png")], kind
    with pypdfium2.PdfDocument(tmp_path / "made-pdf") as pdf:
        objects = list(pdf[0].get_objects(filter=[pypdfium2.raw.FPDF_PAGEOBJ_IMAGE]))
    assert objects
