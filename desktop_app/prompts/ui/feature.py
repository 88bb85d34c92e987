"""Prompts and presets: the commands, and what the window must know."""

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
    from desktop_app.prompts.ui.presets import Presets
    from desktop_app.prompts.ui.presets_controller import PresetsController
    from desktop_app.prompts.ui.prompts_controller import PromptsController

    prompts, presets = session.of(PromptsController), session.of(PresetsController)
    session.new_conversation.apply_preset = session.of(Presets).apply_chosen
    session.window.empty_state.prompt_chosen.connect(prompts.begin_example)
    session.window.empty_state.question_chosen.connect(prompts.begin_question)
    session.of(AttachmentsController).suggestion_chosen.connect(prompts.ask)
    session.events.store_changed.connect(session.tasks.slot(presets.refresh))
    session.events.completer_made.connect(prompts.configure_completer)
    session.unwritten.append(prompts.writer)


async def _load(session: Session) -> None:
    from desktop_app.prompts.ui.presets_controller import PresetsController
    from desktop_app.prompts.ui.prompts_controller import PromptsController

    await session.of(PresetsController).load()
    session.tasks.start(session.of(PromptsController).load())


def _find_entries(session: Session) -> Iterator[PaletteEntry]:
    from desktop_app.composer.prompt_list import PromptList
    from desktop_app.prompts.ui.presets import Presets
    from desktop_app.prompts.ui.presets_controller import PresetsController
    from desktop_app.shortcuts.command_search import PaletteEntry

    for prompt in session.of(PromptList).offered_prompts:
        insert = partial(session.window.prompt.completer.insert_prompt, prompt)
        yield PaletteEntry(f"prompt:{prompt.id}", prompt.title, tr("Prompt"), run=insert)
    for preset in session.of(Presets).by_id.values():
        use = partial(session.of(PresetsController).use, preset.id)
        yield PaletteEntry(f"preset:{preset.id}", preset.name, tr("Preset"), run=use)


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
            menu_label=N_("Prompts and presets"),
            words=N_("templates snippets"),
            tab=Tab("library", 2, lambda: tr("Prompts")),
            page="prompts-dialog",
        ),
        Action(
            "presets.use",
            N_("Apply preset…"),
            Category.PROMPT,
            run=call("prompts.ui.presets_controller.PresetsController.choose"),
            uses_conversation=True,
            menu_label=N_("Preset"),
            menu=(Menu.MORE, 2),
        ),
        Action(
            "presets.save",
            N_("Save settings as preset"),
            Category.PROMPT,
            run=call("prompts.ui.presets_controller.PresetsController.save_here"),
            menu_label=N_("Save as preset"),
        ),
        Action(
            "presets.manage",
            N_("Edit presets"),
            Category.PROMPT,
            "Ctrl+G, Ctrl+E",
            run=call("prompts.ui.prompts_controller.PromptsController.manage", "presets"),
            menu_label=N_("Edit presets…"),
            words=N_("profiles personas"),
        ),
    ),
    compose=_compose,
    load=_load,
    find_entries=_find_entries,
)
