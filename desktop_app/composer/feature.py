"""The prompt and its attachments: the commands, and what the window must know."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from desktop_app.app.feature import Action, Feature, call
from desktop_app.composer.prompt_commands import PROMPT_COMMANDS
from desktop_app.i18n.translation import N_
from desktop_app.shortcuts.command import Category, CommandScope, Menu

if TYPE_CHECKING:
    from desktop_app.app.session import Session
    from desktop_app.composer.attachments.preview_controller import PreviewController


def _previews(session: Session) -> PreviewController:
    from desktop_app.composer.attachments.preview_controller import PreviewController

    return session.main.of(PreviewController)


def _suggest_spelling(session: Session) -> None:
    """Go to the next misspelled word of the field with the focus, else of the prompt."""
    from desktop_app.composer.written_field import WrittenField

    field = session.window.focusWidget()
    if isinstance(field, WrittenField):
        field.suggest_spelling()
    else:
        session.window.prompt.suggest_spelling()


def _compose(session: Session) -> None:
    from desktop_app.composer.attachments.attachments_controller import (
        AttachmentsController,
        RichTexts,
    )
    from desktop_app.composer.attachments.file_readings import FileReadings
    from desktop_app.composer.attachments.images_controller import (
        ImagesController,
        prepare_transcript,
    )
    from desktop_app.composer.attachments.prompt_chips import PromptChips
    from desktop_app.composer.available_models import AvailableModels

    window = session.window
    session.of(AvailableModels)
    readings = session.main.of(FileReadings)
    session.main.of(PromptChips)
    _previews(session)
    attachments = session.of(AttachmentsController)
    window.files_dropped.connect(attachments.attach)
    window.data_dropped.connect(attachments.attach_content)
    session.of(ImagesController)
    prepare_transcript(session, window.transcript)
    session.remedies.append(readings.remedies_for)
    session.unfinished.append(lambda: bool(readings.ids))
    session.unwritten.append(session.drafts)
    session.end_steps += [readings.cancel_all, session.of(RichTexts).aclose]


FEATURE: Final = Feature(
    actions=(
        Action(
            "prompt.focus",
            N_("Go to message box"),
            Category.PROMPT,
            "Ctrl+L",
            run=lambda session: session.window.prompt.focus_text(),
            uses_conversation=True,
            is_in_palette=False,
        ),
        Action(
            "prompt.attach",
            N_("Attach files…"),
            Category.PROMPT,
            "Ctrl+O",
            run=lambda session: session.window.prompt.choose_files(),
            uses_conversation=True,
            words=N_("upload document image PDF"),
            menu=(Menu.ATTACH, 1),
        ),
        Action(
            "attachment.preview",
            N_("Show content to send"),
            Category.PROMPT,
            run=lambda session: _previews(session).show_focused(),
            uses_conversation=True,
        ),
        Action(
            "attachment.choose-pages",
            N_("Choose pages to send…"),
            Category.PROMPT,
            run=lambda session: _previews(session).choose_pages(),
            uses_conversation=True,
            is_in_palette=False,
        ),
        Action(
            "prompt.attach-folder",
            N_("Attach folder…"),
            Category.PROMPT,
            "Ctrl+Shift+O",
            run=lambda session: session.window.prompt.choose_folder(),
            uses_conversation=True,
            words=N_("upload"),
            menu=(Menu.MORE, 3),
        ),
        Action(
            "prompt.paste-plain",
            N_("Paste as plain text"),
            Category.PROMPT,
            "Ctrl+Shift+V",
            scope=CommandScope.PROMPT,
            run=lambda session: session.window.prompt.paste_plain(),
            uses_conversation=True,
            is_in_palette=False,
        ),
        Action(
            "prompt.spelling",
            N_("Next misspelled word"),
            Category.PROMPT,
            "F7",
            scope=CommandScope.EVERYWHERE,
            run=_suggest_spelling,
            uses_conversation=True,
            is_in_palette=False,
        ),
        Action(
            "prompt.as-text",
            N_("Convert attachment to text"),
            Category.PROMPT,
            run=call(
                "composer.attachments.attachments_controller.AttachmentsController.insert_as_text"
            ),
            uses_conversation=True,
            is_in_palette=False,
        ),
    ),
    commands=PROMPT_COMMANDS,
    compose=_compose,
)
