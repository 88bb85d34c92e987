"""The menus of microphones and loudspeakers below their rows of the settings."""

from __future__ import annotations

from functools import partial

from desktop_app.app.session import Controller, Session
from desktop_app.i18n.translation import tr
from desktop_app.settings.schema import MICROPHONE
from desktop_app.voice.messages import Devices, Event, Fault, ListDevices
from desktop_app.voice.ui.voice import Voice
from desktop_app.widgets.forms.schema_form import EditRequest
from desktop_app.widgets.program_menu import ProgramMenu
from desktop_app.widgets.text.foreign_text import menu_text


class DeviceList(Controller):
    """The menu of devices, which the child of the voice knows."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._request: EditRequest | None = None
        self._voice = session.of(Voice)
        self._voice.received.connect(self._on_event)

    def choose(self, request: EditRequest) -> None:
        """Show the devices once the child has named them."""
        self._request = request
        self._voice.send(ListDevices())

    def _on_event(self, event: Event) -> None:
        request = self._request
        if request is None or not isinstance(event, Devices | Fault):
            return
        self._request = None
        if isinstance(event, Fault):
            self._notifications.notify(event.error)
            return
        names = event.microphones if request.key == MICROPHONE else event.loudspeakers
        menu = ProgramMenu(request.anchor)
        for name, label in (("", tr("Default")), *((name, name) for name in names)):
            action = menu.addAction(menu_text(label), partial(request.on_changed, name))
            action.setCheckable(True)
            action.setChecked(name == request.value)
        menu.popup(request.anchor.mapToGlobal(request.anchor.rect().bottomLeft()))
