"""A window whose session is still to be loaded shows what it shows afterwards."""

from __future__ import annotations

from desktop_app.app.startup.early_list import show_early_rows
from desktop_app.app.window.main_window import MainWindow
from desktop_app.composer.prompt_editor import PromptEditor
from desktop_app.library.ui.conversation_list import ConversationList
from desktop_app.library.ui.rows.conversation_model import Roles
from desktop_app.paths import folders
from desktop_app.settings.startup_settings import read_startup_settings
from tests.gui.app.app_harness import AppHarness, until
from tests.helpers.full_store import fill

KEY = {"OPENAI_API_KEY": "not-a-key"}


def shown_rows(conversations: ConversationList) -> list[tuple[object, ...]]:
    model = conversations.model
    roles = (Roles.IDENTIFIER, Roles.IS_FOLDER, Roles.UNREAD, Roles.IN_PINNED_GROUP)
    indexes = [model.index(row) for row in range(model.rowCount())]
    return [(index.data(), *map(index.data, roles)) for index in indexes]


def shown_labels(window: MainWindow) -> list[object]:
    listing, row = window.conversations, window.prompt.row
    return [
        row.model_button.text(),
        row.web_button.isVisible(),
        *(b.hint.text() for b in (listing.search_button, listing.new_button, listing.footer)),
        listing.footer.accessibleName(),
    ]


async def test_the_early_window_looks_as_the_loaded_one() -> None:
    async with AppHarness(environment=KEY) as app:
        await fill(app.backend.database, folders().attachments)
        ids = [c.id for c in await app.backend.conversations.all()]
        await app.backend.flags.set_pinned(ids[:1], True)
        await app.backend.flags.set_archived(ids[1:2], True)
        await app.backend.settings.set("window.unread", ids[2:3])
    async with AppHarness(environment=KEY) as app:
        await until(lambda: app.window.conversations.model.rowCount())
        rows, labels = shown_rows(app.window.conversations), shown_labels(app.window)
        stored = read_startup_settings(folders().database)
        window = MainWindow(app.theme, PromptEditor())
        window.resize(app.window.size())
        window.show()
        window.add_outer_panes()
        show_early_rows(window.conversations, stored)
        assert shown_rows(window.conversations) == rows
        window.show_remembered(app.window.saved_state())
        assert shown_labels(window) == labels
        window.deleteLater()
