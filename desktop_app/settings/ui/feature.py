"""The settings and the look: the commands, and what the window must know."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from desktop_app.app.feature import Action, Feature, call
from desktop_app.i18n.translation import N_
from desktop_app.settings.setting import SettingsPlace
from desktop_app.shortcuts.command import Category, Menu

if TYPE_CHECKING:
    from desktop_app.app.session import Session


def _compose(session: Session) -> None:
    from desktop_app.settings.ui.settings_controller import SettingsController

    session.of(SettingsController)


def _show_data(session: Session) -> None:
    session.window.settings.request_show()
    session.window.settings.show_page("library")  # the id of the page whose title is "Data"


FEATURE: Final = Feature(
    actions=(
        Action(
            "view.larger",
            N_("Larger text"),
            Category.VIEW,
            "Ctrl++",
            run=call("settings.ui.settings_controller.SettingsController.resize_text", +10),
            is_in_palette=False,
        ),
        Action(
            "view.smaller",
            N_("Smaller text"),
            Category.VIEW,
            "Ctrl+-",
            run=call("settings.ui.settings_controller.SettingsController.resize_text", -10),
            is_in_palette=False,
        ),
        Action(
            "view.normal",
            N_("Reset text size"),
            Category.VIEW,
            "Ctrl+0",
            run=call("settings.ui.settings_controller.SettingsController.resize_text", 0),
            is_in_palette=False,
        ),
        Action(
            "settings.toggle",
            N_("Show or hide settings"),
            Category.VIEW,
            "Ctrl+,",
            run=lambda session: session.window.outer_panes.toggle_settings(),
            menu_label=N_("Settings"),
            is_in_palette=False,
            menu=(Menu.PROGRAM, 1),
        ),
        Action(
            "report.save",
            N_("Save a report…"),
            Category.PROGRAM,
            run=call("settings.ui.settings_controller.SettingsController.save_report"),
        ),
        Action(
            "library.show",
            N_("Backups, import, and export"),
            Category.PROGRAM,
            "Ctrl+G, Ctrl+D",
            run=_show_data,
            is_in_palette=False,
        ),
    ),
    compose=_compose,
    pages={
        "library": "settings.ui.data_tab.DataTab",
        "answer": "settings.ui.responses_tab.ResponsesTab",
        "models": "settings.ui.form_tabs.ModelsTab",
        "voice": "settings.ui.form_tabs.VoiceTab",
        "look": "settings.ui.form_tabs.AppearanceTab",
        "advanced": "settings.ui.form_tabs.AdvancedTab",
        "keys": "settings.ui.shortcuts_tab.ShortcutsTab",
        "about": "settings.ui.about_tab.AboutTab",
    },
    places=(
        SettingsPlace(N_("Shortcuts"), "keys", words=N_("keyboard keys hotkey")),
        SettingsPlace(
            N_("Delete everything"), "library", "delete-everything", N_("erase reset all")
        ),
        SettingsPlace(N_("About"), "about", words=N_("version license help")),
    ),
)
