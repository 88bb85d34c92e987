"""The quick prompt: the commands, and what the window must know."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from desktop_app.app.feature import Action, Feature
from desktop_app.desktop_session.hotkey.hotkey_status import GLOBAL_SHORTCUT
from desktop_app.i18n.translation import N_
from desktop_app.shortcuts.command import Category, Command, CommandScope

if TYPE_CHECKING:
    from desktop_app.app.session import Session
    from desktop_app.desktop_session.session_bus import SessionBus


def _compose(session: Session) -> None:
    def show(text: str) -> None:
        from desktop_app.quick.ui.quick_prompt_controller import QuickPromptController

        session.of(QuickPromptController).open_with(text)

    def bind_hotkey(bus: SessionBus) -> None:
        from desktop_app.quick.ui.hotkey_controller import HotkeyController

        session.put(HotkeyController(session, bus))

    session.events.quick_requested.connect(show)
    session.events.desktop_joined.connect(bind_hotkey)


FEATURE: Final = Feature(
    actions=(
        Action(
            "quick.open",
            N_("Open quick prompt"),
            Category.PROGRAM,
            "Ctrl+Shift+Space",
            run=lambda session: session.events.quick_requested.emit(""),
            words=N_("launcher"),
        ),
        Action(
            "quick.pause",
            N_("Pause or resume global shortcut"),
            Category.PROGRAM,
            run=lambda session: session.events.hotkey_toggled.emit(),
        ),
    ),
    commands=(
        GLOBAL_SHORTCUT,
        Command(
            "quick.go-on",
            N_("Continue in Repartee"),
            Category.PROGRAM,
            "Ctrl+O",
            scope=CommandScope.QUICK,
        ),
        Command(
            "quick.add-selection",
            N_("Add selected text"),
            Category.PROGRAM,
            "Ctrl+T",
            scope=CommandScope.QUICK,
        ),
        Command(
            "quick.paste",
            N_("Paste response into the other window"),
            Category.PROGRAM,
            "Ctrl+Shift+Return",
            scope=CommandScope.QUICK,
        ),
        Command(
            "quick.temporary",
            N_("Temporary conversation"),
            Category.PROGRAM,
            "Ctrl+Shift+N",
            scope=CommandScope.QUICK,
        ),
        Command(
            "quick.close",
            N_("Close quick prompt"),
            Category.PROGRAM,
            "Esc",
            scope=CommandScope.QUICK,
        ),
    ),
    compose=_compose,
)
