"""Passwords of documents: asked for, tried, never written to a file."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from desktop_app.documents.ui.password_dialog import PasswordDialog
from desktop_app.domain.conversations.message_parts import DocumentPart
from desktop_app.paths import folders
from tests.data.locked_pdf import locked_pdf
from tests.gui.app.app_harness import AppHarness, until

OPENAI = {"OPENAI_API_KEY": "not-a-key"}
SECRET = "größe-7301"


def dialogs() -> list[PasswordDialog]:
    found = [w for w in QApplication.allWidgets() if isinstance(w, PasswordDialog)]
    return [dialog for dialog in found if dialog.isVisible()]


async def shown_dialog() -> PasswordDialog:
    await until(lambda: len(dialogs()) == 1)
    return dialogs()[0]


def enter(dialog: PasswordDialog, password: str) -> None:
    dialog.field.setText(password)
    QTest.keyClick(dialog.field, Qt.Key.Key_Return)


def part_of(app: AppHarness) -> DocumentPart:
    (part,) = app.state.current.draft.value.attachments
    assert isinstance(part, DocumentPart)
    return part


async def test_a_password_opens_a_document_and_without_it_is_refused(data: Path) -> None:
    async with AppHarness() as app:
        # Without a password the document is refused.
        app.window.files_dropped.emit([data / "encrypted.pdf", data / "notes.md"])
        dialog = await shown_dialog()
        QTest.keyClick(dialog, Qt.Key.Key_Escape)
        await until(lambda: not app.is_reading)
        assert app.said.startswith("“encrypted.pdf” is password-protected.")
        assert len(app.chips) == 1

        # A password opens a document and is stored nowhere.
        await app.start_over()
        app.window.files_dropped.emit([data / "encrypted.pdf"])
        dialog = await shown_dialog()
        assert dialog.accessibleName() == "“encrypted.pdf” is password-protected."
        assert dialog.field.echoMode() is dialog.field.EchoMode.Password
        enter(dialog, "wrong-8214")
        await until(lambda: dialogs() not in ([], [dialog]))
        again = dialogs()[0]
        assert again.accessibleName() == "The password for “encrypted.pdf” is wrong."
        enter(again, "alder")
        await until(lambda: not app.is_reading)
        assert app.chips == ["encrypted.pdf, 3 pages"]
        assert part_of(app).is_protected
        turn = await app.ask("Who?")
        assert "[page 3]" in turn.asked
        turn.end("Dubois")
        await app.settled()
        assert app.said == ""
    where = folders()
    files = [path for path in where.data.rglob("*") if path.is_file()]
    files += [path for path in where.logs.rglob("*") if path.is_file()]
    assert len(files) > 1
    for path in files:
        content = path.read_bytes()
        for word in (b"alder", b"wrong-8214"):
            assert word not in content, path


async def test_a_password_is_tried_on_the_next_document(tmp_path: Path) -> None:
    for pages, name in enumerate(("a.pdf", "b.pdf", "c.pdf"), start=1):
        (tmp_path / name).write_bytes(locked_pdf(SECRET, pages))

    async with AppHarness(environment=OPENAI) as app:
        app.window.files_dropped.emit([tmp_path / "a.pdf", tmp_path / "b.pdf"])
        enter(await shown_dialog(), SECRET)  # once for both
        await until(lambda: not app.is_reading)
        app.window.files_dropped.emit([tmp_path / "c.pdf", tmp_path / "a.pdf"])
        await until(lambda: not app.is_reading and "“a.pdf” is already attached." in app.said)
        assert len(app.chips) == 3
        assert not dialogs()
