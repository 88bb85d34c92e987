"""The list of voices in the settings, and the question before something goes to a provider."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from datetime import date
from functools import partial
from typing import Final

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QLineEdit

from desktop_app.app.session import Controller, Session
from desktop_app.domain.answering.chat_request import ProviderKind
from desktop_app.domain.errors import UserFacingError
from desktop_app.i18n.translation import language, paragraph, tr
from desktop_app.providers.jobs.audio import (
    VOICES,
    speech_models,
    tells_speakers,
    transcription_models,
)
from desktop_app.providers.models.model_listing import ModelAvailability, info_at
from desktop_app.voice.core import HEARING_MODEL, LOUDSPEAKER, MICROPHONE, SPEAKER, SPEECH_MODEL
from desktop_app.voice.messages import Devices, Event, Fault, ListDevices, Prepare, Voices
from desktop_app.voice.ui.voice import Voice
from desktop_app.widgets.boxes import STRETCH, column_of, row_of
from desktop_app.widgets.buttons.dialog_button import cancel_button
from desktop_app.widgets.forms.schema_form import EditRequest
from desktop_app.widgets.look.theme import current_theme
from desktop_app.widgets.program_menu import ProgramMenu
from desktop_app.widgets.sheet import Sheet
from desktop_app.widgets.text.foreign_text import (
    PlainButton,
    PlainLabel,
    menu_text,
    spoken_text,
    window_title,
)

_TOPIC: Final = "voice-consent"
_WIDTH: Final = 360
_MOST_MODELS: Final = 20


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
    if QApplication.activeWindow() is None:  # dictation into another program
        session.raise_window()
    notices.closed.connect(refuse)
    notices.notify(paragraph(sent, price), offers, topic=_TOPIC, stays=True)
    try:
        return await answer
    finally:
        notices.closed.disconnect(refuse)
        notices.dismiss_topic(_TOPIC)


class VoiceList(Controller):
    """The menus of voices, models and devices below their rows of the settings."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._request: EditRequest | None = None
        self._voice = session.of(Voice)
        self._voice.received.connect(self._on_event)

    def choose(self, request: EditRequest) -> None:
        """Show what can be chosen.

        These are devices, models, the provider's voices, or this computer's voices for the
        window's language.
        """
        if request.key in (HEARING_MODEL, SPEECH_MODEL):
            self._tasks.start(self._show_models(request))
        elif request.key in (MICROPHONE, LOUDSPEAKER):
            self._request = request
            self._voice.send(ListDevices())
        elif self._session.values[SPEAKER] == "provider":
            self._show(request, tuple((name, name) for name in VOICES), tr("Another voice…"))
        else:
            self._request = request
            self._voice.send(Prepare(language()))

    def _on_event(self, event: Event) -> None:
        request = self._request
        if request is None:
            return
        if isinstance(event, Voices | Devices):
            self._request = None
            names = event.names if isinstance(event, Voices) else event.loudspeakers
            if isinstance(event, Devices) and request.key == MICROPHONE:
                names = event.microphones
            self._show(request, tuple((name, name) for name in names))
        elif isinstance(event, Fault):
            self._request = None
            self._session.window.notifications.notify(event.error)

    async def _show_models(self, request: EditRequest) -> None:
        """Show the models of all providers that transcribe, or that speak."""
        backend = self._session.backend
        models_of = transcription_models if request.key == HEARING_MODEL else speech_models
        usable = await backend.providers.usable()
        default = await backend.providers.default_profile(await backend.values(), usable)
        if backend.listings.known_listing(default) is None:
            with suppress(UserFacingError):  # a name can be typed
                await backend.listings.fetch(default)
        chosen = request.value.partition(" ")[0]
        rows = []
        for profile in usable:
            listing = backend.listings.known_listing(profile)
            names = models_of(listing) if listing else []
            if listing and not names and profile.kind is ProviderKind.COMPATIBLE:
                # A speech server of one's own may call them anything.
                names = [model.id for model in listing.models[:_MOST_MODELS]]
            for model in reversed(names):
                info = info_at(profile, model, backend.catalog)
                today = date.today()  # noqa: DTZ011 — the user's day
                mark = ModelAvailability(profile, info, listing, today).shutdown_mark
                place = ", ".join(filter(None, (profile.short_name, mark)))
                label = tr("{model} ({place})", model=model, place=place)
                if tells_speakers(model):
                    label = tr("{model}, tells speakers apart", model=label)
                rows.append((f"{profile.id} {model}", label))
        self._show(request, tuple(rows), tr("Another model…"), f"{chosen or default.id} ")

    def _show(
        self,
        request: EditRequest,
        rows: tuple[tuple[str, str], ...],
        other: str = "",
        prefix: str = "",
    ) -> None:
        """Show the values with their labels, and if `other` is its label, a row to type one.

        Args:
            prefix: of a typed value.
        """
        menu = ProgramMenu(request.anchor)
        for value, label in (("", tr("Default")), *rows):
            action = menu.addAction(menu_text(label), partial(request.on_changed, value))
            action.setCheckable(True)
            action.setChecked(value == request.value)
        if other:
            menu.addAction(menu_text(other), lambda: NameDialog(request, other, prefix).open())
        menu.popup(request.anchor.mapToGlobal(request.anchor.rect().bottomLeft()))


class NameDialog(Sheet):
    """A dialog that asks for the name of a voice or a model; it is deleted when it is closed."""

    def __init__(self, request: EditRequest, title: str, prefix: str) -> None:
        super().__init__(request.anchor.window())
        self.setWindowTitle(window_title(title.rstrip("…")))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.field = QLineEdit(request.value.removeprefix(prefix))
        self.field.setObjectName("voice-name")
        self.field.setAccessibleName(spoken_text(tr("Name")))
        accept = PlainButton(tr("Use"), name="use-name", role="primary")
        cancel = cancel_button("cancel-name")
        accept.setDefault(True)
        accept.clicked.connect(self.accept)
        cancel.clicked.connect(self.reject)
        self.field.textChanged.connect(lambda text: accept.setEnabled(bool(text.strip())))
        accept.setEnabled(bool(self.field.text().strip()))
        self.accepted.connect(lambda: request.on_changed(f"{prefix}{self.field.text().strip()}"))
        note = PlainLabel(tr("As the server calls it."), role="note", wraps=True)
        row = row_of(STRETCH, cancel, accept)
        column_of(self.field, note, row, parent=self, margins=20, spacing=10)
        self.setFixedWidth(current_theme().px(_WIDTH))
