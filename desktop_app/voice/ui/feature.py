"""Voice: the commands, and the microphones beside the fields."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from desktop_app.app.feature import Action, Feature
from desktop_app.i18n.translation import N_
from desktop_app.shortcuts.command import Category, CommandScope

if TYPE_CHECKING:
    from desktop_app.app.session import Session


def _compose(session: Session) -> None:
    from desktop_app.voice.ui.microphones import Microphones

    microphones, prompt = session.of(Microphones), session.window.prompt
    microphones.add(prompt.field, prompt.row.helpers, session.window.notifications)
    session.events.editor_made.connect(microphones.add)


def _dictate(session: Session) -> None:
    from desktop_app.voice.ui.dictation import Dictation

    session.of(Dictation).press()


FEATURE: Final = Feature(
    actions=(
        Action(
            "voice.dictate",
            N_("Dictate (hold, or press twice)"),
            Category.PROMPT,
            "Ctrl+Space",
            scope=CommandScope.EVERYWHERE,
            run=_dictate,
            menu_label=N_("Dictate"),
            words=N_("microphone speech voice input"),
        ),
    ),
    compose=_compose,
)
