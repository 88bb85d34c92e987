"""Prompts: the commands, and what the window must know."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

from desktop_app.app.feature import Action, Feature, call
from desktop_app.i18n.translation import N_, tr
from desktop_app.shortcuts.command import Category, Menu, Tab

if TYPE_CHECKING:
    from collections.abc import Iterator

    from desktop_app.app.session import Session
    from desktop_app.shortcuts.command_search import PaletteEntry


def _compose(session: Session) -> None:
    from desktop_app.composer.attachments.attachments_controller import AttachmentsController
    from desktop_app.prompts.ui.applied_prompt import AppliedPrompt
    from desktop_app.prompts.ui.prompts_controller import PromptsController

    prompts = session.of(PromptsController)
    session.new_conversation.apply_preset = session.of(AppliedPrompt).apply_chosen
    session.window.empty_state.prompt_chosen.connect(prompts.begin_example)
    session.window.empty_state.question_chosen.connect(prompts.begin_question)
    session.of(AttachmentsController).suggestion_chosen.connect(prompts.ask)
    session.events.store_changed.connect(session.tasks.slot(prompts.refresh))
    session.events.completer_made.connect(prompts.configure_completer)
    session.unwritten.append(prompts.writer)


async def _load(session: Session) -> None:
    from desktop_app.prompts.ui.prompts_controller import PromptsController

    await session.of(PromptsController).load()


def _find_entries(session: Session) -> Iterator[PaletteEntry]:
    from desktop_app.composer.prompt_list import PromptList
    from desktop_app.prompts.ui.applied_prompt import AppliedPrompt
    from desktop_app.shortcuts.command_search import PaletteEntry

    prompts = session.of(PromptList)
    for prompt in prompts.offered_prompts:
        insert = partial(session.window.prompt.completer.insert_prompt, prompt)
        yield PaletteEntry(f"prompt:{prompt.id}", prompt.title, tr("Prompt"), run=insert)
    for prompt in prompts.presets.values():
        if not prompt.text.strip():
            use = partial(session.of(AppliedPrompt).use, prompt.id)
            words = tr("presets profiles personas")
            yield PaletteEntry(f"preset:{prompt.id}", prompt.title, tr("Prompt"), "", words, use)


FEATURE: Final = Feature(
    actions=(
        Action(
            "prompts.insert",
            N_("Insert prompt…"),
            Category.PROMPT,
            run=lambda session: session.window.prompt.completer.open(),
            uses_conversation=True,
        ),
        Action(
            "prompts.manage",
            N_("Edit prompts"),
            Category.PROMPT,
            "Ctrl+G, Ctrl+P",
            run=call("prompts.ui.prompts_controller.PromptsController.manage"),
            menu_label=N_("Prompts"),
            words=N_("templates snippets presets profiles personas"),
            tab=Tab("library", 2, lambda: tr("Prompts")),
            page="prompts-dialog",
        ),
        Action(
            "presets.use",
            N_("Apply prompt to conversation…"),
            Category.PROMPT,
            run=call("prompts.ui.applied_prompt.AppliedPrompt.choose"),
            uses_conversation=True,
            menu_label=N_("Prompt"),
            words=N_("presets profiles personas"),
            menu=(Menu.MORE, 2),
        ),
        Action(
            "presets.save",
            N_("Save settings as prompt"),
            Category.PROMPT,
            run=call("prompts.ui.applied_prompt.AppliedPrompt.save_here"),
            menu_label=N_("Save as prompt"),
            words=N_("presets profiles personas"),
        ),
    ),
    compose=_compose,
    load=_load,
    find_entries=_find_entries,
)
