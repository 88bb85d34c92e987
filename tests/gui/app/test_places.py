"""Links to places: each place exists, each link opens it, and foreign text makes none."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import Qt, QUrl

from desktop_app.app.help.book_rendering import (
    CHAPTERS,
    chapter_titles,
    placeholder_values,
    render_book,
)
from desktop_app.app.settings.place_opener import HELP_PLACES, SETTINGS_PAGES
from desktop_app.commands.keymap import Keymap
from desktop_app.domain.conversations.conversation import MessageStatus
from desktop_app.domain.error_note import ErrorNote
from desktop_app.domain.error_reasons import Reason
from desktop_app.domain.error_text import WINDOW, error_segments
from desktop_app.domain.errors import AuthenticationError, NetworkError
from desktop_app.domain.places import PLACE_PATHS, Place, linked_text, place_name
from desktop_app.domain.remedy import Remedy
from desktop_app.paths import resource_path
from desktop_app.rendering.markdown.links import is_openable
from desktop_app.services.tools.hosted_tools import HostedTools
from desktop_app.ui.help.help_place import HelpPlace
from desktop_app.ui.look.theme import dark
from desktop_app.ui.models.models_dialog import ModelsDialog
from desktop_app.ui.settings.collapsible_section import CollapsibleSection
from desktop_app.ui.settings.settings_frame import PAGES
from desktop_app.ui.tools.tool_picker import ToolChoice, ToolPicker
from desktop_app.ui.transcript.message_items import ACTION, OPEN_PLACE, Line, LineKind, error_lines
from desktop_app.ui.widgets.text.linked_label import LinkedLabel
from tests.gui.app.app_harness import AppHarness, until
from tests.helpers.messages import answer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PySide6.QtWidgets import QWidget


def test_every_place_opens_its_page_and_has_its_name() -> None:
    opened = SETTINGS_PAGES.keys() | HELP_PLACES.keys() | {Place.MODELS}
    assert opened == set(Place) == PLACE_PATHS.keys()
    titles = dict(PAGES)
    for place, (page, section) in SETTINGS_PAGES.items():
        assert PLACE_PATHS[place][:2] == ("Settings", titles[page])
        assert len(PLACE_PATHS[place]) == (3 if section else 2)
    values = placeholder_values(Keymap.from_settings({}))
    book = render_book(resource_path("help"), "en", chapter_titles(), values)
    for place, target in HELP_PLACES.items():
        where = HelpPlace.parse(target)
        assert PLACE_PATHS[place] == ("Help", dict(CHAPTERS)[where.chapter])
        chapter = next(each for each in book.chapters if each.id == where.chapter)
        assert where.section in [section.id for section in chapter.sections]


@pytest.mark.parametrize("place", SETTINGS_PAGES)
async def test_every_place_of_the_settings_opens(place: Place) -> None:
    async with AppHarness() as app:
        app.window.request_place(place)
        page, section = SETTINGS_PAGES[place]
        settings = app.window.settings
        assert settings.isVisible()
        assert settings.page == page
        if section:
            found = [
                each
                for each in settings.findChildren(CollapsibleSection)
                if each.head.objectName() == section
            ]
            assert [each.is_open for each in found] == [True]
            await until(found[0].isVisible)
            assert found[0].head.text() == PLACE_PATHS[place][2]


async def test_the_place_of_the_models_is_named_after_their_window() -> None:
    async with AppHarness() as app:
        app.window.request_place(Place.MODELS)
        await until(lambda: bool(app.window.findChildren(ModelsDialog)))
        (dialog,) = app.window.findChildren(ModelsDialog)
        await until(dialog.isVisible)
        assert dialog.windowTitle().startswith(place_name(Place.MODELS))


async def test_a_tool_that_needs_a_setting_links_to_it() -> None:
    async with AppHarness() as app:
        picker = ToolPicker(app.theme.current, app.window)
        picker.setWindowFlag(Qt.WindowType.Popup, False)  # offscreen nothing grabs the keyboard
        (search,) = [
            each for each in await HostedTools(_no_stores).tools() if not each.is_available
        ]
        assert search.refusal is not None
        reason = error_segments(search.refusal, WINDOW)
        picker.set_tools([ToolChoice("file_search", "", reason)], is_for_conversation=True)
        picker.show_at(app.window.prompt.row.tools_button)
        (label,) = [each for each in picker.findChildren(LinkedLabel) if "href" in each.text()]
        label.linkActivated.emit(f"place:{Place.RESPONSES}")
        assert app.window.settings.page == "answer"
        assert not picker.isVisible()


async def test_the_link_of_a_notification_works_by_mouse_and_keyboard() -> None:
    async with AppHarness() as app:
        app.window.notifications.notify(
            NetworkError(Reason.PROXY_TIMEOUT, remedy=Remedy.CHECK_PROXY)
        )
        label = next(
            each for each in app.window.notifications.findChildren(LinkedLabel) if each.isVisible()
        )
        assert "href" in label.text()
        assert label.textInteractionFlags() & Qt.TextInteractionFlag.LinksAccessibleByMouse
        label.setFocus(Qt.FocusReason.TabFocusReason)
        assert label.selectedText() == "Settings › Provider › Network and privacy"
        app.press(Qt.Key.Key_Return)
        assert app.window.settings.isVisible()


async def test_a_link_takes_the_color_of_a_new_theme() -> None:
    async with AppHarness() as app:
        app.window.notifications.notify(
            NetworkError(Reason.PROXY_TIMEOUT, remedy=Remedy.CHECK_PROXY)
        )
        (label,) = [
            each for each in app.window.notifications.findChildren(LinkedLabel) if each.isVisible()
        ]
        app.theme.set_look(app.theme.look._replace(mode="dark"))
        await until(lambda: dark().accent.name() in colors_of(label))


def colors_of(widget: QWidget) -> set[str]:
    """Return the colors of a widget's pixels."""
    image = widget.grab().toImage()
    return {
        image.pixelColor(x, y).name() for x in range(image.width()) for y in range(image.height())
    }


def test_an_error_below_an_answer_links_to_its_place() -> None:
    note = ErrorNote("No.", Remedy.CHECK_KEY, code=AuthenticationError.code)
    lines = error_lines(answer("", MessageStatus.FAILED, error=note), shows_details=False)
    (line,) = [
        each for each in lines if isinstance(each, Line) and each.kind is LineKind.ERROR_TEXT
    ]
    links = [(run.text, run.link) for run in line.runs if run.link]
    assert links == [("Settings › Provider", f"{ACTION}{OPEN_PLACE}{Place.PROVIDER}")]


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        (Reason.NO_KEY, "Add key"),
        (Reason.NO_KEY_FOR_HOST, "Add key"),
        (Reason.KEY_NOT_ACCEPTED, "Change key"),
    ],
)
def test_a_key_is_to_be_added_only_if_there_is_none(reason: Reason, words: str) -> None:
    params = {"provider": "OpenAI", "host": "api.openai.com"}
    note = ErrorNote(reason, Remedy.CHECK_KEY, code=AuthenticationError.code, params=params)
    lines = error_lines(answer("", MessageStatus.FAILED, error=note), shows_details=False)
    (line,) = [
        each for each in lines if isinstance(each, Line) and each.kind is LineKind.ERROR_ACTIONS
    ]
    assert words in [run.text for run in line.runs]
    assert len([run for run in line.runs if run.text.endswith("key")]) == 1


def test_parameters_make_no_links() -> None:
    text = linked_text("{words} {provider_page}", {"words": "{data_page} <a href='place:x'>"})
    assert [segment.place for segment in text] == [None, None, Place.PROVIDER]
    label = LinkedLabel()
    label.set_linked_text(text)
    assert label.text().count("<a ") == 1
    assert "&lt;a" in label.text()


@pytest.mark.parametrize("link", ["place:data_page", "action:place/data_page", "help:privacy"])
def test_links_of_models_to_places_do_nothing(link: str) -> None:
    assert not is_openable(QUrl(link).toString())


async def test_the_help_links_to_the_settings() -> None:
    async with AppHarness() as app:
        app.controllers.dialogs.help.place_requested.emit(Place.DATA)
        assert app.window.settings.page == "library"
    assert place_name(Place.DATA) == "Settings › Data"


async def _no_stores() -> Sequence[str]:
    return ()
