"""Remembered notes in the window: written on request only, sent first, shown, changed, deleted."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QCheckBox, QDialog, QLabel, QLineEdit, QPushButton, QWidget

from desktop_app.chat.ui.temporary_controller import TemporaryController
from desktop_app.domain.answering.stream_events import Completed, ToolCallDelta
from desktop_app.domain.conversations.conversation import Folder, new_id, now
from desktop_app.domain.remembered_note import MAX_NOTE_CHARS
from desktop_app.library.list_filter import LIST, ListFilter
from desktop_app.library.ui.folders_controller import FoldersController
from desktop_app.library.ui.list_presenter import ListPresenter
from desktop_app.memory.services import notes
from desktop_app.memory.ui.notes_controller import NotesController
from desktop_app.memory.ui.notes_section import NotesSection
from desktop_app.settings.ui.settings_controller import SettingsController
from desktop_app.tools.ui import consent_card
from desktop_app.tools.ui.consent_card import ConsentCard
from desktop_app.widgets.forms.form_widgets import MultilineField
from tests.gui.app.app_harness import AppHarness, until
from tests.helpers.widgets import find

if TYPE_CHECKING:
    import pytest

    from tests.gui.app.scripted_providers import Turn

COMET = {"COMETAPI_KEY": "sk-comet"}


def texts(app: AppHarness) -> list[str]:
    return [note.text for note in app.session.of(NotesController).notes]


def fields(parent: QWidget) -> list[MultilineField]:
    found = parent.findChildren(MultilineField, "note")
    return [field for field in found if field.isVisible()]


async def typed(app: AppHarness, text: str) -> None:
    app.type(text)
    app.enter()
    await until(lambda: app.text.toPlainText() == "")


async def test_a_note_is_written_sent_first_shown_and_changed() -> None:
    async with AppHarness(environment=COMET) as app:
        await app.ask_and_answer("Where do I live?", "You live in **Oslo**, Norway.")
        place = app.open_id
        # Two steps: select, Remember this.
        app.window.transcript.selection.select_all()
        app.session.actions["memory.remember"].trigger()
        await until(lambda: len(texts(app)) == 1)
        assert "Oslo" in texts(app)[0]
        app.press_action("Undo")
        await until(lambda: texts(app) == [])
        app.window.transcript.selection.set(None, None)
        app.session.actions["memory.remember"].trigger()
        assert app.text.toPlainText() == "/remember "
        await typed(app, "I live in Oslo.")
        await typed(app, "/Remember  I teach history.")
        assert texts(app) == ["I live in Oslo.", "I teach history."]
        assert len(app.providers.turns) == 1  # nothing of it was a question
        app.window.notifications.last_undo = None
        await typed(app, "/remember I live in Oslo.")
        app.window.notifications.undo_last()  # nothing: it was remembered before
        await app.settled()
        assert texts(app) == ["I live in Oslo.", "I teach history."]

        app.state.of(SettingsController).override(place, "answer.system_prompt", "Be brief.")
        turn = await app.ask("What do I teach?")
        sent = turn.request.instructions
        assert sent.index("- I live in Oslo.\n- I teach history.") < sent.index("Be brief.")
        turn.end("History.")
        await app.settled()
        assert "2 notes" in app.transcript
        app.window.transcript.commands.run(app.state.current.path[-1].id, "show-notes")
        dialog = find(app.window, QDialog, "sent-notes")
        assert [field.toPlainText() for field in fields(dialog)] == texts(app)
        title = app.state.current.conversation.title
        assert find(dialog, QPushButton, "note-place").text() == title
        field = fields(dialog)[1]
        field.setPlainText("I teach physics.")
        field.report_edits()
        await until(lambda: texts(app)[1] == "I teach physics.")
        field.setPlainText("I teach mathematics and ")  # a pause before the next word
        field.report_edits()
        await until(lambda: texts(app)[1] == "I teach mathematics and")
        assert field.toPlainText() == "I teach mathematics and "
        too_long = "physics, " * MAX_NOTE_CHARS
        field.setPlainText(too_long)
        field.report_edits()
        await until(lambda: field.toPlainText() == "I teach mathematics and")
        app.press_action("Copy")
        assert QGuiApplication.clipboard().text() == too_long
        field.setPlainText("I teach physics.")
        field.report_edits()
        await until(lambda: texts(app)[1] == "I teach physics.")
        dialog.close()

        second = await app.ask("And where?")
        begin = sent.index("- I teach")
        assert second.request.instructions.startswith(sent[:begin])
        assert "I teach physics." in second.request.instructions
        second.end("In Oslo.")
        await app.settled()

        app.session.of(TemporaryController).open()
        turn = await app.ask("Where do I live?")
        assert "Oslo" not in turn.request.instructions
        turn.end("I do not know.")
        await app.settled()
        app.type("/remember I was here.")
        app.enter()
        await until(lambda: "temporary" in app.said)
        assert app.text.toPlainText() == "/remember I was here."  # nothing typed is lost
    async with AppHarness(environment=COMET) as app:
        assert texts(app) == ["I live in Oslo.", "I teach physics."]
        app.session.actions["memory.show"].trigger()
        section = app.window.findChild(NotesSection)
        assert section is not None
        await until(lambda: len(fields(section)) == 2)
        # Another can be typed at once; the list begins with few.
        entry = find(section, QLineEdit, "remember")
        await until(lambda: app.window.focusWidget() is entry)
        before = texts(app)
        for sentence in ("I write by hand.", "I like tables.", "x" * (MAX_NOTE_CHARS + 1)):
            entry.setText(sentence)
            QTest.keyClick(entry, Qt.Key.Key_Return)
            await app.settled()
        await until(lambda: entry.text() == "x" * (MAX_NOTE_CHARS + 1))  # refused, not lost
        await until(lambda: texts(app) == [*before, "I write by hand.", "I like tables."])
        assert "at most" in find(section, QLabel, "note-problem").text()
        assert len(fields(section)) == 3
        find(section, QPushButton, "show-notes").click()
        await until(lambda: len(fields(section)) == 4)
        entry.clear()
        app.session.of(NotesController).delete(app.session.of(NotesController).notes[2:])
        await until(lambda: len(fields(section)) == 2)
        # As an import leaves them: kept, and not sent until they are checked.
        boxes = section.findChildren(QCheckBox, "send-note")
        for box in boxes:
            box.click()
        await until(lambda: find(section, QPushButton, "send-notes").isVisible())
        turn = await app.ask("What do you know of me?")
        assert "Oslo" not in turn.request.instructions
        turn.end("Nothing.")
        await app.settled()
        boxes[0].click()
        await until(lambda: not find(section, QPushButton, "send-notes").isVisible())
        turn = await app.ask("And now?")
        sent = turn.request.instructions
        assert ("Oslo" in sent, "physics" in sent) == (True, False)
        turn.end("Oslo.")
        await app.settled()
        find(section, QPushButton, "delete-notes").click()
        await until(lambda: texts(app) == [])
        app.press_action("Undo")
        await until(lambda: len(texts(app)) == 2)


def call(turn: Turn, sentence: str) -> None:
    turn.give(ToolCallDelta(0, json.dumps({"sentence": sentence}), "c1", "remember"))
    turn.give(Completed())


async def test_notes_are_limited_and_belong_to_folders(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(consent_card, "MIN_READ_MS", 0)
    async with AppHarness(environment=COMET) as app:
        # A model remembers only what the user allows each time.
        for button, expected in (
            ("consent-deny", []),
            ("consent-once", ["I live in Oslo.", "I teach."]),
        ):
            await app.start_over()
            app.state.of(SettingsController).override(app.open_id, "answer.tools", "remember")
            for number, sentence in enumerate(("I live in Oslo.", "I teach.")):
                turn = await app.ask("Remember it.")
                call(turn, sentence)
                await until(lambda: app.window.findChild(ConsentCard) is not None)
                card = app.window.findChild(ConsentCard)
                assert card is not None
                await until(card.isVisible)
                assert f"Remember “{sentence}”?" in card.words
                assert not card.more_button.isVisible()  # no permission for later calls
                app.click(button)
                answer = await app.turn(2 * number + 1)
                answer.end("Done.")
                await app.settled()
            await until(lambda expected=expected: texts(app) == expected)
        app.session.of(NotesController).delete(app.session.of(NotesController).notes)

        # Notes of a folder are sent in it and go with it.
        await app.start_over()
        folder = Folder(new_id(), "Lease", now())
        app.session.of(ListPresenter).writes.start(app.state.folders.save(folder))
        await app.written()
        show = app.session.of(ListPresenter).apply_filter
        await show(ListFilter.for_folder(folder.id))
        await typed(app, "/remember The flat is in Oslo.")
        await until(lambda: "Remembered for “Lease”" in app.said)
        turn = await app.ask("Where is it?")
        assert "The flat is in Oslo." in turn.request.instructions
        turn.end("In Oslo.")
        await app.settled()
        await show(LIST)
        app.window.conversations.new_button.click()
        turn = await app.ask("Where is it?")
        assert "Oslo" not in turn.request.instructions
        turn.end("Where is what?")
        await app.settled()
        app.session.of(FoldersController).delete(folder.id)
        await until(lambda: texts(app) == [])
        assert "What was remembered in it is deleted." in app.said
        app.press_action("Undo")
        await until(lambda: texts(app) == ["The flat is in Oslo."])
        await show(ListFilter.for_folder(folder.id))
        app.window.conversations.new_button.click()
        await typed(app, "/remember I teach.")
        app.press_action("For all conversations")
        await until(lambda: texts(app) == ["I teach.", "The flat is in Oslo."])

        # The forty first note says what to do.
        await app.start_over()
        for number in range(39):  # beside “I teach.”
            await app.backend.of(notes).add(f"Note {number}")
        app.type("/remember One more.")
        app.enter()
        await until(lambda: "40 notes are remembered already." in app.said)
        assert "Settings › Chat" in app.said
        assert app.text.toPlainText() == "/remember One more."
        assert find(app.window.notifications, QLabel, "status").isVisible()
