"""Passwords of documents: asked for, tried, never written to a file."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QPushButton

from desktop_app.domain.conversations.message_parts import DocumentPart
from desktop_app.paths import folders
from desktop_app.ui.viewer.password_dialog import PasswordDialog
from tests.data.locked_pdf import locked_pdf
from tests.gui.app.desk import Desk, until
from tests.gui.app.test_documents import is_read

OPENAI = {"OPENAI_API_KEY": "not-a-key"}
SECRET = "größe-7301"


def dialogs() -> list[PasswordDialog]:
    found = [w for w in QApplication.topLevelWidgets() if isinstance(w, PasswordDialog)]
    return [dialog for dialog in found if dialog.isVisible()]


async def asked() -> PasswordDialog:
    await until(lambda: len(dialogs()) == 1)
    return dialogs()[0]


def give(dialog: PasswordDialog, password: str) -> None:
    dialog.field.setText(password)
    QTest.keyClick(dialog.field, Qt.Key.Key_Return)


def part_of(desk: Desk) -> DocumentPart:
    (part,) = desk.state.draft.value.attachments
    assert isinstance(part, DocumentPart)
    return part


async def test_a_password_opens_a_document_and_is_stored_nowhere(
    data: Path, tmp_path: Path
) -> None:
    async with Desk() as desk:
        desk.window.files_dropped.emit([data / "encrypted.pdf"])
        dialog = await asked()
        assert dialog.accessibleName() == "“encrypted.pdf” is password-protected."
        assert dialog.field.echoMode() is dialog.field.EchoMode.Password
        give(dialog, "wrong-8214")
        await until(lambda: dialogs() not in ([], [dialog]))
        again = dialogs()[0]
        assert again.accessibleName() == "The password for “encrypted.pdf” is wrong."
        give(again, "alder")
        await until(lambda: is_read(desk))
        assert desk.chips[0].startswith("encrypted.pdf, 3 pages · ")
        assert part_of(desk).is_protected
        turn = await desk.ask("Who?")
        assert "[page 3]" in turn.asked
        turn.end("Dubois")
        await desk.settled()
        assert desk.said == ""
    where = folders()
    files = [path for path in where.data.rglob("*") if path.is_file()]
    files += [path for path in where.logs.rglob("*") if path.is_file()]
    assert len(files) > 1
    for path in files:
        content = path.read_bytes()
        for word in (b"alder", b"wrong-8214"):
            assert word not in content or path.name == "store.sqlite3-shm", path


async def test_without_a_password_the_document_is_refused(data: Path) -> None:
    async with Desk() as desk:
        desk.window.files_dropped.emit([data / "encrypted.pdf", data / "notes.md"])
        dialog = await asked()
        QTest.keyClick(dialog, Qt.Key.Key_Escape)
        await until(lambda: is_read(desk))
        assert desk.said.startswith("“encrypted.pdf” is password-protected.")
        assert len(desk.chips) == 1


async def test_two_passwords_are_asked_for_one_after_the_other(tmp_path: Path) -> None:
    for name in ("a.pdf", "b.pdf"):
        (tmp_path / name).write_bytes(locked_pdf(name))

    async with Desk(environment=OPENAI) as desk:
        desk.window.files_dropped.emit([tmp_path / "a.pdf", tmp_path / "b.pdf"])
        for _ in range(2):
            dialog = await asked()
            name = dialog.accessibleName().split("“")[1].split("”")[0]
            give(dialog, name)
            await until(partial(lambda shown: shown not in dialogs(), dialog))
        await until(lambda: is_read(desk))
        assert len(desk.chips) == 2


async def test_a_password_is_tried_on_the_next_document(tmp_path: Path) -> None:
    for name in ("a.pdf", "b.pdf", "c.pdf"):
        (tmp_path / name).write_bytes(locked_pdf(SECRET, pages=len(name) + ord(name[0]) - 101))

    async with Desk(environment=OPENAI) as desk:
        desk.window.files_dropped.emit([tmp_path / "a.pdf", tmp_path / "b.pdf"])
        give(await asked(), SECRET)  # once for both
        await until(lambda: is_read(desk))
        desk.window.files_dropped.emit([tmp_path / "c.pdf", tmp_path / "a.pdf"])
        await until(lambda: is_read(desk) and "“a.pdf” is already attached." in desk.said)
        assert len(desk.chips) == 3
        assert not dialogs()


async def test_removing_the_chip_closes_the_password_dialog(data: Path) -> None:
    async with Desk() as desk:
        desk.window.files_dropped.emit([data / "encrypted.pdf"])
        await asked()
        (reading,) = desk.controllers.readings.ids
        desk.window.prompt.chips.remove_requested.emit(reading)
        await until(lambda: not dialogs())
        assert desk.said == ""


async def test_after_a_start_pages_are_rendered_once_the_password_is_entered(
    tmp_path: Path,
) -> None:
    path = tmp_path / "scan.pdf"
    path.write_bytes(locked_pdf(SECRET, pages=2))
    async with Desk(environment=OPENAI) as desk:
        desk.window.files_dropped.emit([path])
        give(await asked(), SECRET)
        await until(lambda: is_read(desk))
        assert len(part_of(desk).seen_pages) == 2
        turn = await desk.ask("What is drawn?")
        assert sum(hasattr(part, "data") for part in turn.request.messages[-1].parts) == 2
        turn.end("Squares.")
        await desk.settled()
    async with Desk(environment=OPENAI) as desk:
        await until(lambda: "Squares." in desk.transcript)
        desk.type("Which color?")
        desk.enter()
        await until(lambda: desk.said)
        assert desk.said.startswith("Showing the pages of “scan.pdf” requires its password.")
        desk.press_action("Enter password…")
        give(await asked(), "no")
        await until(lambda: "is wrong" in "".join(d.accessibleName() for d in dialogs()))
        give(dialogs()[0], SECRET)
        await until(lambda: "is unlocked until you quit" in desk.said)
        assert desk.text.toPlainText() == "Which color?"
        turn = await desk.ask("")
        assert sum(hasattr(part, "data") for part in turn.request.messages[0].parts) == 2
        turn.end("Black.")
        await desk.settled()


async def test_the_dialog_offers_no_empty_password(data: Path) -> None:
    async with Desk() as desk:
        desk.window.files_dropped.emit([data / "encrypted.pdf"])
        dialog = await asked()
        button = dialog.findChild(QPushButton, "open-document")
        assert button is not None
        assert not button.isEnabled()
        dialog.field.setText("x")
        assert button.isEnabled()
        dialog.reject()
        await until(lambda: is_read(desk))


@pytest.mark.parametrize("password", ["plain", SECRET])
async def test_passwords_of_every_alphabet(tmp_path: Path, password: str) -> None:
    path = tmp_path / "a.pdf"
    path.write_bytes(locked_pdf(password))

    async with Desk(environment=OPENAI) as desk:
        desk.window.files_dropped.emit([path])
        give(await asked(), password)
        await until(lambda: is_read(desk))
        assert len(desk.chips) == 1
