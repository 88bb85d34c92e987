"""Opening the places that texts link to: pages of the settings, the models, the help."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from desktop_app.domain.places import Place
from desktop_app.providers.ui.providers_controller import ProvidersController
from desktop_app.transcript.message_items import OPEN_PLACE

if TYPE_CHECKING:
    from desktop_app.app.session import Session

SETTINGS_PAGES: Final[Mapping[Place, tuple[str, str]]] = {
    Place.ABOUT: ("about", ""),
    Place.ADVANCED: ("advanced", ""),
    Place.APPEARANCE: ("look", ""),
    Place.DATA: ("library", ""),
    Place.DEFAULTS: ("models", ""),
    Place.NETWORK: ("advanced", "network"),
    Place.PROVIDER: ("provider", ""),
    Place.RESPONSES: ("answer", ""),
    Place.SERVERS: ("servers", ""),
    Place.SHORTCUTS: ("keys", ""),
    Place.VOICE: ("voice", ""),
}
"""The page of the settings, and the section on it, "" for none.

`open` does not use the row of NETWORK: `open_network` also chooses the provider.
"""

HELP_PLACES: Final[Mapping[Place, str]] = {Place.FORMATS: "documents#attach"}


class PlaceOpener:
    """Opener of places that texts link to."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def open(self, place: Place) -> None:
        if place in HELP_PLACES:
            from desktop_app.app.help.help_window import help_of

            help_of(self._session).open_at(HELP_PLACES[place])
            return
        if place is Place.NETWORK:
            self._session.of(ProvidersController).open_at_network()
            return
        if place is Place.MODELS:
            self._session.run("models.show")
            return
        page, section = SETTINGS_PAGES[place]
        panel = self._session.window.settings
        panel.request_show()
        panel.show_setting(page, section)

    def open_action(self, _message_id: str, action: str) -> None:
        """Open the place of a link in the transcript; ignore its other actions."""
        if action.startswith(OPEN_PLACE):
            self.open(Place(action.removeprefix(OPEN_PLACE)))
