"""Memory: the commands, and what the window must know."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from desktop_app.app.feature import Action, Feature, call
from desktop_app.features import imported
from desktop_app.i18n.translation import N_
from desktop_app.settings.setting import SettingsPlace
from desktop_app.shortcuts.command import Category

if TYPE_CHECKING:
    from desktop_app.app.session import Session

TYPED: Final = "/remember"
_CONTROLLER: Final = "memory.ui.notes_controller.NotesController"


def _compose(session: Session) -> None:
    async def remember(text: str) -> None:
        await session.of(imported(_CONTROLLER)).remember(text)

    session.typed_commands[TYPED] = remember


async def _load(session: Session) -> None:
    from desktop_app.memory.ui.notes_controller import NotesController

    await session.of(NotesController).load()


FEATURE: Final = Feature(
    actions=(
        Action(
            "memory.remember",
            N_("Remember this"),
            Category.ANSWER,
            run=call(f"{_CONTROLLER}.remember_selection"),
            uses_conversation=True,
            words=N_("memory note"),
        ),
        Action(
            "memory.show",
            N_("Edit what is remembered"),
            Category.ANSWER,
            run=call(f"{_CONTROLLER}.show"),
            words=N_("edit notes memory remember"),
        ),
    ),
    compose=_compose,
    sections={"remembered": "memory.ui.notes_section.NotesSection"},
    load=_load,
    places=(SettingsPlace(N_("Remembered"), "answer", "remember", N_("notes memory")),),
)
