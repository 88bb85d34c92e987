"""The prompt library in the whole program: use, editing, hiding, deletion, import, export."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, cast

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel, QLineEdit, QMessageBox, QPushButton

from desktop_app.app.closing_controller import ClosingController
from desktop_app.app.navigator import Navigator
from desktop_app.composer.attachments.file_readings import ATTACHED_TEXT
from desktop_app.composer.completion import PromptDialog, ValueField
from desktop_app.composer.prompt_list import PromptList
from desktop_app.composer.prompt_text import LARGE_PASTE_CHARACTERS, PromptText
from desktop_app.composer.suggestions import SuggestionButton, Suggestions
from desktop_app.domain.errors import StoreFullError
from desktop_app.domain.prompt import Prompt, today
from desktop_app.prompts.prompt_store import PromptStore
from desktop_app.prompts.services import prompts
from desktop_app.prompts.ui.prompts_controller import PromptsController
from desktop_app.prompts.ui.prompts_dialog import PromptLibraryPage
from desktop_app.quick.ui.quick_prompt_controller import QuickPromptController
from tests.gui.app.app_harness import AppHarness, until
from tests.helpers.templates import translate_into
from tests.helpers.widgets import find
from tests.unit.tools.test_skills import make_skill

if TYPE_CHECKING:
    import pytest

REPLY = Prompt("reply", "Reply", "Reply on {{date}} to {{name}}:\n\n{{selection}}", "Mail")


def offered_prompts(app: AppHarness) -> list[str]:
    """Return the titles in the menu of prompts, which is empty if hidden."""
    completer = app.window.prompt.completer
    if not completer.popup().isVisible():
        return []
    model = completer.completionModel()
    texts = [str(model.index(row, 0).data()) for row in range(model.rowCount())]
    return [text.partition("  ·  ")[0] for text in texts]


async def prompts_loaded(app: AppHarness) -> None:
    await until(lambda: app.state.of(PromptList).library)


def dialog_of(app: AppHarness) -> PromptLibraryPage:
    app.controllers.of(PromptsController).manage()
    return cast(PromptLibraryPage, app.window.findChild(PromptLibraryPage))


def press(dialog: PromptLibraryPage, name: str) -> None:
    QTest.mouseClick(find(dialog, QPushButton, name), Qt.MouseButton.LeftButton)


def said(dialog: PromptLibraryPage) -> str:
    return find(dialog, QLabel, "prompts-status").text()


async def test_a_prompt_is_inserted_and_filled() -> None:
    async with AppHarness() as app:
        # A prompt is inserted filled and asked by keyboard.
        await prompts_loaded(app)
        await app.backend.of(prompts).save([REPLY])
        await app.controllers.of(PromptsController).load()
        app.type("/rep")
        assert offered_prompts(app) == ["Reply"]
        app.press(Qt.Key.Key_Return)
        await until(lambda: app.window.findChild(PromptDialog))
        field = find(app.window, ValueField, "field-name")
        QTest.keyClicks(field, "Anna")
        QTest.keyClick(field, Qt.Key.Key_Return)
        assert app.window.prompt.text() == f"Reply on {today()} to Anna:\n\n"
        turn = await app.ask("")
        assert f"Reply on {today()} to Anna:" in turn.asked
        turn.end("Dear Anna")
        await app.settled()

        # The selection fills the prompt and a long clipboard is attached.
        await app.start_over()
        await prompts_loaded(app)
        await app.backend.of(prompts).save([Prompt("c", "Clip", "Read {{clipboard}}!")])
        await app.controllers.of(PromptsController).load()
        await app.ask_and_answer("Why?", "Because of x.")
        app.window.transcript.selection.select_all()
        app.type("/explain")
        app.press(Qt.Key.Key_Return)
        text = app.window.prompt.text()
        assert text.startswith("Explain this code to a developer")
        assert "Because of x." in text
        app.text.clear()
        QGuiApplication.clipboard().setText("word " * LARGE_PASTE_CHARACTERS)
        app.type("/clip")
        app.press(Qt.Key.Key_Return)
        assert app.window.prompt.text() == f"Read {ATTACHED_TEXT}!"
        await until(lambda: app.state.current.draft.value.attachments)
        QGuiApplication.clipboard().setText("short")
        app.controllers.of(Navigator).open_new()

        # The quick prompt inserts accompanying text at the selection mark.
        await app.start_over()
        await prompts_loaded(app)
        controller = app.session.of(QuickPromptController)
        quick = controller.window
        controller.open_with("Good morning")
        find(quick, PromptText, "prompt").setFocus()
        QTest.keyClicks(find(quick, PromptText, "prompt"), "/trans")
        app.press(Qt.Key.Key_Return)
        field = find(quick, ValueField, "field-language")
        QTest.keyClicks(field, "Polish")
        QTest.keyClick(field, Qt.Key.Key_Return)
        wanted = f"{translate_into('Polish')}\n\n"
        assert quick.field.toPlainText() == wanted + "{{selection}}"
        QTest.keyClick(find(quick, PromptText, "prompt"), Qt.Key.Key_Return)
        await until(lambda: app.providers.turns)
        assert app.providers.turns[-1].asked.endswith(wanted + "Good morning")
        app.providers.turns[-1].end("Dzień dobry")
        await app.settled()
        controller.open_with("")
        assert quick.field.toPlainText() == ""
        quick.hide()


async def test_a_typed_name_switches_a_skill_on_for_the_conversation(repartee_home: Path) -> None:
    folder = make_skill(
        repartee_home / "data" / "skills", "zoning-forms", "Fills in forms of zoning."
    )
    async with AppHarness(environment={"COMETAPI_KEY": "sk-comet"}) as app:
        await prompts_loaded(app)
        assert app.session.setup.chosen_tools == ()  # nothing is on by itself
        app.type("Please ask.")
        app.text.textCursor().insertBlock()
        app.type("/zon")
        await until(lambda: offered_prompts(app) == ["zoning-forms"])
        (row,) = app.state.of(PromptList).skills
        assert row.shown_text == "Fills in forms of zoning."
        popup = app.window.prompt.completer.popup()
        QTest.keyClick(popup, Qt.Key.Key_Return)
        assert app.text.toPlainText() == "Please ask.\n"  # what was typed before is kept
        assert app.session.setup.chosen_tools == ("skill:zoning-forms",)
        app.press_action("Undo")
        assert app.session.setup.chosen_tools == ()

        app.type("/zoning")
        await until(lambda: offered_prompts(app) == ["zoning-forms"])
        QTest.keyClick(popup, Qt.Key.Key_Return)
        turn = await app.ask("Fill it in.")
        (tool,) = turn.request.tools
        assert tool.name == "read_skill"
        assert "Fills in forms of zoning." in tool.description
        turn.end("Done.")
        await app.settled()
        app.new_conversation()
        assert app.session.setup.chosen_tools == ()

        # What cannot be read is not offered.
        (folder / "SKILL.md").write_text("no front matter")
        app.type("/")
        await until(lambda: not app.state.of(PromptList).skills)
        assert "zoning-forms" not in offered_prompts(app)


async def test_a_prompt_is_used_from_its_page() -> None:
    async with AppHarness() as app:
        await prompts_loaded(app)
        await app.backend.of(prompts).save([REPLY, Prompt("s", "Short", "Say it in a word.")])
        await app.controllers.of(PromptsController).load()
        app.type("My words. ")
        page = dialog_of(app)
        page.select("s")
        press(page, "use-prompt")
        assert app.window.prompt.text() == "My words. Say it in a word."
        assert not page.isVisible()
        page = dialog_of(app)
        page.select(REPLY.id)
        press(page, "use-prompt")
        assert app.window.findChild(PromptDialog) is not None


async def test_an_edited_prompt_is_stored_and_offered_everywhere(data: Path) -> None:
    async with AppHarness(environment={"OPENAI_API_KEY": "sk-test"}) as app:
        await prompts_loaded(app)
        dialog = dialog_of(app)
        dialog.select("executive-summary")
        title = find(dialog, QLineEdit, "prompt-title")
        title.selectAll()
        QTest.keyClicks(title, "In short")
        dialog.fields.text.setPlainText("Say it in one sentence.")
        dialog.hide()
        app.window.files_dropped.emit([data / "notes.md"])
        (buttons,) = app.window.prompt.findChildren(Suggestions)
        await until(
            lambda: "In short" in [b.text() for b in buttons.findChildren(SuggestionButton)[:1]]
        )
        turn = await app.ask("")
        assert "Say it in one sentence." in turn.asked
        turn.end("Short.")
        await app.settled()
    async with AppHarness() as app:  # and is there at the next start
        await prompts_loaded(app)
        dialog = dialog_of(app)
        dialog.select("executive-summary")
        assert not dialog.fields.delete_button.isVisible()
        press(dialog, "reset-prompt")
        assert find(dialog, QLineEdit, "prompt-title").text() == "Summarize"
        app.press_action("Undo")
        assert find(dialog, QLineEdit, "prompt-title").text() == "In short"
        await app.written()
        assert [p.title for p in await app.backend.of(prompts).prompts()] == ["In short"]
        press(dialog, "reset-prompt")
        await app.written()
        assert await app.backend.of(prompts).prompts() == []


async def test_an_edit_that_a_full_disk_refused_is_reported_and_stored_later(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    save, is_full = PromptStore.save, False

    async def save_if_room(store: PromptStore, prompts: Sequence[Prompt]) -> None:
        if is_full:
            raise StoreFullError("There is no room left on the disk.")
        await save(store, prompts)

    monkeypatch.setattr(PromptStore, "save", save_if_room)
    async with AppHarness() as app:
        await prompts_loaded(app)
        dialog = dialog_of(app)
        press(dialog, "new-prompts")
        await app.written()
        is_full = True
        QTest.keyClicks(find(dialog, QLineEdit, "prompt-title"), "Mine")
        dialog.report_edits()
        await until(lambda: "no room left" in said(dialog))
        app.session.of(ClosingController).quit()
        await until(lambda: app.window.findChild(QMessageBox, "closing-question"))
        find(app.window, QMessageBox, "closing-question").reject()
        assert not app.session.shutdown.has_begun
        is_full = False
        press(dialog, "new-prompts")
        await until(lambda: not said(dialog))
        stored = [prompt.title for prompt in await app.backend.of(prompts).prompts()]
        assert sorted(stored) == ["Mine", "New prompt"]
        app.session.of(ClosingController).quit()
        assert app.session.shutdown.has_begun


async def test_a_prompt_is_created_hidden_duplicated_and_deleted_with_undo() -> None:
    async with AppHarness() as app:
        await prompts_loaded(app)
        dialog = dialog_of(app)
        dialog.select("translate")
        press(dialog, "new-prompts")
        title = find(dialog, QLineEdit, "prompt-title")
        await until(title.hasFocus)
        assert title.selectedText() == "New prompt"
        assert dialog.fields.folder.text() == "Writing"
        QTest.keyClicks(title, "Shorten")
        dialog.fields.text.setPlainText("Halve it: {{selection}} {{much=half|third}}")
        note = find(dialog, QLabel, "prompt-variables")
        assert note.text() == (
            "Fields: much (half | third). Filled in automatically: selected text."
        )
        press(dialog, "duplicate-prompt")
        titles = [prompt.title for prompt in app.state.of(PromptList).library]
        assert {"Shorten", "Shorten (copy)"} < set(titles)
        press(dialog, "delete-prompt")
        assert app.said == "“Shorten (copy)” deleted"
        app.press_action("Undo")
        assert title.text() == "Shorten (copy)"
        press(dialog, "hide-prompt")
        assert dialog.fields.hide_button.text() == "Show"
        await app.written()
        stored = {p.title: p.hidden for p in await app.backend.of(prompts).prompts()}
        assert stored == {"Shorten": False, "Shorten (copy)": True}
        dialog.hide()
        app.type("/shorten")
        assert offered_prompts(app) == ["Shorten"]


async def test_prompts_that_another_process_changes_are_shown() -> None:
    async with AppHarness() as app:
        await prompts_loaded(app)
        store, found = app.backend.of(prompts), app.state.of(PromptList).find
        await store.save([REPLY, Prompt("old", "Old", "Say it.")])
        app.session.events.store_changed.emit()
        await until(lambda: found("old") is not None)
        await store.save([replace(REPLY, text="Answer")])
        await store.remove("old")
        app.session.events.store_changed.emit()
        await until(lambda: found("old") is None)
        assert found("reply") == replace(REPLY, text="Answer")


async def test_exported_prompts_are_imported_once(tmp_path: Path) -> None:
    file = tmp_path / "prompts.json"

    async with AppHarness() as app:
        await prompts_loaded(app)
        app.controllers.of(PromptsController).save(REPLY)
        dialog = dialog_of(app)
        app.session.of(PromptsController).export_file(file)
        await until(lambda: said(dialog) == "Exported 1 prompt to prompts.json")
        assert json.loads(file.read_text("utf-8"))["prompts"][0]["title"] == "Reply"
        app.session.of(PromptsController).import_file(file)
        await until(lambda: said(dialog).startswith("Nothing new"))
        dialog.select("reply")
        press(dialog, "delete-prompt")
        app.session.of(PromptsController).import_file(file)
        await until(lambda: said(dialog) == "Imported 1 prompt")
        assert await app.backend.of(prompts).prompts() == [REPLY]
        file.write_text("{}", "utf-8")
        app.session.of(PromptsController).import_file(file)
        await until(lambda: "isn’t a Repartee prompts file" in said(dialog))
        app.session.of(PromptsController).import_file(tmp_path / "missing.json")
        await until(lambda: "Couldn’t read" in said(dialog))
        app.session.of(PromptsController).export_file(Path("/proc/x.json"))
        await until(lambda: "Couldn’t save" in said(dialog))
        await app.settled()
