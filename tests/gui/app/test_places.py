"""Links to places: each place exists, each link opens it, and foreign text makes none."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt, QUrl

from desktop_app.app.composition import HELP_PLACES, SETTINGS_PAGES
from desktop_app.app.help.help_chapters import CHAPTERS, placeholder_values, render_chapters
from desktop_app.app.help.help_window import HelpWindow
from desktop_app.app.window.settings_panel import PAGES
from desktop_app.domain.errors import NetworkError
from desktop_app.domain.places import PLACE_PATHS, Place, linked_text, place_name
from desktop_app.markdown.parsing.links import is_openable
from desktop_app.paths import resource_path
from desktop_app.providers.ui.models.models_dialog import ModelsPage
from desktop_app.shortcuts.keymap import Keymap
from desktop_app.widgets.forms.form_widgets import CollapsibleSection
from desktop_app.widgets.text.linked_label import LinkedLabel
from tests.gui.app.app_harness import AppHarness, dialog_of, until


def test_every_place_opens_its_page_and_has_its_name() -> None:
    opened = SETTINGS_PAGES.keys() | HELP_PLACES.keys() | {Place.MODELS}
    assert opened == set(Place) == PLACE_PATHS.keys()
    titles = dict(PAGES)
    for place, (page, _section) in SETTINGS_PAGES.items():
        assert PLACE_PATHS[place] == ("Settings", titles[page])
    values = placeholder_values(Keymap.from_settings({}))
    chapters = {each.id: each for each in render_chapters(resource_path("help"), "en", values)}
    for place, target in HELP_PLACES.items():
        chapter = target.partition("#")[0]
        assert PLACE_PATHS[place] == ("Help", dict(CHAPTERS)[chapter])
        assert target in [each.place for each in chapters[chapter].sections]


async def test_every_place_and_the_link_of_a_notification_opens() -> None:
    async with AppHarness() as app:
        # The link of a notification works by mouse and keyboard.
        app.window.notifications.notify(
            NetworkError(
                "The proxy didn’t respond in time.", hint="Check the proxy in {network_page}."
            )
        )
        label = next(
            each for each in app.window.notifications.findChildren(LinkedLabel) if each.isVisible()
        )
        assert "href" in label.text()
        assert label.textInteractionFlags() & Qt.TextInteractionFlag.LinksAccessibleByMouse
        label.setFocus(Qt.FocusReason.TabFocusReason)
        assert label.selectedText() == "Settings › Advanced"
        app.press(Qt.Key.Key_Return)
        assert app.window.settings.isVisible()

        # Every place opens.
        await app.start_over()
        settings = app.window.settings
        for place, (page, section) in SETTINGS_PAGES.items():
            app.window.request_place(place)
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
        app.session.actions["help.open"].trigger()
        help_window = await dialog_of(HelpWindow)
        help_window.place_requested.emit(Place.DATA)
        assert settings.page == "library"
        app.window.request_place(Place.MODELS)
        dialog = await dialog_of(ModelsPage)
        assert dialog.windowTitle().startswith(place_name(Place.MODELS))


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
