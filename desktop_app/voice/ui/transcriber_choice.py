"""The choice at the first press of a microphone: who writes what is said."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from functools import partial
from typing import Final

from PySide6.QtCore import QPoint

from desktop_app.app.session import Session
from desktop_app.domain.errors import UserFacingError
from desktop_app.domain.speech_packages import can_transcribe_here
from desktop_app.i18n import formatting
from desktop_app.i18n.translation import tr
from desktop_app.local_model.services import model_store
from desktop_app.voice.provider_calls import VoiceModel
from desktop_app.voice.services import transcription
from desktop_app.voice.transcription.transcription import BY_PROVIDER
from desktop_app.voice.ui.microphones import DictationField
from desktop_app.widgets.program_menu import ProgramMenu
from desktop_app.widgets.text.foreign_text import menu_text

_DOWNLOADED: Final = "whisper-base"  # as in resources/local_models.toml
_MINUTE_S: Final = 60.0


async def choose_transcriber(session: Session, field: DictationField) -> bool | None:
    """Have the user choose, in a menu at the microphone, which a click elsewhere closes.

    Return True if a provider was chosen, False if nothing was, or a model that is downloaded now;
    None if there is nothing to choose.
    """
    service = session.backend.of(transcription)
    catalog = session.backend.of(model_store).catalog
    remote = next(each for each in catalog if each.id == _DOWNLOADED)
    provided: VoiceModel | None = None
    with suppress(UserFacingError):
        provided = await service.find_model("")
    rows = []
    if can_transcribe_here():
        size = formatting.size(remote.total_size)
        label = tr("This computer ({model}, {size})", model=remote.label, size=size)
        rows.append((label, remote.id))
    if provided is not None:
        rows.append((_label_of(provided), BY_PROVIDER))
    if not rows:
        return None
    chosen = await _choose(field, rows)
    if chosen == _DOWNLOADED:
        session.events.download_requested.emit(remote)
        field.notices.notify(
            tr("{model} is being downloaded. Then you can dictate.", model=remote.label)
        )
    elif chosen and provided is not None:
        await service.agree(provided)
        await session.values.set("voice.transcriber", BY_PROVIDER)
    return chosen == BY_PROVIDER


def _label_of(model: VoiceModel) -> str:
    provider = model.profile.short_name
    cost = model.cost(model.hearing(_MINUTE_S))
    if cost is None:
        return tr("{provider}, to which your voice goes", provider=provider)
    return tr(
        "{provider}, to which your voice goes, ≈ {cost} a minute",
        provider=provider,
        cost=formatting.money(cost),
    )


async def _choose(field: DictationField, rows: list[tuple[str, str]]) -> str:
    """Return the value of the row that the user chooses; "" if the menu is closed."""
    loop = asyncio.get_running_loop()
    choice: asyncio.Future[str] = loop.create_future()

    def choose(value: str) -> None:
        if not choice.done():
            choice.set_result(value)

    menu = ProgramMenu(field.button)
    menu.setObjectName("transcriber-choice")
    menu.setAccessibleName(tr("Dictate with"))
    menu.addAction(tr("Dictate with")).setEnabled(False)
    for label, value in rows:
        menu.addAction(menu_text(label), partial(choose, value))
    menu.aboutToHide.connect(lambda: loop.call_soon(choose, ""))  # after the entry, if any
    menu.popup(field.button.mapToGlobal(QPoint(0, -menu.sizeHint().height())))
    menu.setActiveAction(menu.actions()[1])
    try:
        return await choice
    finally:
        menu.deleteLater()
        field.button.setDown(False)  # the menu took the release of the mouse
