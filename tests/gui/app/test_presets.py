"""Prompts with settings in the whole program: applied, changed, undone, saved, the default."""

from __future__ import annotations

from dataclasses import replace
from typing import cast

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QCheckBox, QLineEdit, QMenu, QPushButton

from desktop_app.app.navigator import Navigator
from desktop_app.app.open_conversation import DEFAULT_PRESET
from desktop_app.backend.answer_settings import with_override
from desktop_app.chat.ui.temporary_controller import TemporaryController
from desktop_app.composer.prompt_list import PromptList
from desktop_app.domain.answering.generation import Examples, Overrides
from desktop_app.domain.models.variants import Effort, Variant
from desktop_app.domain.prompt import Prompt
from desktop_app.prompts.prompt_library import built_in_presets
from desktop_app.prompts.services import prompts
from desktop_app.prompts.ui.applied_prompt import AppliedPrompt
from desktop_app.prompts.ui.prompts_controller import PromptsController
from desktop_app.prompts.ui.prompts_dialog import PromptLibraryPage
from desktop_app.quick.ui.quick_prompt_controller import QuickPromptController
from desktop_app.widgets.forms.form_widgets import Combo, MultilineField
from tests.gui.app.app_harness import AppHarness, until
from tests.helpers.menus import entry_text
from tests.helpers.widgets import accept_question, find

REVIEWER = Prompt(
    "reviewer",
    "Code reviewer",
    variant=Variant.PRO,
    effort=Effort.HIGH,
    overrides=Overrides("You review code.").with_parameter("temperature", 0.2),
)
POET = Prompt("poet", "Poet", overrides=Overrides("You rhyme."), position=1)
KEY = {"OPENAI_API_KEY": "sk-not-real"}


async def store_presets(app: AppHarness) -> None:
    await app.backend.of(prompts).save([REVIEWER, POET])
    await app.controllers.of(PromptsController).load()


def menu_of(app: AppHarness) -> dict[str, bool]:
    """Return the lines of the menu and their checked states."""
    menu = QMenu()
    app.window.header.preset_menu_requested.emit(menu)
    lines = {
        entry_text(action): action.isChecked() for action in menu.actions() if entry_text(action)
    }
    menu.deleteLater()
    return lines


def choose(app: AppHarness, line: str) -> None:
    menu = QMenu()
    app.window.header.preset_menu_requested.emit(menu)
    next(action for action in menu.actions() if entry_text(action) == line).trigger()
    menu.deleteLater()


def shown(app: AppHarness) -> str:
    button = app.window.header.preset
    return "No prompt" if button.isHidden() else button.accessibleName()


async def test_presets_are_applied_by_default_and_survive_a_restart() -> None:
    async with AppHarness(environment=KEY) as app:
        # An applied preset shows later changes and is undone.
        state = app.state
        await store_presets(app)
        assert shown(app) == "No prompt"
        choose(app, "Code reviewer")
        assert shown(app) == "Prompt: Code reviewer"
        assert state.setup.choice.variant is Variant.PRO
        assert state.setup.choice.effort is Effort.HIGH
        assert state.setup.ask_settings.instructions == "You review code."
        assert state.setup.ask_settings.parameters.temperature == 0.2
        state.setup.override(
            state.current.id, lambda own: with_override(own, "answer.verbosity", "low")
        )
        assert shown(app) == "Prompt: Code reviewer (changed)"
        assert menu_of(app)["Code reviewer"]
        choose(app, "Update “Code reviewer”")
        assert shown(app) == "Prompt: Code reviewer"
        await app.written()
        (stored, _) = await app.backend.of(prompts).prompts()
        assert stored.overrides == REVIEWER.overrides.with_parameter("verbosity", "low")
        mine = Overrides("Written by hand, at length.")
        state.setup.override(state.current.id, lambda _own: mine)
        before = state.current.conversation
        choose(app, "Poet")
        assert state.current.conversation.overrides == POET.overrides
        app.press_action("Undo")
        assert state.current.conversation == before
        choose(app, "Poet")
        choose(app, "No prompt")
        assert state.current.conversation.overrides == Overrides()
        assert shown(app) == "No prompt"
        await app.written()

        # New conversations begin with the default preset.
        await app.start_over()
        await store_presets(app)
        app.controllers.of(PromptsController).manage()
        dialog = cast(PromptLibraryPage, app.window.findChild(PromptLibraryPage))
        dialog.select("reviewer")
        find(dialog, QCheckBox, "preset-default").click()
        await until(lambda: shown(app) == "Prompt: Code reviewer")
        dialog.hide()
        await app.ask_and_answer("Why?", "So.")
        app.controllers.of(Navigator).open_new()
        assert shown(app) == "Prompt: Code reviewer"
        app.session.of(QuickPromptController).open_with("")
        quick = app.session.of(QuickPromptController).window
        assert quick.prompt.row.choice.variant is Variant.PRO
        quick.hide()
        app.controllers.of(TemporaryController).open()
        assert shown(app) == "Prompt: Code reviewer"
        turn = await app.ask("And here?")
        assert turn.request.model.endswith("-pro")
        turn.end("Here.")
        await app.settled()
        app.controllers.of(Navigator).open_new()
        choose(app, "Poet")
        app.open_row((await app.backend.conversations.all())[0].id)
        await until(lambda: shown(app) == "Prompt: Code reviewer")
        app.controllers.of(Navigator).open_new()  # the blank one is as it was left
        assert shown(app) == "Prompt: Poet"
        here = app.state.current.id
        app.state.setup.override(here, lambda _own: Overrides("By hand."))
        app.controllers.of(Navigator).open_new()
        assert shown(app) == "Prompt: Poet (changed)"
        assert app.state.setup.ask_settings.instructions == "By hand."
        await app.written()


async def test_the_preset_of_a_conversation_survives_a_restart() -> None:
    async with AppHarness(environment=KEY) as app:
        await store_presets(app)
        app.controllers.of(AppliedPrompt).use("reviewer")
        first = await app.ask_and_answer("Why?", "So.")
        app.controllers.of(Navigator).open_new()
        assert shown(app) == "No prompt"
        second = await app.ask_and_answer("And?", "So too.")
        app.controllers.of(AppliedPrompt).use("poet")
        await app.written()
        app.open_row(first)
        await until(lambda: shown(app) == "Prompt: Code reviewer")
        app.open_row(second)
        await until(lambda: shown(app) == "Prompt: Poet")
    async with AppHarness(environment=KEY) as app:
        await until(lambda: shown(app) == "Prompt: Poet")
        assert app.state.setup.ask_settings.instructions == "You rhyme."


async def test_a_preset_skips_what_the_provider_does_not_have() -> None:
    async with AppHarness() as app:  # on this computer: no variants
        await store_presets(app)
        before = app.state.setup.choice
        app.controllers.of(AppliedPrompt).use("reviewer")
        after = app.state.setup.choice
        assert (after.provider_id, after.model, after.variant) == (
            before.provider_id,
            before.model,
            None,
        )
        gone = replace(POET, provider_id="nowhere", model="x")
        await app.backend.of(prompts).save([gone])
        await app.controllers.of(PromptsController).load()
        app.controllers.of(AppliedPrompt).use("poet")
        assert app.state.providers.has_provider(app.state.current.conversation)
        await app.written()


async def test_a_prompt_with_a_text_and_a_model_inserts_one_and_applies_the_other() -> None:
    both = replace(REVIEWER, title="Strict", text="Review {{selection}}")
    async with AppHarness(environment=KEY) as app:
        await until(lambda: app.state.of(PromptList).library)
        await app.backend.of(prompts).save([both, POET])
        await app.controllers.of(PromptsController).load()
        before = app.state.current.conversation
        for typed, text, chosen in (("/strict", "Review ", both), ("/poet", "", POET)):
            app.type(typed)
            app.press(Qt.Key.Key_Return)
            assert app.window.prompt.text() == text
            assert shown(app) == f"Prompt: {chosen.title}"
            assert app.state.current.conversation.overrides == chosen.overrides
            app.press_action("Undo")
            assert app.state.current.conversation == before
            app.text.clear()
        quick = app.session.of(QuickPromptController)
        quick.open_with("")
        quick.window.field.setFocus()
        QTest.keyClicks(quick.window.field, "/strict")
        app.press(Qt.Key.Key_Return)
        conversation = quick.conversation.current.conversation
        assert (conversation.preset_id, conversation.overrides) == (both.id, both.overrides)
        assert app.state.current.conversation == before
        quick.window.hide()
        # The last of its settings takes the prompt out of the menu; it can still be inserted.
        controller = app.controllers.of(PromptsController)
        controller.change_settings(both.id, lambda _former: Overrides())
        assert "Strict" in menu_of(app)
        controller.change(both.id, variant=None, effort=None)
        assert "Strict" not in menu_of(app)
        assert both.id in [prompt.id for prompt in app.state.of(PromptList).offered_prompts]
        await app.written()


@pytest.mark.slow
async def test_a_conversations_settings_become_a_preset_whose_name_is_edited() -> None:
    async with AppHarness(environment=KEY) as app:
        state = app.state
        state.setup.override(state.current.id, lambda _own: Overrides("Be kind."))
        app.controllers.of(AppliedPrompt).save_here()
        dialog = cast(PromptLibraryPage, app.window.findChild(PromptLibraryPage))
        name = find(dialog, QLineEdit, "prompt-title")
        await until(name.hasFocus)
        QTest.keyClicks(name, "Kind")
        QTest.keyClick(name, Qt.Key.Key_Return)
        assert shown(app) == "Prompt: Kind"
        await app.written()
        (stored,) = await app.backend.of(prompts).prompts()
        assert (stored.title, stored.variant) == ("Kind", state.setup.choice.variant)
        assert stored.overrides == Overrides("Be kind.")
        assert dialog.isVisible()
        dialog.hide()


@pytest.mark.slow
async def test_built_in_presets_can_be_used_edited_and_hidden() -> None:
    async with AppHarness(environment=KEY) as app:
        menu = QMenu()
        app.window.header.preset_menu_requested.emit(menu)
        names = [entry_text(action) for action in menu.actions()]
        assert {preset.title for preset in built_in_presets()} <= set(names)
        choose(app, "Translator")
        settings = app.state.setup.ask_settings
        assert settings.instructions.startswith("You translate.")
        assert settings.examples == (("Das ist nicht mein Bier.", "That’s not my problem."),)
        app.controllers.of(PromptsController).manage()
        controller = app.session.of(PromptsController)
        controller.change("editor", title="My editor")
        choose(app, "Tutor")
        await app.session.new_conversation.set_default(DEFAULT_PRESET, "tutor")
        controller.change("tutor", hidden=True)
        assert shown(app) == "No prompt"
        assert not app.session.new_conversation.blank_with("new").overrides
        await app.written()
        await controller.load()
        found = {p.id: p.title for p in app.state.of(PromptList).presets.values()}
        assert found["editor"] == "My editor"
        assert "tutor" not in found
        assert len(found) == len(built_in_presets()) - 1
        menu.deleteLater()


def examples_of(app: AppHarness) -> Examples:
    poet = app.state.of(PromptList).presets["poet"]
    assert poet.overrides is not None
    return poet.overrides.examples


@pytest.mark.slow
async def test_the_page_edits_presets_with_examples_copies_and_deletes_them() -> None:
    async with AppHarness(environment=KEY) as app:
        await store_presets(app)
        app.session.actions["prompts.manage"].trigger()
        dialog = cast(PromptLibraryPage, app.window.findChild(PromptLibraryPage))
        page = dialog.fields
        dialog.select("poet")
        page.examples.add_button.click()
        page.examples.add_button.click()
        questions, answers = (
            page.examples.findChildren(MultilineField, f"example-{part}")
            for part in ("question", "answer")
        )
        QTest.keyClicks(questions[0], "Rain?")
        page.report_edits()
        assert examples_of(app) == ()
        QTest.keyClicks(answers[0], "Again.")
        page.report_edits()
        QTest.keyClicks(questions[1], "Half")
        page.report_edits()
        assert questions[1].toPlainText() == "Half"  # not lost while the other is saved
        assert questions[1].accessibleName() == "Example 2: message"
        pairs = (("Rain?", "Again."),)
        assert examples_of(app) == pairs
        await app.written()
        stored = {preset.id: preset for preset in await app.backend.of(prompts).prompts()}
        assert stored["poet"].overrides == replace(POET.overrides, examples=pairs)
        dialog.select("reviewer")
        assert not page.examples.findChildren(MultilineField)
        dialog.select("poet")
        (question,) = page.examples.findChildren(MultilineField, "example-question")
        assert question.toPlainText() == "Rain?"
        app.controllers.of(AppliedPrompt).use("poet")
        assert app.state.setup.ask_settings.examples == pairs
        find(page, QPushButton, "remove-example").click()
        assert examples_of(app) == pairs
        accept_question(page, "confirm-example-removal")
        assert examples_of(app) == ()
        await app.written()
        dialog.hide()
        app.controllers.of(PromptsController).manage()
        dialog.select("poet")
        words = find(dialog, MultilineField, "answer.system_prompt")
        assert words.toPlainText() == "You rhyme."
        find(dialog, QLineEdit, "prompt-title").selectAll()
        QTest.keyClicks(find(dialog, QLineEdit, "prompt-title"), "Bard")
        words.setPlainText("You sing.")
        variant = find(dialog, Combo, "preset-model")
        variant.setCurrentIndex(variant.findText("Instant"))
        variant.activated.emit(variant.currentIndex())
        page.report_edits()
        await app.written()
        stored = {p.id: p for p in await app.backend.of(prompts).prompts()}
        wanted = replace(
            POET, title="Bard", variant=Variant.INSTANT, overrides=Overrides("You sing.")
        )
        assert stored["poet"] == wanted
        for button in ("duplicate-prompt", "delete-prompt"):
            QTest.mouseClick(find(dialog, QPushButton, button), Qt.MouseButton.LeftButton)
        assert find(dialog, QLineEdit, "prompt-title").text() not in ("Bard (copy)", "")
        app.press_action("Undo")
        assert find(dialog, QLineEdit, "prompt-title").text() == "Bard (copy)"
        page.form.reset_requested.emit("answer.system_prompt")
        await app.written()
        copied = (await app.backend.of(prompts).prompts())[-1]
        assert (copied.title, copied.overrides) == ("Bard (copy)", Overrides())
        dialog.hide()
