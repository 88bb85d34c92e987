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
from tests.gui.app.app_harness import AppHarness, until

OPENAI = {"OPENAI_API_KEY": "not-a-key"}
SECRET = "größe-7301"


def dialogs() -> list[PasswordDialog]:
    found = [w for w in QApplication.topLevelWidgets() if isinstance(w, PasswordDialog)]
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


async def test_a_password_opens_a_document_and_is_stored_nowhere(data: Path) -> None:
    async with AppHarness() as app:
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
        assert app.chips[0].startswith("encrypted.pdf, 3 pages · ")
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


async def test_without_a_password_the_document_is_refused(data: Path) -> None:
    async with AppHarness() as app:
        app.window.files_dropped.emit([data / "encrypted.pdf", data / "notes.md"])
        dialog = await shown_dialog()
        QTest.keyClick(dialog, Qt.Key.Key_Escape)
        await until(lambda: not app.is_reading)
        assert app.said.startswith("“encrypted.pdf” is password-protected.")
        assert len(app.chips) == 1


async def test_two_passwords_are_asked_for_one_after_the_other(tmp_path: Path) -> None:
    for name in ("a.pdf", "b.pdf"):
        (tmp_path / name).write_bytes(locked_pdf(name))

    async with AppHarness(environment=OPENAI) as app:
        app.window.files_dropped.emit([tmp_path / "a.pdf", tmp_path / "b.pdf"])
        for _ in range(2):
            dialog = await shown_dialog()
            name = dialog.accessibleName().split("“")[1].split("”")[0]
            enter(dialog, name)
            await until(partial(lambda shown: shown not in dialogs(), dialog))
        await until(lambda: not app.is_reading)
        assert len(app.chips) == 2


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


async def test_removing_the_chip_closes_the_password_dialog(data: Path) -> None:
    async with AppHarness() as app:
        app.window.files_dropped.emit([data / "encrypted.pdf"])
        await shown_dialog()
        (reading,) = app.controllers.composer.readings.ids
        app.window.prompt.chips.remove_requested.emit(reading)
        await until(lambda: not dialogs())
        assert app.said == ""


async def test_after_a_start_pages_are_rendered_once_the_password_is_entered(
    tmp_path: Path,
) -> None:
    path = tmp_path / "scan.pdf"
    path.write_bytes(locked_pdf(SECRET, pages=2))
    async with AppHarness(environment=OPENAI) as app:
        app.window.files_dropped.emit([path])
        enter(await shown_dialog(), SECRET)
        await until(lambda: not app.is_reading)
        assert len(part_of(app).image_pages) == 2
        turn = await app.ask("What is drawn?")
        assert sum(hasattr(part, "data") for part in turn.request.messages[-1].parts) == 2
        turn.end("Squares.")
        await app.settled()
    async with AppHarness(environment=OPENAI) as app:
        await until(lambda: "Squares." in app.transcript)
        app.type("Which color?")
        app.enter()
        await until(lambda: app.said)
        assert app.said.startswith("Showing the pages of “scan.pdf” requires its password.")
        app.press_action("Enter password…")
        enter(await shown_dialog(), "no")
        await until(lambda: "is wrong" in "".join(d.accessibleName() for d in dialogs()))
        enter(dialogs()[0], SECRET)
        await until(lambda: "is unlocked until you quit" in app.said)
        assert app.text.toPlainText() == "Which color?"
        turn = await app.ask("")
        assert sum(hasattr(part, "data") for part in turn.request.messages[0].parts) == 2
        turn.end("Black.")
        await app.settled()


async def test_the_dialog_offers_no_empty_password(data: Path) -> None:
    async with AppHarness() as app:
        app.window.files_dropped.emit([data / "encrypted.pdf"])
        dialog = await shown_dialog()
        button = dialog.findChild(QPushButton, "open-document")
        assert button is not None
        assert not button.isEnabled()
        dialog.field.setText("x")
        assert button.isEnabled()
        dialog.reject()
        await until(lambda: not app.is_reading)


@pytest.mark.parametrize("password", ["plain", SECRET])
async def test_passwords_may_have_letters_of_any_alphabet(tmp_path: Path, password: str) -> None:
    path = tmp_path / "a.pdf"
    path.write_bytes(locked_pdf(password))

    async with AppHarness(environment=OPENAI) as app:
        app.window.files_dropped.emit([path])
        enter(await shown_dialog(), password)
        await until(lambda: not app.is_reading)
        assert len(app.chips) == 1
