"""Texts beside conversations: opening, typing, the model's changes, files."""

from __future__ import annotations

import asyncio
import json
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING
from zipfile import ZipFile

import pytest
from PySide6.QtCore import QMimeData, Qt, QUrl
from PySide6.QtGui import QGuiApplication, QTextCursor
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel, QLineEdit, QPushButton

from desktop_app.chat.text_store import TextStore
from desktop_app.child_processes import usual_mode
from desktop_app.documents.ui.attachment_preview import AttachmentPreview
from desktop_app.domain.answering.stream_events import (
    Completed,
    Incomplete,
    TextDelta,
    ToolCallDelta,
)
from desktop_app.domain.conversations.conversation import ModelChoice
from desktop_app.domain.conversations.message_parts import DocumentPart
from desktop_app.domain.conversations.written_text import Mark, WrittenText
from desktop_app.domain.errors import StoreFullError
from desktop_app.library.ui.archive_and_trash import TrashPage
from desktop_app.providers.gateway.environment_profiles import ON_DEVICE
from desktop_app.texts.passage_reply import Change, Problem
from desktop_app.texts.ui.difference_dialogs import SaveDialog, VersionsDialog
from desktop_app.texts.ui.text_exports import FORMATS
from desktop_app.texts.ui.text_list import TextList
from desktop_app.texts.ui.texts_controller import TextsController
from desktop_app.texts.ui.tracked_document import stored_form
from desktop_app.transcript.copying import menu_for
from desktop_app.transcript.targets import OPEN_CODE, targets_of
from desktop_app.widgets.cards import notifications
from desktop_app.widgets.program_menu import ProgramMenu
from desktop_app.widgets.rows.row_view import RowView
from desktop_app.widgets.rows.rows_model import ROW
from desktop_app.widgets.text.foreign_text import PlainTextField
from desktop_app.widgets.text.utf16 import utf16_length
from tests.gui.app.app_harness import DISK_FULL, AppHarness, until
from tests.helpers.widgets import accept_question, find
from tests.unit.documents.test_word_text import TEXT, a_document, parts_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from desktop_app.texts.ui.text_editor import TextEditor
    from desktop_app.texts.ui.text_pane import TextPane
    from tests.gui.app.scripted_providers import Turn

COMET = {"COMETAPI_KEY": "sk-comet"}
CHAPTER = (
    "# Tides\n\nThe sea rises twice a day.\n\n## Causes\n\nThe moon pulls the water strongly. "
    "The sun pulls it less.\n"
)


def pane(app: AppHarness) -> TextPane:
    return app.state.of(TextsController).pane


def editor(app: AppHarness) -> TextEditor:
    return pane(app).editor


def body(app: AppHarness) -> str:
    document = editor(app).tracked
    return stored_form(document.toRawText(), document.ranges())[0]


async def open_text(app: AppHarness, text: str = CHAPTER) -> None:
    await app.state.of(TextsController).open_text("Tides", text)
    await until(lambda: editor(app).isVisible())


def select(app: AppHarness, passage: str) -> None:
    before, _, _ = body(app).partition(passage)
    start = utf16_length(before)
    editor(app).setTextCursor(editor(app).tracked.cursor(start, start + utf16_length(passage)))


def edit(turn: Turn, *changes: tuple[str, str]) -> None:
    for number, (old, new) in enumerate(changes):
        arguments = json.dumps({"old": old, "new": new})
        turn.give(ToolCallDelta(number, arguments, f"c{number}", "edit_text"))
    turn.give(Completed())


def sent(turn: Turn) -> str:
    return "\n".join(str(part) for part in turn.request.messages[-1].parts)


async def test_a_model_changes_a_text_by_proposals(monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    monkeypatch.setattr(notifications, "announce", lambda _widget, words: said.append(words))
    async with AppHarness(environment=COMET) as app:
        # A question changes the text by proposals.
        await open_text(app)
        turn = await app.ask("Make the causes shorter.")
        assert "The sun pulls it less." in sent(turn)
        assert [tool.name for tool in turn.request.tools] == ["edit_text"]
        edit(
            turn,
            ("The moon pulls the water strongly.", "The moon pulls the water."),
            ("The sun pulls it less.", "The sun pulls less."),
            ("twice a day", "twice daily"),
        )
        second = await app.turn(1)
        document = editor(app).tracked
        assert len(document.changes) == 3
        expected = CHAPTER.replace(" strongly", "").replace("it less", "less")
        assert document.accepted == expected.replace("twice a day", "twice daily")
        second.end("Done.")
        await app.settled()
        app.press(Qt.Key.Key_F8)
        assert "2 of 3" in said.pop()
        app.press(Qt.Key.Key_F8, Qt.KeyboardModifier.ShiftModifier)
        assert "1 of 3" in (first := said.pop())
        assert first.index("a day") < first.index("daily")
        said.clear()
        app.press(Qt.Key.Key_F9)  # of the first of the text, where the cursor is
        assert "2 left" in said[-1]
        assert "1 of 2" in said[-1]
        app.press(Qt.Key.Key_F9)
        app.press(Qt.Key.Key_F9, Qt.KeyboardModifier.ShiftModifier)
        assert len(said) == 3  # each settled change once
        assert "0 left" in said[-1]
        changed = CHAPTER.replace("twice a day", "twice daily").replace(" strongly", "")
        assert body(app) == changed
        assert not document.changes
        editor(app).setFocus()
        app.press(Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
        assert len(document.changes) == 1
        assert said[-1] == "1 change proposed"
        app.press(Qt.Key.Key_Y, Qt.KeyboardModifier.ControlModifier)
        assert said[-1] == "No change is proposed."
        app.press(Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
        assert [tool.name for tool in second.request.tools] == ["edit_text"]

        # A passage that is not there once changes nothing.
        await app.start_over()
        await open_text(app)
        turn = await app.ask("Shorter.")
        edit(turn, ("The Moon", "It"))
        second = await app.turn(1)
        assert "not in the text" in str(second.request.messages[-1])
        assert not app.said
        edit(second, ("pulls", "draws"))
        third = await app.turn(2)
        assert "several times" in str(third.request.messages[-1])
        third.end("I can’t.")
        await app.settled()
        assert body(app) == CHAPTER
        assert not editor(app).tracked.changes

        # The model changes a selected passage.
        await app.start_over()
        await open_text(app)
        assert not find(app.window, QPushButton, "text-shorter").isEnabled()
        select(app, "The moon pulls the water strongly.")
        app.click("text-shorter")
        turn = await app.turn(0)
        assert "The moon" in sent(turn)
        assert "twice a day" not in sent(turn)
        assert not turn.request.tools
        # What is typed before the passage meanwhile moves it.
        cursor = editor(app).textCursor()
        cursor.setPosition(0)
        cursor.insertText("😀 ")
        turn.end("The moon pulls the water.")
        await until(lambda: editor(app).tracked.changes)
        assert editor(app).tracked.accepted == "😀 " + CHAPTER.replace(" strongly", "")
        app.press(Qt.Key.Key_F9)
        assert body(app) == "😀 " + CHAPTER.replace(" strongly", "")
        assert app.stored("SELECT purpose FROM ledger")[-1] == ("edit",)

        # An answer that was cut would delete the end of the passage.
        select(app, "The sun pulls it less.")
        app.click("text-shorter")
        turn = await app.turn(1)
        turn.give(TextDelta("The sun"), Incomplete("max_output_tokens"), Completed())
        await until(lambda: "stopped early" in app.said)
        assert not editor(app).tracked.changes

        # A passage that has changed itself stays as it is, and the answer can be copied.
        select(app, "The sun pulls it less.")
        app.click("text-ask")
        question = find(app.window, QLineEdit, "text-question")
        QTest.keyClicks(question, "Name the reason")
        QTest.keyClick(question, Qt.Key.Key_Return)
        turn = await app.turn(2)
        assert "Name the reason" in sent(turn)
        app.session.of(TextsController).change_selection("Shorter")
        assert "Another passage is being changed" in app.said
        select(app, "it less")
        QTest.keyClicks(editor(app), "more")
        turn.end("The sun is farther away.")
        await until(lambda: "changed meanwhile" in app.said)
        assert "The sun pulls more." in body(app)
        app.press_action("Copy")
        assert QGuiApplication.clipboard().text() == "The sun is farther away."

        # A request that cannot be made is there again.
        QTest.keyClick(editor(app), Qt.Key.Key_Right)
        pane(app).begin_question()
        QTest.keyClicks(question, "Say it kindly")
        QTest.keyClick(question, Qt.Key.Key_Return)
        pane(app).begin_question()
        assert question.selectedText() == "Say it kindly"

        # A question on a selection changes only that.
        await app.start_over()
        await open_text(app, "Rise. Fall. Rise. Fall.")
        editor(app).setTextCursor(editor(app).tracked.cursor(12, 23))
        turn = await app.ask("Another word.")
        assert "Rise. Fall.\\n</text" in sent(turn)
        editor(app).setTextCursor(editor(app).tracked.cursor(5, 6))
        app.session.of(TextsController).change_selection("Shorter")  # a space is not paid for
        assert len(app.providers.turns) == 1
        editor(app).setTextCursor(editor(app).tracked.cursor(0, 0))
        edit(turn, ("Rise", "Climb"))
        second = await app.turn(1)
        assert editor(app).tracked.accepted == "Rise. Fall. Climb. Fall."
        editor(app).insertPlainText("Wave. " * 300)
        editor(app).selectAll()
        app.session.of(TextsController).change_selection("Shorter")
        assert "Still responding" in app.said
        second.end("Done.")
        await app.settled()

        # A change that does not end can be stopped.
        await app.start_over()
        await open_text(app)
        stops: list[Callable[[], object]] = [
            lambda: app.press_action("Stop"),
            lambda: app.click("text-stop"),
            lambda: app.press(Qt.Key.Key_Escape),
        ]
        for number, stop in enumerate(stops):
            select(app, "The sun pulls it less.")
            editor(app).setFocus()
            app.session.of(TextsController).change_selection("Shorter")
            await app.turn(number)
            app.session.of(TextsController).change_selection("Shorter")
            stop()
            await until(lambda: "Changing" not in find(pane(app), QLabel, "text-note").text())
        assert body(app) == CHAPTER

        # A change of a text that is out of sight comes there.
        await app.start_over()
        await open_text(app)
        select(app, "The sun pulls it less.")
        app.click("text-shorter")
        turn = await app.turn(0)
        await open_text(app, "Another.")
        turn.end("The sun pulls less.")
        await until(lambda: "is proposed in “Tides”" in app.said)
        assert body(app) == "Another."
        app.press_action("Show")
        await until(lambda: "Tides" in body(app))
        assert "The sun pulls less." in editor(app).tracked.accepted

        # What is typed is no part of a change.
        await app.start_over()
        await open_text(app, "It is blue.")
        texts = app.state.of(TextsController)
        opened = texts.shown
        assert opened is not None
        await opened.propose([Change("blue", "very green")])
        assert body(app) == "It is blue very green."
        select(app, "green")
        app.press(Qt.Key.Key_Right)
        QTest.keyClicks(editor(app), "ish")
        texts.settle(accept=False, is_all=True)
        assert body(app) == "It is blue ish."


CORRECTIONS = 60
LONG_CHAPTER = "\n\n".join(
    f"Paragraph {number} has “a word{number}x” — 😀 in  it, and\u00a0more words after. And one."
    for number in range(CORRECTIONS)
)


def corrected(text: str, *numbers: int) -> str:
    for number in numbers:
        text = text.replace(f"word{number}x”", f"WORD{number}”")
    return text


async def test_all_corrections_of_a_chapter_come_at_once() -> None:
    async with AppHarness(environment=COMET) as app:
        # One list: what is not there is told, and all others are proposed in its place.
        await open_text(app, LONG_CHAPTER)
        turn = await app.ask("Correct my chapter.")
        changes = [
            {"old": f'"a word{number}x" - 😀 in it', "new": f'"a WORD{number}" - 😀 in it'}
            for number in range(CORRECTIONS)
        ]
        changes.insert(2, {"old": "Paragraph 7 has a wrd7x in it", "new": "It"})
        turn.give(ToolCallDelta(0, json.dumps({"changes": changes}), "c", "edit_text"))
        turn.give(Completed())
        second = await app.turn(1)
        told = str(second.request.messages[-1])
        assert "Change 3: `old` is not in the text" in told
        assert "The nearest passage: Paragraph 7 has “a WORD7”" in told
        second.end("Done.")
        await app.settled()
        document = editor(app).tracked
        assert len(document.changes) == CORRECTIONS
        assert document.accepted == corrected(LONG_CHAPTER, *range(CORRECTIONS))
        assert app.transcript.count("Proposed") == 1
        assert "Proposed 60 changes to the text · 1 didn’t fit the text" in app.transcript
        # The first one is shown, and each decision shows the next one.
        count = find(pane(app), QLabel, "text-changes")
        assert count.text() == "1 of 60 changes"
        app.press(Qt.Key.Key_F9)
        assert count.text() == "1 of 59 changes"
        app.press(Qt.Key.Key_F9, Qt.KeyboardModifier.ShiftModifier)
        app.press(Qt.Key.Key_F9)
        # One that is out of sight is shown first.
        end = document.characterCount() - 1
        editor(app).setTextCursor(document.cursor(end, end))
        app.press(Qt.Key.Key_F9)
        assert count.text() == "1 of 57 changes"
        assert editor(app).textCursor().position() < end
        app.press(Qt.Key.Key_F9)
        assert count.text() == "1 of 56 changes"
        app.session.of(TextsController).settle(accept=False, is_all=True)
        assert body(app) == corrected(LONG_CHAPTER, 0, 2, 3)
        # All were proposed as one step of undo.
        for _ in range(6):
            document.undo()
        assert (body(app), document.changes) == (LONG_CHAPTER, [])

        # The line of the transcript leads to the changes. What is typed meanwhile is kept.
        document.redo()
        app.session.run("text.toggle")
        assert not pane(app).isVisible()
        app.act("show-changes")
        await until(lambda: pane(app).isVisible() and editor(app).hasFocus())
        assert count.text().endswith("of 60 changes")

        # A change needs no other round, and there may be more rounds than other tools have.
        await app.start_over()
        await open_text(app, LONG_CHAPTER)
        turn = await app.ask("Correct my chapter.")
        for number in range(12):
            edit(turn, (f"word{number}x", f"WORD{number}"))
            turn = await app.turn(number + 1)
        edit(turn, *[(f"word{number}x", f"WORD{number}") for number in range(12, 42)])
        turn = await app.turn(13)
        turn.end("Done.")
        await app.settled()
        assert len(editor(app).tracked.changes) == 42
        assert app.transcript.count("Proposed 42 changes") == 1

        # What is typed while changes come stays, and they find their places.
        await app.start_over()
        await open_text(app, LONG_CHAPTER)
        opened = app.state.of(TextsController).shown
        assert opened is not None
        wanted = [Change(f"word{n}x", f"WORD{n}") for n in range(CORRECTIONS)]
        proposing = asyncio.ensure_future(opened.propose(wanted))
        document = opened.document
        editor(app).setTextCursor(document.cursor(0, 0))
        typed = 0
        while not proposing.done():
            QTest.keyClicks(editor(app), "y")
            typed += 1
            await asyncio.sleep(0)
        assert set(proposing.result()) == {None}
        expected = "y" * typed + corrected(LONG_CHAPTER, *range(CORRECTIONS))
        assert document.accepted == expected
        app.state.of(TextsController).settle(accept=False, is_all=True)
        assert body(app) == "y" * typed + LONG_CHAPTER

        # A reply that is no text for the passage is shown, and proposed only if the user wants it.
        await app.start_over()
        await open_text(app)
        select(app, "The moon pulls the water strongly.")
        app.click("text-shorter")
        turn = await app.turn(0)
        turn.end("I’m sorry, but I can’t help with that.")
        await until(lambda: "I’m sorry" in app.said)
        assert not editor(app).tracked.changes
        app.press_action("Use it")
        await until(lambda: editor(app).tracked.changes)
        assert not editor(app).textCursor().hasSelection()  # it would cover the change
        app.state.of(TextsController).settle(accept=False, is_all=True)
        assert body(app) == CHAPTER


async def test_a_text_of_another_computer_and_on_a_full_disk(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with AppHarness() as app:
        # A change of another computer is shown unless one types here.
        await open_text(app, "Ours")
        stored = "SELECT body FROM texts"
        shown = app.state.of(TextsController).shown
        await until(lambda: shown is not None and app.stored(stored) and shown.is_stored)

        async def change_elsewhere(words: str) -> None:
            await app.backend.database.execute("UPDATE texts SET body = ?", words)
            app.session.events.store_changed.emit()

        await change_elsewhere("Theirs")
        await until(lambda: body(app) == "Theirs")
        assert shown is not None
        refusals = await shown.propose([Change("Ours", "Mine")])  # by an earlier answer
        assert [each and each.problem for each in refusals] == [Problem.ABSENT]
        QTest.keyClicks(editor(app), "typed ")
        await change_elsewhere("Theirs, again")
        await until(lambda: app.stored(stored) == [("typed Theirs",)])
        assert body(app) == "typed Theirs"

        # A version is kept though the disk was full.
        await app.start_over()
        await open_text(app, "First.")
        opened = app.state.of(TextsController).shown
        assert opened is not None
        opened.keeps_version = True
        opened.document.replace_all("Second.")
        await until(lambda: app.stored("SELECT body FROM texts") == [("Second.",)])
        await until(lambda: opened.is_stored)  # a version was kept just now

        async def refuse(*_: object, **__: object) -> None:
            raise StoreFullError(DISK_FULL)

        with monkeypatch.context() as full:
            full.setattr(TextStore, "put", refuse)
            await opened.propose([Change("Second.", "Third.")])
            await until(lambda: opened.is_unwritten)
        await app.state.of(TextsController).write_again()
        await until(lambda: opened.is_stored)
        assert app.stored("SELECT body FROM text_versions")[-1] == ("Second.",)


async def test_a_text_is_sent_saved_and_returns_with_its_changes(tmp_path: Path) -> None:
    async with AppHarness(environment=COMET) as app:
        # The text is reached by keys and takes the place of the transcript.
        await app.ask_and_answer("Why?", "Because.")
        await open_text(app)
        app.window.resize(1280, 800)
        assert app.window.transcript.isVisible()
        app.text.setFocus()
        app.press(Qt.Key.Key_F6)
        assert editor(app).hasFocus()
        app.window.resize(640, 480)
        assert editor(app).hasFocus()
        assert not app.window.transcript.isVisible()
        assert app.text.isVisible()

        async def has_half() -> None:
            await until(lambda: editor(app).height() >= app.window.height() / 2)

        await has_half()
        # Ctrl+F finds in the text that has the focus, else in the conversation.
        app.press(Qt.Key.Key_F, Qt.KeyboardModifier.ControlModifier)
        assert pane(app).finder.bar.field.hasFocus()
        QTest.keyClicks(pane(app).finder.bar.field, "pull")
        app.press(Qt.Key.Key_F3)
        assert "1 of 2" in find(pane(app), QLabel, "find-count").text()
        app.press(Qt.Key.Key_Escape)
        assert editor(app).textCursor().selectedText() == "pull"
        app.press(Qt.Key.Key_H, Qt.KeyboardModifier.ControlModifier)
        assert find(pane(app), QLineEdit, "text-replacement").isVisible()
        await has_half()
        # In the low window, the find bar and the other bars take turns.
        question = find(pane(app), QLineEdit, "text-question")
        assert not pane(app).title.isVisible()
        pane(app).begin_question()
        assert pane(app).title.isVisible()
        assert question.hasFocus()
        await has_half()
        app.press(Qt.Key.Key_H, Qt.KeyboardModifier.ControlModifier)
        assert not question.isVisible()
        app.press(Qt.Key.Key_Escape)
        assert pane(app).title.isVisible()
        length = find(pane(app), QLabel, "text-length")
        await until(lambda: length.text() == "1 word · 4 characters selected")
        app.press(Qt.Key.Key_Right)
        await until(lambda: length.text() == "19 words · 99 characters")
        # So do the bars of a selection and of changes; a card keeps a line.
        app.window.notifications.notify("A card", [("Do", lambda: None)], stays=True)
        opened = app.state.of(TextsController).shown
        assert opened is not None
        await opened.propose([Change("strongly", "much")])
        assert find(pane(app), QPushButton, "text-accept").isVisible()
        assert not find(pane(app), QPushButton, "text-fix").isVisible()
        await has_half()
        editor(app).selectAll()
        assert find(pane(app), QPushButton, "text-fix").isVisible()
        editor(app).moveCursor(QTextCursor.MoveOperation.Start)
        app.press(Qt.Key.Key_F9, Qt.KeyboardModifier.ShiftModifier)
        app.window.notifications.dismiss()
        app.press(Qt.Key.Key_F6, Qt.KeyboardModifier.ShiftModifier)
        assert app.text.hasFocus()
        await has_half()
        app.session.run("text.toggle")
        assert app.window.transcript.isVisible()

        # The text is content to send and can be left out.
        await app.start_over()
        await open_text(app)
        assert not app.chips  # in the low window
        app.window.resize(1280, 800)
        assert [label for label in app.chips if "Tides, ≈ " in label and "tokens" in label]
        app.session.actions["attachment.preview"].trigger()
        await until(lambda: app.window.findChild(AttachmentPreview))
        dialog = find(app.window, AttachmentPreview, "attachment-preview")
        await until(lambda: CHAPTER.strip() in dialog.content)
        assert "tokens" in find(dialog, QLabel, "preview-facts").text()
        select(app, "The sun pulls it less.")
        await until(lambda: "twice a day" not in dialog.content)
        assert "The sun pulls it less." in dialog.content
        app.session.setup.choice_changed.emit()  # what it starts begins after the preview closed
        app.click("remove-attachment")
        await until(lambda: not dialog.isVisible())
        assert app.chips == []
        note = find(pane(app), QLabel, "text-note")
        assert note.text() == "This message goes without the text."
        app.press_action("Undo")
        assert len(app.chips) == 1
        app.click("remove-attachment")
        turn = await app.ask("Why?")
        assert (turn.request.tools, sent(turn).count("sun")) == ((), 0)
        turn.end("Because.")
        await app.settled()
        # The next message has it again.
        assert len(app.chips) == 1
        assert "goes with your message" in note.text()
        shown = app.chips
        select(app, "sun")
        QTest.keyClicks(editor(app), "star and all of its planets")
        await until(lambda: app.chips != shown)
        turn = await app.ask("And now?")
        assert "The star and all" in sent(turn)
        turn.end("Later.")
        await app.settled()

        # A model without tools is not told to use one.
        await app.start_over()
        choice = ModelChoice(ON_DEVICE.id, "smollm2-135m-instruct")
        await open_text(app)
        assert "can’t edit" not in app.hint
        app.state.setup.choose(choice)
        assert "can’t edit the text" in app.hint
        app.window.prompt.row.send_button.setFocus()
        app.state.setup.choice_changed.emit()
        assert app.window.prompt.row.send_button.hasFocus()
        turn = await app.ask("Shorter.")
        assert "edit_text" not in str(turn.request)
        assert "The sun pulls it less." in sent(turn)
        turn.end("No.")
        await app.settled()

        # A conversation has several texts, of which one is shown.
        await app.start_over()
        await open_text(app, "First.")
        select(app, "First")
        QTest.keyClicks(editor(app), "Former")
        former = app.state.of(TextsController).shown
        await open_text(app, "Second.")
        assert body(app) == "Second."
        assert former is not None
        await former.propose([Change("Former", "Late")])  # by an answer that still runs
        await open_text(app, "Second.")  # the same again
        for _ in range(2):  # an empty text is opened again rather than a second one
            await app.state.of(TextsController).open_new()
        assert app.stored("SELECT count(*) FROM texts") == [(3,)]
        await app.backend.database.execute("DELETE FROM texts WHERE body = ''")
        await open_text(app, "Second.")
        pane(app).begin_rename()
        field = find(pane(app), QLineEdit, "text-title-field")
        QTest.keyClicks(field, "Waves")
        QTest.keyClick(field, Qt.Key.Key_Return)
        stored = "SELECT title, body, is_shown FROM texts ORDER BY title"
        await until(
            lambda: app.stored(stored) == [("Tides", "FormerLate.", 0), ("Waves", "Second.", 1)]
        )
        menu = pane(app).title.menu()
        menu.aboutToShow.emit()
        await until(lambda: "Waves" in [each.text() for each in menu.actions()])
        (entry,) = [each for each in menu.actions() if each.text() == "Tides"]
        entry.trigger()
        await until(lambda: body(app) == "FormerLate.")
        assert app.state.of(TextsController).shown is former
        app.press(Qt.Key.Key_F9)
        await until(lambda: body(app) == "Late.")
        app.press(Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
        await until(lambda: ("Tides", "FormerLate.", 1) in app.stored(stored))
        assert app.stored("SELECT sum(is_shown) FROM texts") == [(1,)]

        # The list of all texts opens one with its conversation; a branch has copies.
        conversation_id = app.state.current.id
        app.new_conversation()
        app.session.run("text.list")
        await until(lambda: isinstance(app.window.pane.page, TextList))
        field = find(app.window, QLineEdit, "find-text")
        assert field.hasFocus()
        QTest.keyClicks(field, "wave")
        QTest.keyClick(field, Qt.Key.Key_Return)
        await until(lambda: app.state.current.id == conversation_id and body(app) == "Second.")
        app.new_conversation()
        palette = await app.search("second")
        await until(lambda: any(hasattr(row, "hit") for row in palette.model.rows))
        palette.run_row(next(row for row in palette.model.rows if hasattr(row, "hit")))
        await until(lambda: app.state.current.id == conversation_id and pane(app).isVisible())
        await until(lambda: editor(app).textCursor().selectedText() == "Second")
        QTest.keyClick(editor(app), Qt.Key.Key_Home)
        await app.ask_and_answer("Why?", "Because.")
        app.act("branch")
        await until(lambda: app.state.current.id != conversation_id)
        await until(lambda: pane(app).isVisible() and body(app) == "Second.")
        QTest.keyClicks(editor(app), "My ")
        bodies = "SELECT body FROM texts WHERE title = 'Waves' ORDER BY body"
        await until(lambda: app.stored(bodies) == [("My Second.",), ("Second.",)])

        # A version is shown with what it would change, and restored.
        opened = app.state.of(TextsController).shown
        assert opened is not None
        opened.keeps_version = True
        opened.document.replace_all("My third.")
        await until(lambda: ("My Second.",) in app.stored("SELECT body FROM text_versions"))
        app.click("text-menu")
        menu = find(pane(app), ProgramMenu, "text-menu-entries")
        next(a for a in menu.actions() if "versions" in a.text()).trigger()
        await until(lambda: app.window.findChild(VersionsDialog))
        dialog = app.window.findChild(VersionsDialog)
        await until(lambda: dialog.field.toPlainText() == "My thirdSecond.\n")
        dialog.restore.click()
        await until(lambda: body(app) == "My Second.")

        # A text goes into the trash with Undo; from there it is restored, or permanently deleted.
        opened = app.state.of(TextsController).shown
        assert opened is not None
        text_id = opened.value.id
        in_trash = "SELECT trashed_at IS NOT NULL FROM texts WHERE id = ?"
        app.session.run("text.delete")
        await until(lambda: app.stored(in_trash, text_id) == [(1,)] and not pane(app).isVisible())
        assert not app.chips
        app.window.notifications.undo_last()
        await until(lambda: pane(app).isVisible() and body(app) == "My Second.")
        app.session.run("text.list")
        await until(lambda: isinstance(app.window.pane.page, TextList))
        view = find(app.window, RowView, "text-rows")
        count = view.model().rowCount()

        async def press_delete(view: RowView) -> None:
            rows = view.model()
            view.activateWindow()  # offscreen, a closed menu does not
            view.setFocus()
            await until(view.hasFocus)
            listed = [rows.index(r, 0) for r in range(rows.rowCount())]
            view.setCurrentIndex(next(each for each in listed if each.data(ROW).id == text_id))
            QTest.keyClick(view, Qt.Key.Key_Delete)

        await press_delete(view)
        await until(lambda: view.model().rowCount() == count - 1 and not pane(app).isVisible())
        app.session.run("list.trash")
        trash = app.session.of(TrashPage)
        await until(trash.items.model().rowCount)
        assert trash.items.hasFocus()
        item = trash.items.model().index(0, 0).data(ROW)
        assert item.id == text_id
        assert "will be deleted in 30 days" in item.accessible_text
        app.click("restore-trashed")
        await until(lambda: app.stored(in_trash, text_id) == [(0,)] and trash.note.isVisible())
        app.session.run("text.list")
        await until(lambda: view.model().rowCount() == count)
        await press_delete(view)
        await until(lambda: app.stored(in_trash, text_id) == [(1,)])
        app.session.run("list.trash")
        await until(trash.items.model().rowCount)
        app.window.notifications.undo_last()  # the page follows
        await until(lambda: app.stored(in_trash, text_id) == [(0,)] and trash.note.isVisible())
        app.session.run("text.list")
        await until(lambda: view.isVisible() and view.model().rowCount() == count)
        await press_delete(view)
        await until(lambda: app.stored(in_trash, text_id) == [(1,)])
        app.session.run("list.trash")
        await until(trash.items.model().rowCount)
        await press_delete(trash.items)
        accept_question(app.window, "delete-for-good", "Delete permanently")
        await until(lambda: app.stored(in_trash, text_id) == [] and trash.note.isVisible())
        app.press(Qt.Key.Key_Escape)
        assert app.window.pane.page is None

        # What is pasted becomes Markdown, as in the prompt; files are attached.
        await app.start_over()
        await open_text(app, "")
        data = QMimeData()
        data.setHtml("<h1>Title</h1><p>A <b>bold</b> word</p>")
        QGuiApplication.clipboard().setMimeData(data)
        editor(app).paste()
        await until(lambda: body(app) == "# Title\n\nA **bold** word")
        editor(app).undo()
        assert body(app) == ""
        data = QMimeData()
        data.setUrls([QUrl.fromLocalFile(str(tmp_path / "absent.txt"))])
        assert not editor(app).canInsertFromMimeData(data)

        # A text is saved to its file.
        await app.start_over()
        path = tmp_path / "tides.md"
        path.write_bytes(CHAPTER.replace("\n", "\r\n").encode())
        path.chmod(0o664)
        mode = path.stat().st_mode
        app.window.files_dropped.emit([path])
        await until(lambda: app.chips and not app.is_reading)
        (part,) = app.state.current.draft.value.attachments
        assert isinstance(part, DocumentPart)
        app.window.prompt.chips.action_requested.emit(part.sha256, "open-as-text")
        await until(lambda: app.state.made(TextsController) and editor(app).isVisible())
        assert body(app) == CHAPTER
        await until(lambda: len(app.chips) == 1)  # that of the text: the file is not sent beside it
        select(app, "twice")
        QTest.keyClicks(editor(app), "often")
        app.session.run("text.save-to-file")
        await question_of(app)
        opened = app.state.of(TextsController).shown
        assert opened is not None
        await opened.propose([Change("Tides", "Waves")])  # by an answer, while the question is open
        await opened.store()
        shown = await answer_question(app, "Save")
        app.state.of(TextsController).settle(accept=False, is_all=True)
        assert "The sea rises twiceoften a day." in shown
        assert "Another program" not in shown
        await until(lambda: "Saved" in app.said)
        saved = CHAPTER.replace("twice", "often")
        assert path.read_bytes() == saved.replace("\n", "\r\n").encode()
        assert path.stat().st_mode == mode
        # Another program changes the file: both are shown, and nothing is overwritten silently.
        path.write_text(saved.replace("moon", "wind"))
        select(app, "often")
        QTest.keyClicks(editor(app), "once")
        app.session.run("text.save-to-file")
        box = await question_of(app)
        path.write_text(saved.replace("moon", "river"))  # again, while the question is open
        shown = await answer_question(app, "Save")
        assert "Another program has changed the file since." in shown
        await until(lambda: not box.isVisible())
        shown = await answer_question(app, "Cancel")
        assert "The rivermoon" in shown or "The riverwind" in shown, shown
        assert path.read_text() == saved.replace("moon", "river")

        # Of a Word document, only the change is written, and what the text lacks is said.
        await app.start_over()
        path = tmp_path / "lease.docx"
        path.write_bytes(a_document())
        app.window.files_dropped.emit([path])
        await until(lambda: app.chips and not app.is_reading)
        (part,) = app.state.current.draft.value.attachments
        app.window.prompt.chips.action_requested.emit(part.sha256, "open-as-text")
        await until(lambda: app.state.made(TextsController) and editor(app).isVisible())
        await until(lambda: body(app) == TEXT)
        assert "1 comment, 2 tracked changes" in app.said
        opened = app.state.of(TextsController).shown
        assert opened is not None
        await opened.propose([Change("tenant", "lodger")])
        app.state.of(TextsController).settle(accept=True, is_all=True)
        app.session.run("text.save-to-file")
        shown = await answer_question(app, "Save")
        assert "The tenantlodger **pays**" in shown
        assert "lost" not in shown
        await until(lambda: "Saved" in app.said)
        before, after = parts_of(a_document()), parts_of(path.read_bytes())
        assert [name for name in before if before[name] != after[name]] == ["word/document.xml"]
        path.chmod(0o444)
        await opened.propose([Change("lodger", "guest")])
        app.session.run("text.save-to-file")
        await until(lambda: "read-only" in app.said)
        path.unlink()  # it is made again, for all who may read other files
        app.session.run("text.save-to-file")
        assert "made again" in await answer_question(app, "Save")
        await until(path.exists)
        await until(lambda: path.stat().st_mode & 0o777 == usual_mode())

        # A file keeps its encoding.
        await app.start_over()
        path = tmp_path / "latin.txt"
        path.write_bytes("\r\nDas Größte für Ärzte, naïve Maße.\r\n".encode("cp1252"))
        app.window.files_dropped.emit([path])
        await until(lambda: app.chips and not app.is_reading)
        (part,) = app.state.current.draft.value.attachments
        app.window.prompt.chips.action_requested.emit(part.sha256, "open-as-text")
        await until(lambda: "Größte" in body(app))
        select(app, "Ärzte")
        QTest.keyClicks(editor(app), "Leute")
        app.session.run("text.save-to-file")
        shown = await answer_question(app, "Save")
        assert "für ÄrzteLeute, naïve" in shown
        assert "UTF-8" not in shown
        saved = "\r\nDas Größte für Leute, naïve Maße.\r\n".encode("cp1252")
        await until(lambda: path.read_bytes() == saved)
        select(app, "Leute")
        editor(app).textCursor().insertText("Łódź")
        app.session.run("text.save-to-file")
        assert "UTF-8" in await answer_question(app, "Cancel")

        # Temporary texts are not stored.
        await app.start_over()
        app.session.run("conversation.temporary")
        await until(lambda: app.state.current.is_temporary)
        await open_text(app)
        QTest.keyClicks(editor(app), "secret")
        opened = app.state.of(TextsController).shown
        assert opened is not None
        await opened.store()
        assert app.stored("SELECT * FROM texts") == []
        app.session.run("text.toggle")  # hidden, it would be lost without a question
        app.session.run("conversation.close-temporary")
        assert "Delete this temporary" in app.said
        app.press_action("Delete")
        assert app.state.of(TextsController).shown is None
        assert body(app) == ""

        # A text returns with its changes.
        await app.start_over()
        conversation_id = await app.ask_and_answer("Write.", "# Tides\n\nThey rise.")
        app.act("as-text")
        await until(lambda: editor(app).isVisible())
        QTest.keyClicks(editor(app), "The ")
        opened = app.state.of(TextsController).shown
        assert opened is not None
        await opened.propose([Change("They rise.", "They fall.")])
        await until(lambda: app.stored("SELECT marks FROM texts") not in ([], [("[]",)]))
        app.new_conversation()
        await until(lambda: not pane(app).isVisible())
        await app.open_conversation(conversation_id)
        await until(lambda: pane(app).isVisible())
        written = body(app)
    async with AppHarness(environment=COMET) as app:
        await until(lambda: app.state.made(TextsController) and pane(app).isVisible())
        assert body(app) == written
        assert editor(app).tracked.accepted == "The # Tides\n\nThey fall."
        assert len(editor(app).tracked.changes) == 1
        app.click("text-close")
        assert not pane(app).isVisible()
        turn = await app.ask("And now?")
        assert not turn.request.tools
        turn.end("Nothing.")
        await app.settled()
        app.session.run("text.toggle")
        assert pane(app).isVisible()


@pytest.mark.parametrize(
    ("format_id", "has", "lacks"),
    [
        ("markdown", [b"# Tides\n\nThey fall."], [b"rise"]),
        ("html", [b"<h1>Tides</h1>", b"They fall."], [b"rise"]),
        ("word", [b"fall"], [b"rise", b"w:ins "]),
        ("word-changes", [b"rise", b"fall", b"w:ins ", b"w:del "], []),
    ],
)
def test_an_export_has_the_accepted_text(
    format_id: str, has: list[bytes], lacks: list[bytes]
) -> None:
    marks = (Mark(14, 18, 1, is_insertion=False), Mark(18, 22, 1, is_insertion=True))
    text = WrittenText("t", "c", "Tides\udcff", "# Tides\n\nThey risefall.", marks)
    data = FORMATS[format_id][2](text)
    if format_id.startswith("word"):
        data = ZipFile(BytesIO(data)).read("word/document.xml")
    assert [words for words in has if words not in data] == []
    assert [words for words in lacks if words in data] == []


async def answer_question(app: AppHarness, label: str) -> str:
    """Press a button of the question whether to save, and return what it shows."""
    dialog = await question_of(app)
    labels = [label.text() for label in dialog.findChildren(QLabel)]
    details = find(dialog, PlainTextField, "text-differences").toPlainText()
    next(b for b in dialog.findChildren(QPushButton) if b.text() == label).click()
    return "\n".join([*labels, details])


async def question_of(app: AppHarness) -> SaveDialog:
    def question() -> SaveDialog | None:
        found = app.window.findChildren(SaveDialog)
        return next((box for box in found if box.isVisible()), None)

    await until(question)
    box = question()
    assert box is not None
    return box


async def test_a_page_opens_in_the_browser_and_as_a_text(opened_files: list[QUrl]) -> None:
    page = "<!DOCTYPE html>\n<title>Tides &amp; moons</title>\n<p>High</p>"
    async with AppHarness() as app:
        view = app.window.transcript
        await app.ask_and_answer("A page", f"Here:\n\n```html\n{page}\n```\n\nDone.")
        shown = view.messages.last()
        assert shown is not None
        [target] = [each for each in targets_of(shown) if each.link == OPEN_CODE]
        view.activate(target)
        await until(lambda: "Open" in app.offered_actions)
        assert "browser" in app.said
        assert not opened_files, "the user was not asked yet"
        app.press_action("Open")
        await until(lambda: opened_files)
        path = Path(opened_files[0].toLocalFile())
        assert path.is_relative_to(app.state.backend.folders.temporary)
        document = path.read_text()
        assert "<title>Tides &amp; moons</title>" in document
        assert "&lt;p&gt;High&lt;/p&gt;" in document
        view.activate(target)
        await until(lambda: len(opened_files) == 2)

        # As a text it can be changed, and opens again.
        menu = menu_for(view.commands, target.place, "", view.follow_link)
        labels = [action.text() for action in menu.actions()]
        assert labels[:3] == ["Copy code block", "Open", "Open code block as text"]
        menu.actions()[2].trigger()
        menu.deleteLater()
        await until(lambda: editor(app).isVisible())
        assert pane(app).title.text() == "Tides & moons"
        assert body(app) == page
        editor(app).insertPlainText("<!-- mine -->")
        menu = ProgramMenu(pane(app))
        app.state.of(TextsController)._fill_menu(menu)
        assert menu.actions()[0].text() == "Open"
        menu.actions()[0].trigger()
        await until(lambda: len(opened_files) == 3)
        assert "&lt;!-- mine --&gt;" in Path(opened_files[2].toLocalFile()).read_text()

        # One that is too long is a sentence, and the next opens.
        events = app.state.events
        events.code_requested.emit("open", "<p>" * 7_000_000)
        await until(lambda: "too long" in app.said)
        events.code_requested.emit("open", "<p>next</p>")
        await until(lambda: len(opened_files) == 4)
    assert not path.exists(), "pages are removed at the end"
