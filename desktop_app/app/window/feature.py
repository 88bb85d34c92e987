"""The window, its search, its help and its transcript: the commands, and their wiring."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from desktop_app.app.feature import Action, Feature, call
from desktop_app.i18n.translation import N_, tr
from desktop_app.shortcuts.command import Category, CommandScope, Menu
from desktop_app.widgets.program_menu import open_context_menu

if TYPE_CHECKING:
    from desktop_app.app.help.help_window import HelpWindow
    from desktop_app.app.session import Session


def _step_region(session: Session, step: int) -> None:
    from desktop_app.app.window.focus_order import step_region
    from desktop_app.app.window.main_window import MainWindow

    step_region(session.of(MainWindow), step)


def _find(session: Session, step: int) -> None:
    """Open the find bar (0), or show the next match; an empty conversation would hide the bar."""
    if any(finder(step) for finder in session.finders):
        return
    find = session.window.transcript.find_in_transcript
    if session.window.transcript.isHidden():
        session.window.notifications.notify(tr("This conversation is empty."))
    elif step:
        find.step(step)
    else:
        find.open()


def _compose(session: Session) -> None:
    from desktop_app.app.window.activity_badge import ActivityBadge

    session.of(ActivityBadge)
    window = session.window

    def open_help_of_page() -> None:
        page, settings = window.pane.page, window.settings
        if page is not None:
            part = f"settings-{settings.page}" if page is settings else page.objectName()
            _help(session).open_part(part)

    window.header.help_button.clicked.connect(open_help_of_page)
    window.settings.help_requested.connect(lambda: _help(session).open_part(""))


def _help(session: Session) -> HelpWindow:
    from desktop_app.app.help.help_window import help_of

    return help_of(session)


def _open_help(session: Session) -> None:
    from PySide6.QtWidgets import QApplication

    from desktop_app.app.help.help_places import place_of

    _help(session).open_at(place_of(QApplication.focusWidget()))


FEATURE: Final = Feature(
    actions=(
        Action(
            "list.search",
            N_("Search messages"),
            Category.CONVERSATION,
            "Ctrl+Shift+F",
            run=call("app.palette.Palette.open_messages"),
            is_in_palette=False,
        ),
        Action(
            "message.next",
            N_("Next message"),
            Category.VIEW,
            "Alt+PgDown",
            run=lambda session: session.window.transcript.focus_navigator.step_message(+1),
            uses_conversation=True,
            is_in_palette=False,
        ),
        Action(
            "message.previous",
            N_("Previous message"),
            Category.VIEW,
            "Alt+PgUp",
            run=lambda session: session.window.transcript.focus_navigator.step_message(-1),
            uses_conversation=True,
            is_in_palette=False,
        ),
        Action(
            "block.next",
            N_("Next paragraph or block"),
            Category.VIEW,
            "Alt+Shift+PgDown",
            run=lambda session: session.window.transcript.focus_navigator.step_block(+1),
            uses_conversation=True,
            is_in_palette=False,
        ),
        Action(
            "block.previous",
            N_("Previous paragraph or block"),
            Category.VIEW,
            "Alt+Shift+PgUp",
            run=lambda session: session.window.transcript.focus_navigator.step_block(-1),
            uses_conversation=True,
            is_in_palette=False,
        ),
        Action(
            "region.next",
            N_("Go to next area"),
            Category.VIEW,
            "F6",
            run=lambda session: _step_region(session, +1),
            is_in_palette=False,
        ),
        Action(
            "region.previous",
            N_("Go to previous area"),
            Category.VIEW,
            "Shift+F6",
            run=lambda session: _step_region(session, -1),
            is_in_palette=False,
        ),
        Action(
            "menu.open",
            N_("Open context menu"),
            Category.VIEW,
            "Shift+F10",
            scope=CommandScope.EVERYWHERE,
            run=lambda _session: open_context_menu(),
            is_in_palette=False,
        ),
        Action(
            "find.open",
            N_("Find in conversation"),
            Category.CONVERSATION,
            "Ctrl+F",
            run=lambda session: _find(session, 0),
            uses_conversation=True,
            words=N_("search in this conversation"),
        ),
        Action(
            "find.next",
            N_("Next match"),
            Category.CONVERSATION,
            "F3",
            run=lambda session: _find(session, +1),
            uses_conversation=True,
            is_in_palette=False,
        ),
        Action(
            "find.previous",
            N_("Previous match"),
            Category.CONVERSATION,
            "Shift+F3",
            run=lambda session: _find(session, -1),
            uses_conversation=True,
            is_in_palette=False,
        ),
        Action(
            "answer.copy",
            N_("Copy response"),
            Category.ANSWER,
            "Ctrl+Shift+C",
            scope=CommandScope.EVERYWHERE,
            run=lambda session: session.window.transcript.commands.copy_last_answer(),
            uses_conversation=True,
        ),
        Action(
            "answer.copy-code",
            N_("Copy code block"),
            Category.ANSWER,
            "Ctrl+Shift+K",
            run=lambda session: session.window.transcript.commands.copy_nearest_code(),
            uses_conversation=True,
        ),
        Action(
            "palette.open",
            N_("Search everything"),
            Category.PROGRAM,
            "Ctrl+K",
            run=call("app.palette.Palette.toggle"),
            is_in_palette=False,
        ),
        Action(
            "library.open",
            N_("Show library"),
            Category.VIEW,
            run=lambda session: session.window.pane.tabs.open("library"),
            menu_label=N_("Library"),
            words=N_("projects prompts texts archive trash"),
            menu=(Menu.PROGRAM, 2),
        ),
        Action(
            "activity.show",
            N_("Show activity"),
            Category.VIEW,
            run=call("app.window.activity_page.ActivityPage.open"),
            menu_label=N_("Activity"),
            words=N_("background running jobs repeats downloads"),
            menu=(Menu.PROGRAM, 3),
            page="activity",
        ),
        Action(
            "help.open",
            N_("Help"),
            Category.PROGRAM,
            "F1",
            scope=CommandScope.EVERYWHERE,
            run=_open_help,
            words=N_("manual"),
            menu=(Menu.PROGRAM, 5),
        ),
        Action(
            "help.shortcuts",
            N_("Show keyboard shortcuts"),
            Category.PROGRAM,
            "Ctrl+/",
            run=lambda session: _help(session).open_at("keyboard#all"),
            is_in_palette=False,
        ),
        Action(
            "app.quit",
            N_("Quit"),
            Category.PROGRAM,
            "Ctrl+Q",
            scope=CommandScope.EVERYWHERE,
            run=call("app.closing_controller.ClosingController.quit"),
            words=N_("exit close"),
        ),
    ),
    compose=_compose,
)
