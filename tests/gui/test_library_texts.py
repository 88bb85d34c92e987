"""Every text of the sidebar, the window's parts, the library dialogs and viewers is translated."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QMimeData, Qt, QUrl
from PySide6.QtWidgets import QWidget

from desktop_app.backend.answer_settings import overridden_values
from desktop_app.domain.conversations.conversation import Folder, SearchHit
from desktop_app.domain.conversations.list_filter import ARCHIVE, LIST, TRASH, ListFilter
from desktop_app.domain.documents.collections import Collection, CollectionFile
from desktop_app.domain.prompts.preset import Preset
from desktop_app.domain.prompts.prompts import Prompt
from desktop_app.settings.values import with_defaults
from desktop_app.ui.composer.dropped_content import drop_hint
from desktop_app.ui.library.collection_files import file_status_text
from desktop_app.ui.library.collections_dialog import CollectionsDialog, CollectionState
from desktop_app.ui.library.prompts_dialog import PromptsDialog
from desktop_app.ui.sidebar.conversation_list import ConversationList
from desktop_app.ui.sidebar.search.search_filters import DaysDialog
from desktop_app.ui.viewer.attachment_preview import AttachmentPreview
from desktop_app.ui.viewer.document_viewer import DocumentViewer
from desktop_app.ui.viewer.password_dialog import PasswordDialog
from desktop_app.ui.window.cards.compaction_card import CompactionCard
from desktop_app.ui.window.cards.notifications import Notifications
from desktop_app.ui.window.cards.progress_card import ProgressCard
from desktop_app.ui.window.cards.temporary_bar import TemporaryBar, TemporaryRow
from desktop_app.ui.window.empty_state import EmptyState
from desktop_app.ui.window.header import Header
from desktop_app.ui.window.sent_text_dialog import SentTextDialog
from tests.gui.test_conversation_list import conversation
from tests.helpers.translated_texts import texts_of, untranslated

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

    from desktop_app.ui.look.theme import Theme

NAME = "⟦a name⟧"
# Products' names, and shortcuts.
DATA = {"Repartee", "Instant", "Thinking", "Pro", "Ctrl+Shift+F", "Ctrl+N"}

pytestmark = pytest.mark.usefixtures("pseudo_language")


@pytest.fixture
def window(qtbot: QtBot) -> QWidget:
    made = QWidget()
    made.resize(900, 700)
    qtbot.addWidget(made)
    made.show()
    return made


@pytest.mark.parametrize("list_filter", [LIST, ListFilter.for_folder("f"), ARCHIVE, TRASH])
def test_texts_of_the_sidebar_are_translated(
    window: QWidget, light_theme: Theme, list_filter: ListFilter
) -> None:
    listing = ConversationList(light_theme, window)
    folder = Folder("f", NAME, datetime.now(UTC))
    listing.set_folders([folder])
    listing.search.field.set_keys("Ctrl+Shift+F")
    listing.new_button.set_keys("Ctrl+N")
    away = datetime.now(UTC) if list_filter == TRASH else None
    is_archived, folder_id = list_filter == ARCHIVE, list_filter.folder_id
    shown = [
        replace(
            conversation(str(number), timedelta(days=number), title=NAME, pinned=number == 0),
            archived=is_archived,
            folder_id=folder_id,
            trashed_at=away,
            streaming=number == 1,
        )
        for number in range(3)
    ]
    listing.set_conversations((), list_filter=list_filter)
    assert not untranslated(texts_of(listing), DATA)  # an empty list shows a note
    listing.set_conversations(shown, list_filter=list_filter)
    rows = [listing.model.index(row, 0) for row in range(listing.model.rowCount())]
    roles = (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole)
    said = [str(row.data(role) or "") for row in rows for role in roles]
    months = {text for text in said if re.fullmatch(r"\w+ \d{4}", text)}  # from the locale
    assert not untranslated(said, months)
    menus = [
        listing.menus.list_menu(),
        listing.menus.folder_menu(folder),
        listing.menus.conversations_menu(shown[:1]),
        listing.menus.conversations_menu(shown),
    ]
    for menu in menus:  # texts_of includes submenus
        assert not untranslated(texts_of(menu), DATA)


def test_texts_of_the_search_are_translated(window: QWidget, light_theme: Theme) -> None:
    listing = ConversationList(light_theme, window)
    listing.set_folders([Folder("f", NAME, datetime.now(UTC))])
    hit = SearchHit("c", NAME, None, NAME, datetime.now(UTC), archived=True)
    for hits in ([], [hit], [replace(hit, archived=False)]):
        listing.search.show_hits(hits)
        assert not untranslated(texts_of(listing), DATA)
        for row in range(listing.search.hits.rowCount()):
            index = listing.search.hits.index(row)
            assert not untranslated([index.data(Qt.ItemDataRole.AccessibleTextRole)])
    for button in listing.search.filters.buttons:
        if (menu := button.menu()) is not None:
            menu.aboutToShow.emit()
            assert not untranslated(texts_of(menu), DATA)
    days = DaysDialog((date(2026, 3, 2), date(2026, 3, 9)), window)
    assert not untranslated([text for text in texts_of(days) if "/" not in text])


@pytest.mark.parametrize("title", ["", NAME])
@pytest.mark.parametrize("folder", ["", NAME])
def test_hints_for_drops_are_translated(title: str, folder: str) -> None:
    text, files = QMimeData(), QMimeData()
    text.setText("words")
    files.setUrls([QUrl("file:///a"), QUrl("file:///b")])
    for data in (text, files):
        assert not untranslated([drop_hint(data, title, folder)])


def test_texts_of_the_window_are_translated(window: QWidget, light_theme: Theme) -> None:
    header = Header(light_theme, window)
    header.set_title(NAME)
    header.set_context(12_345, 272_000)
    header.set_cost("⟦$1⟧", NAME)
    start, bar, row = EmptyState(light_theme), TemporaryBar(light_theme), TemporaryRow(light_theme)
    errors, progress = Notifications(light_theme), ProgressCard(light_theme)
    compaction = CompactionCard(light_theme)
    for card in (start, bar, row, errors, progress, compaction):
        card.setParent(window)
    for number in range(2):
        errors.notify(f"⟦{number}⟧", topic=str(number))
    progress.begin(NAME)
    progress.set_progress(1, 3)
    compaction.offer(NAME, NAME)
    for is_changed in (False, True):
        for preset in ("", NAME):
            header.set_preset(preset, is_offered=True, is_changed=is_changed)
            assert not untranslated(texts_of(header), DATA)
    bar.ask()
    for part in (
        start,
        start.key_line,
        bar,
        row,
        errors,
        progress,
        compaction,
        SentTextDialog(light_theme, NAME, NAME, window),
        PasswordDialog(light_theme, NAME, window, was_wrong=True),
    ):
        assert not untranslated(texts_of(part), DATA)


def test_texts_of_prompts_and_presets_are_translated(window: QWidget, light_theme: Theme) -> None:
    dialog = PromptsDialog(light_theme, window)
    text = "{{⟦a⟧}} {{⟦b⟧=⟦x⟧|⟦y⟧}} {{selection}} {{clipboard}} {{date}}"
    prompt = Prompt("a", NAME, text, "")
    dialog.prompts.set_entries([(prompt, "own"), (replace(prompt, id="b", hidden=True), "edited")])
    dialog.presets.set_values(with_defaults({}), lambda preset: overridden_values(preset.overrides))
    dialog.presets.set_presets([Preset("p", NAME)], "p")
    for chosen in ("a", "b"):
        dialog.prompts.list.select(chosen)
        assert not untranslated(texts_of(dialog), DATA)
    for listed in (dialog.prompts.list, dialog.presets.list):
        rows = [listed.model.index(row, 0) for row in range(listed.model.rowCount())]
        assert not untranslated([row.data(Qt.ItemDataRole.AccessibleTextRole) for row in rows])


def test_texts_of_the_collections_dialog_are_translated(
    window: QWidget, light_theme: Theme
) -> None:
    dialog = CollectionsDialog(light_theme, window)
    assert not untranslated(texts_of(dialog), DATA)
    made = Collection("c", NAME, datetime.now(UTC), NAME)
    for counts in ((0, 0, 0), (1, 2, 3)):
        dialog.set_collections([CollectionState(made, *counts)])
        dialog.select("c")
        assert not untranslated(texts_of(dialog), DATA)
    file = CollectionFile("c", NAME, NAME, pages=2)
    assert not untranslated(
        [file_status_text(file), file_status_text(file._replace(status="ready", pages=None))]
    )


def test_texts_of_viewer_and_preview_are_translated(
    window: QWidget, light_theme: Theme, qtbot: QtBot
) -> None:
    viewer = DocumentViewer(light_theme)
    qtbot.addWidget(viewer)
    viewer.begin_document(NAME, NAME)
    viewer.setWindowTitle("")  # it has names: of the document, of the product
    search = {*texts_of(viewer.find_bar)}  # tested with the transcript
    assert not untranslated([viewer.message])
    viewer.show_text(2, 0)
    assert not untranslated(texts_of(viewer), {*DATA, *search})
    preview = AttachmentPreview(light_theme, window)
    for unit in ("", "page", "slide", "chapter", "sheet"):
        preview.show_pages_field(unit, "", NAME)
        assert not untranslated(texts_of(preview), {*DATA, *search})
