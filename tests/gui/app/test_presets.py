"""Presets in the whole program: applied, changed, undone, saved, and the default preset."""

from __future__ import annotations

from dataclasses import replace
from typing import cast

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QCheckBox, QLineEdit, QMenu, QPushButton

from desktop_app.backend.answer_settings import with_override
from desktop_app.backend.preset_loader import HIDDEN, built_in_presets
from desktop_app.domain.answering.generation import Examples, Overrides
from desktop_app.domain.conversations.conversation import new_id
from desktop_app.domain.models.model_catalog import Effort, Variant
from desktop_app.domain.prompts.preset import Preset
from desktop_app.storage.settings.prompt_store import PromptStore
from desktop_app.ui.library.prompts_dialog import PromptsDialog
from desktop_app.ui.widgets.forms.form_widgets import Combo, MultilineField
from tests.gui.app.desk import Desk, until
from tests.helpers.menus import entry_text
from tests.helpers.widgets import find
from tests.unit.storage.samples import opened

REVIEWER = Preset(
    "reviewer",
    "Code reviewer",
    variant=Variant.PRO,
    effort=Effort.HIGH,
    overrides=Overrides("You review code.").with_parameter("temperature", 0.2),
)
POET = Preset("poet", "Poet", overrides=Overrides("You rhyme."), position=1)
KEY = {"OPENAI_API_KEY": "sk-not-real"}


async def with_presets(desk: Desk) -> None:
    await desk.backend.prompts.save(presets=[REVIEWER, POET])
    await desk.controllers.presets.load()


def menu_of(desk: Desk) -> dict[str, bool]:
    """Return the lines of the menu and their checked states."""
    menu = QMenu()
    desk.window.header.preset_menu_requested.emit(menu)
    lines = {
        entry_text(action): action.isChecked() for action in menu.actions() if entry_text(action)
    }
    menu.deleteLater()
    return lines


def choose(desk: Desk, line: str) -> None:
    menu = QMenu()
    desk.window.header.preset_menu_requested.emit(menu)
    next(action for action in menu.actions() if entry_text(action) == line).trigger()
    menu.deleteLater()


def shown(desk: Desk) -> str:
    return desk.window.header.preset.accessibleName()


def undo(desk: Desk) -> None:
    button = next(
        b for b in desk.window.notifications.findChildren(QPushButton) if b.text() == "Undo"
    )
    button.click()


async def test_an_applied_preset_shows_later_changes() -> None:
    async with Desk(environment=KEY) as desk:
        state = desk.state
        assert desk.window.header.preset.isVisible()  # those that ship
        await with_presets(desk)
        assert shown(desk) == "No preset"
        choose(desk, "Code reviewer")
        assert shown(desk) == "Preset: Code reviewer"
        assert state.setup.choice.variant is Variant.PRO
        assert state.setup.choice.effort is Effort.HIGH
        assert state.setup.ask_settings.instructions == "You review code."
        assert state.setup.ask_settings.parameters.temperature == 0.2
        state.setup.override(
            state.current.id, lambda own: with_override(own, "answer.verbosity", "low")
        )
        assert shown(desk) == "Preset: Code reviewer (changed)"
        assert menu_of(desk)["Code reviewer"]
        choose(desk, "Update “Code reviewer”")
        assert shown(desk) == "Preset: Code reviewer"
        await desk.written()
        (stored, _) = await desk.backend.prompts.presets()
        assert stored.overrides == REVIEWER.overrides.with_parameter("verbosity", "low")


async def test_the_preset_of_a_conversation_survives_a_restart() -> None:
    async with Desk(environment=KEY) as desk:
        await with_presets(desk)
        desk.controllers.presets.use("reviewer")
        first = await desk.ask_and_answer("Why?", "So.")
        desk.controllers.library.open_new()
        assert shown(desk) == "No preset"
        second = await desk.ask_and_answer("And?", "So too.")
        desk.controllers.presets.use("poet")
        await desk.written()
        desk.open_row(first)
        await until(lambda: shown(desk) == "Preset: Code reviewer")
        desk.open_row(second)
        await until(lambda: shown(desk) == "Preset: Poet")
    async with Desk(environment=KEY) as desk:
        await until(lambda: shown(desk) == "Preset: Poet")
        assert desk.state.setup.ask_settings.instructions == "You rhyme."


async def test_applying_is_undone_and_no_preset_restores_the_defaults() -> None:
    async with Desk(environment=KEY) as desk:
        state = desk.state
        await with_presets(desk)
        mine = Overrides("Written by hand, at length.")
        state.setup.override(state.current.id, lambda _own: mine)
        before = state.current.conversation
        choose(desk, "Poet")
        assert state.current.conversation.overrides == POET.overrides
        undo(desk)
        assert state.current.conversation == before
        choose(desk, "Poet")
        choose(desk, "No preset")
        assert state.current.conversation.overrides == Overrides()
        assert shown(desk) == "No preset"
        await desk.written()


async def test_a_preset_skips_what_the_provider_does_not_have() -> None:
    async with Desk() as desk:  # on this computer: no variants
        await with_presets(desk)
        before = desk.state.setup.choice
        desk.controllers.presets.use("reviewer")
        after = desk.state.setup.choice
        assert (after.provider_id, after.model, after.variant) == (
            before.provider_id,
            before.model,
            None,
        )
        gone = replace(POET, provider_id="nowhere", model="x")
        await desk.backend.prompts.save(presets=[gone])
        await desk.controllers.presets.load()
        desk.controllers.presets.use("poet")
        assert desk.state.providers.has_provider(desk.state.current.conversation)
        await desk.written()


async def test_a_conversations_settings_become_a_preset_whose_name_is_edited() -> None:
    async with Desk(environment=KEY) as desk:
        state = desk.state
        state.setup.override(state.current.id, lambda _own: Overrides("Be kind."))
        desk.controllers.presets.save_here()
        dialog = cast(PromptsDialog, desk.window.findChild(PromptsDialog))
        name = find(dialog, QLineEdit, "preset-name")
        await until(name.hasFocus)
        QTest.keyClicks(name, "Kind")
        QTest.keyClick(name, Qt.Key.Key_Return)
        assert shown(desk) == "Preset: Kind"
        await desk.written()
        (stored,) = await desk.backend.prompts.presets()
        assert (stored.name, stored.variant) == ("Kind", state.setup.choice.variant)
        assert stored.overrides == Overrides("Be kind.")
        assert dialog.isVisible()
        dialog.hide()


async def test_a_saved_preset_contains_the_default_instructions() -> None:
    async with Desk(environment=KEY) as desk:
        panel = desk.window.settings
        panel.setting_changed.emit("answer.system_prompt", "Be a pirate.")
        await desk.written()
        desk.controllers.presets.save_here()
        await desk.written()
        (stored,) = await desk.backend.prompts.presets()
        assert stored.overrides == Overrides("Be a pirate.")
        panel.setting_changed.emit("answer.system_prompt", "")
        await desk.written()
        assert desk.state.setup.ask_settings.instructions == "Be a pirate."
        assert shown(desk) == f"Preset: {stored.name}"  # nothing was changed since
        dialog = desk.window.findChild(PromptsDialog)
        assert isinstance(dialog, PromptsDialog)
        dialog.hide()


async def test_imported_presets_are_offered() -> None:
    async with Desk(environment=KEY) as desk:
        async with opened(desk.backend.folders.database) as beside:
            await PromptStore(beside).save(presets=[Preset(new_id(), "From elsewhere")])
        await until(lambda: "From elsewhere" in menu_of(desk))


async def test_the_page_edits_copies_and_deletes_with_undo() -> None:
    async with Desk(environment=KEY) as desk:
        await with_presets(desk)
        desk.controllers.prompts.manage("presets")
        dialog = cast(PromptsDialog, desk.window.findChild(PromptsDialog))
        page = dialog.presets
        page.select("poet")
        words = find(dialog, MultilineField, "answer.system_prompt")
        assert words.toPlainText() == "You rhyme."
        find(dialog, QLineEdit, "preset-name").selectAll()
        QTest.keyClicks(find(dialog, QLineEdit, "preset-name"), "Bard")
        words.setPlainText("You sing.")
        variant = find(dialog, Combo, "preset-model")
        variant.setCurrentIndex(variant.findText("Instant"))
        variant.activated.emit(variant.currentIndex())
        page.report_edits()
        await desk.written()
        stored = {p.id: p for p in await desk.backend.prompts.presets()}
        wanted = replace(
            POET, name="Bard", variant=Variant.INSTANT, overrides=Overrides("You sing.")
        )
        assert stored["poet"] == wanted
        for button in ("duplicate-preset", "delete-preset"):
            QTest.mouseClick(find(dialog, QPushButton, button), Qt.MouseButton.LeftButton)
        assert find(dialog, QLineEdit, "preset-name").text() != "Bard (copy)"
        QTest.mouseClick(find(dialog, QPushButton, "undo-prompts"), Qt.MouseButton.LeftButton)
        assert find(dialog, QLineEdit, "preset-name").text() == "Bard (copy)"
        page.form.reset_requested.emit("answer.system_prompt")
        await desk.written()
        copied = (await desk.backend.prompts.presets())[-1]
        assert (copied.name, copied.overrides) == ("Bard (copy)", Overrides())
        dialog.hide()


async def test_new_conversations_begin_with_the_default_preset() -> None:
    async with Desk(environment=KEY) as desk:
        await with_presets(desk)
        desk.controllers.prompts.manage("presets")
        dialog = cast(PromptsDialog, desk.window.findChild(PromptsDialog))
        dialog.presets.select("reviewer")
        find(dialog, QCheckBox, "preset-default").click()
        await until(lambda: shown(desk) == "Preset: Code reviewer")
        dialog.hide()
        await desk.ask_and_answer("Why?", "So.")
        desk.controllers.library.open_new()
        assert shown(desk) == "Preset: Code reviewer"
        desk.session.quick.open_with("")
        assert desk.session.quick.window.choice.variant is Variant.PRO
        desk.session.quick.window.hide()
        choose(desk, "Poet")
        desk.open_row((await desk.backend.conversations.all())[0].id)
        await until(lambda: shown(desk) == "Preset: Code reviewer")
        desk.controllers.library.open_new()  # the blank one is as it was left
        assert shown(desk) == "Preset: Poet"
        here = desk.state.current.id
        desk.state.setup.override(here, lambda _own: Overrides("By hand."))
        desk.controllers.library.open_new()
        assert shown(desk) == "Preset: Poet (changed)"
        assert desk.state.setup.ask_settings.instructions == "By hand."
        await desk.written()


async def test_settings_that_were_cleared_in_a_blank_conversation_stay_cleared() -> None:
    async with Desk(environment=KEY) as desk:
        await with_presets(desk)
        first = await desk.ask_and_answer("Why?", "So.")
        desk.controllers.library.open_new()
        choose(desk, "Poet")
        desk.state.setup.override(desk.open_id, lambda _own: Overrides())
        assert shown(desk) == "Preset: Poet (changed)"
        await desk.opened(first)
        desk.controllers.library.open_new()
        assert shown(desk) == "Preset: Poet (changed)"
        assert desk.state.current.conversation.overrides == Overrides()
        await desk.written()


async def test_a_preset_of_a_blank_conversation_is_undone_after_it_was_left() -> None:
    async with Desk(environment=KEY) as desk:
        await with_presets(desk)
        first = await desk.ask_and_answer("Why?", "So.")
        desk.controllers.library.open_new()
        choose(desk, "Poet")
        await desk.opened(first)
        undo(desk)
        await desk.written()
        desk.controllers.library.open_new()
        assert shown(desk) == "No preset"
        assert desk.state.current.conversation.overrides == Overrides()


async def test_without_presets_the_command_opens_the_page() -> None:
    async with Desk() as desk:
        shipped = [preset.id for preset in built_in_presets()]
        await desk.backend.settings.set(HIDDEN, shipped)
        await desk.controllers.presets.load()
        assert not desk.window.header.preset.isVisible()
        desk.session.actions["presets.use"]()
        dialog = cast(PromptsDialog, desk.window.findChild(PromptsDialog))
        assert dialog.presets.isVisible()
        dialog.hide()


async def test_built_in_presets_can_be_used_edited_and_deleted() -> None:
    async with Desk(environment=KEY) as desk:
        menu = QMenu()
        desk.window.header.preset_menu_requested.emit(menu)
        names = [entry_text(action) for action in menu.actions()]
        assert {preset.name for preset in built_in_presets()} <= set(names)
        choose(desk, "Translator")
        settings = desk.state.setup.ask_settings
        assert settings.instructions.startswith("You translate.")
        assert settings.examples == (("Das ist nicht mein Bier.", "That’s not my problem."),)
        its = desk.controllers.presets
        its._save(replace(desk.state.presets.by_id["editor"], name="My editor"))
        its._delete("tutor")
        await desk.written()
        await its.load()
        found = {preset.id: preset.name for preset in desk.state.presets.by_id.values()}
        assert found["editor"] == "My editor"
        assert "tutor" not in found
        assert len(found) == len(built_in_presets()) - 1
        menu.deleteLater()


def examples_of(desk: Desk) -> Examples:
    return desk.state.presets.by_id["poet"].overrides.examples


async def test_examples_are_edited_kept_and_sent() -> None:
    async with Desk(environment=KEY) as desk:
        await with_presets(desk)
        desk.session.actions["presets.manage"]()
        dialog = cast(PromptsDialog, desk.window.findChild(PromptsDialog))
        page = dialog.presets
        page.select("poet")
        page.examples.add_button.click()
        page.examples.add_button.click()
        questions, answers = (
            page.examples.findChildren(MultilineField, f"example-{part}")
            for part in ("question", "answer")
        )
        QTest.keyClicks(questions[0], "Rain?")
        page.report_edits()
        assert examples_of(desk) == ()
        QTest.keyClicks(answers[0], "Again.")
        page.report_edits()
        QTest.keyClicks(questions[1], "Half")
        page.report_edits()
        assert questions[1].toPlainText() == "Half"  # not lost while the other is saved
        assert questions[1].accessibleName() == "Example 2: message"
        pairs = (("Rain?", "Again."),)
        assert examples_of(desk) == pairs
        await desk.written()
        stored = {preset.id: preset for preset in await desk.backend.prompts.presets()}
        assert stored["poet"].overrides == replace(POET.overrides, examples=pairs)
        page.select("reviewer")
        assert not page.examples.findChildren(MultilineField)
        page.select("poet")
        (question,) = page.examples.findChildren(MultilineField, "example-question")
        assert question.toPlainText() == "Rain?"
        desk.controllers.presets.use("poet")
        assert desk.state.setup.ask_settings.examples == pairs
        find(page, QPushButton, "remove-example").click()
        assert examples_of(desk) == ()
        undo = find(page, QPushButton, "undo-example")
        undo.click()
        assert examples_of(desk) == pairs
        assert not undo.isVisible()
        find(page, QPushButton, "remove-example").click()
        page.select("reviewer")
        assert not undo.isVisible()
        assert examples_of(desk) == ()
        await desk.written()
        dialog.hide()
