"""Texts beside conversations: the commands, and what the window must know."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

from desktop_app.app.feature import Action, Feature, call
from desktop_app.i18n.translation import N_, tr
from desktop_app.shortcuts.command import Category, Menu, Tab
from desktop_app.transcript.message_items import SHOW_CHANGES

if TYPE_CHECKING:
    from collections.abc import Callable

    from desktop_app.app.session import Session
    from desktop_app.chat.text_store import ListedText
    from desktop_app.library.ui.trash_section import TrashedItem, TrashSection
    from desktop_app.shortcuts.command_search import PaletteEntry
    from desktop_app.texts.ui.texts_controller import TextsController

_CONTROLLER: Final = "texts.ui.texts_controller.TextsController"
_CHANGES: Final = (
    ("next-change", N_("Next change"), "F8", "go_to_change", +1),
    ("previous-change", N_("Previous change"), "Shift+F8", "go_to_change", -1),
    ("accept", N_("Accept change"), "F9", "settle", True),
    ("reject", N_("Reject change"), "Shift+F9", "settle", False),
    ("accept-all", N_("Accept all changes"), "", "settle", True, True),
    ("reject-all", N_("Reject all changes"), "", "settle", False, True),
)
"""The commands on changes: id, title, keys, method of the controller and its arguments."""
CHANGE_COMMANDS: Final = tuple(name for name, *_ in _CHANGES)


def _texts(session: Session) -> TextsController:
    from desktop_app.texts.ui.texts_controller import TextsController

    return session.of(TextsController)


def _compose(session: Session) -> None:
    async def show_stored() -> None:
        # The imports take 30 ms, and most conversations have no text.
        conversation_id = session.current.id
        database = session.temporary.for_conversation(conversation_id)
        sql = "SELECT 1 FROM texts WHERE conversation_id = ? AND is_shown"
        if await database.row(sql, conversation_id) and not has_begun():
            _texts(session).show_current()

    def has_begun() -> bool:
        from desktop_app.texts.ui.texts_controller import TextsController

        return session.made(TextsController) is not None

    def run(message_id: str, action: str) -> None:
        if action == "as-text":
            session.tasks.start(_texts(session).open_answer(message_id))
        elif action == SHOW_CHANGES:
            session.tasks.start(_texts(session).show_changes())

    def open_stored(conversation_id: str, text_id: str, words: str) -> None:
        session.tasks.start(_texts(session).open_stored(conversation_id, text_id, words))

    def run_on_code(action: str, code: str) -> None:
        from desktop_app.texts.ui.page_opener import PageOpener
        from desktop_app.writers.model_page import title_of

        if action == "as-text":
            session.tasks.start(_texts(session).open_text(title_of(code), code))
        else:
            session.tasks.start(session.of(PageOpener).open(code))

    session.events.code_requested.connect(run_on_code)
    session.events.stored_text_requested.connect(open_stored)
    session.current.opened.connect(session.tasks.slot(show_stored))
    session.window.transcript.action_requested.connect(run)
    session.events.text_requested.connect(
        lambda *document: session.tasks.start(_texts(session).open_document(*document))
    )


def _start(name: str) -> Callable[[Session], object]:
    return lambda session: session.tasks.start(getattr(_texts(session), name)())


async def _load_entries(session: Session) -> list[PaletteEntry]:
    """Return a row for each text in the library."""
    from desktop_app.chat.text_store import TextStore
    from desktop_app.shortcuts.command_search import PaletteEntry

    def opener(text: ListedText) -> Callable[[], object]:
        return lambda: session.tasks.start(
            _texts(session).open_stored(text.conversation_id, text.id)
        )

    return [
        PaletteEntry(f"text:{text.id}", text.title, tr("Text"), "", text.conversation, opener(text))
        for text in await TextStore(session.temporary).listed()
    ]


def trashed_texts(session: Session) -> TrashSection:
    """Return the texts in the trash."""
    from desktop_app.chat.text_store import TextStore
    from desktop_app.library.ui.trash_section import TrashedItem, TrashSection

    store = TextStore(session.temporary)

    def item(text: ListedText) -> TrashedItem:
        return TrashedItem(
            text.id,
            text.title,
            trashed_at=text.updated_at,
            origin=text.conversation,
            question=tr("Permanently delete the text “{title}”?", title=text.title),
            restore=partial(store.trash, text, is_trashed=False),
            erase=lambda: _texts(session).erase(text),
        )

    async def read() -> list[TrashedItem]:
        return [item(text) for text in await store.listed(in_trash=True)]

    return TrashSection("texts", tr("Texts"), read)


FEATURE: Final = Feature(
    actions=(
        Action(
            "text.new",
            N_("New text beside the conversation"),
            Category.TEXT,
            run=_start("open_new"),
            uses_conversation=True,
            menu_label=N_("Text beside"),
            words=N_("canvas write edit"),
            menu=(Menu.BESIDE, 1),
        ),
        Action(
            "text.open-answer",
            N_("Open last response as text"),
            Category.TEXT,
            run=_start("open_answer"),
            uses_conversation=True,
            words=N_("canvas edit"),
        ),
        Action(
            "text.list",
            N_("Texts"),
            Category.TEXT,
            run=_start("list_all"),
            words=N_("canvas documents list"),
            tab=Tab("library", 4, lambda: tr("Texts")),
            page="text-list",
        ),
        Action(
            "text.toggle",
            N_("Show or hide text"),
            Category.TEXT,
            "Ctrl+Shift+T",
            run=call(f"{_CONTROLLER}.toggle"),
            uses_conversation=True,
        ),
        *(
            Action(
                f"text.{name}",
                title,
                Category.TEXT,
                keys,
                run=call(f"{_CONTROLLER}.{method}", *arguments),
            )
            for name, title, keys, method, *arguments in _CHANGES
        ),
        Action(
            "text.replace",
            N_("Find and replace in text"),
            Category.TEXT,
            "Ctrl+H",
            run=call(f"{_CONTROLLER}.replace"),
        ),
        Action("text.delete", N_("Delete text"), Category.TEXT, run=call(f"{_CONTROLLER}.delete")),
        Action("text.export", N_("Export text…"), Category.TEXT, run=call(f"{_CONTROLLER}.export")),
        Action(
            "text.save-to-file",
            N_("Save text to the file it came from…"),
            Category.TEXT,
            run=call(f"{_CONTROLLER}.save_to_file"),
        ),
    ),
    compose=_compose,
    sections={"trash": "texts.ui.feature.trashed_texts"},
    load_entries=_load_entries,
)
