"""The list of voices in the settings, and the question before something goes to a provider."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Final

from desktop_app.app.session import Controller, Session
from desktop_app.i18n.translation import language, paragraph, tr
from desktop_app.providers.jobs.audio import VOICES
from desktop_app.settings.schema import SPEAKER
from desktop_app.voice.messages import Event, Fault, Prepare, Voices
from desktop_app.voice.ui.voice import Voice
from desktop_app.widgets.forms.schema_form import EditRequest
from desktop_app.widgets.program_menu import ProgramMenu
from desktop_app.widgets.text.foreign_text import menu_text

_TOPIC: Final = "voice-consent"


async def ask_about_voice(session: Session, sent: str, price: str) -> bool:
    """Return True if the user agrees that something is sent: see `provider_calls.Ask`.

    Closing the question refuses.
    """
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[bool] = loop.create_future()

    def choose(agrees: bool) -> None:
        if not answer.done():
            answer.set_result(agrees)

    def refuse(topic: str) -> None:
        if topic == _TOPIC:
            loop.call_soon(choose, False)  # after the action, if that closed it

    offers = [(tr("Send"), partial(choose, True)), (tr("Don’t send"), partial(choose, False))]
    notices = session.window.notifications
    notices.closed.connect(refuse)
    notices.notify(paragraph(sent, price), offers, topic=_TOPIC, stays=True)
    try:
        return await answer
    finally:
        notices.closed.disconnect(refuse)
        notices.dismiss_topic(_TOPIC)


class VoiceList(Controller):
    """The menu of voices below their row of the settings."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._request: EditRequest | None = None
        self._voice = session.of(Voice)
        self._voice.received.connect(self._on_event)

    def choose(self, request: EditRequest) -> None:
        """Show the voices of the provider, or those of this computer for the window's language."""
        if self._session.values[SPEAKER] == "provider":
            self._show(request, VOICES)
        else:
            self._request = request
            self._voice.send(Prepare(language()))

    def _on_event(self, event: Event) -> None:
        request = self._request
        if request is None:
            return
        if isinstance(event, Voices):
            self._request = None
            self._show(request, event.names)
        elif isinstance(event, Fault) and event.of_speech is not False:
            self._request = None
            self._session.window.notifications.notify(event.error)

    def _show(self, request: EditRequest, names: tuple[str, ...]) -> None:
        menu = ProgramMenu(request.anchor)
        for name, label in (("", tr("Default")), *((name, name) for name in names)):
            action = menu.addAction(menu_text(label), partial(request.on_changed, name))
            action.setCheckable(True)
            action.setChecked(name == request.value)
        menu.popup(request.anchor.mapToGlobal(request.anchor.rect().bottomLeft()))
