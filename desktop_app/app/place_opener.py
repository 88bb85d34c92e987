"""Opening the places that texts link to: pages of the settings, the models, the help."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final

from desktop_app.domain.places import Place
from desktop_app.transcript.message_items import OPEN_PLACE

if TYPE_CHECKING:
    from desktop_app.settings.ui.settings_panel import SettingsPanel

SETTINGS_PAGES: Final[Mapping[Place, tuple[str, str]]] = {
    Place.ABOUT: ("about", ""),
    Place.APPEARANCE: ("look", ""),
    Place.DATA: ("library", ""),
    Place.NETWORK: ("provider", "network"),
    Place.PROVIDER: ("provider", ""),
    Place.RESPONSES: ("answer", ""),
    Place.SERVERS: ("servers", ""),
    Place.SHORTCUTS: ("keys", ""),
}
"""The page of the settings, and the section on it, "" for none.

`open` does not use the row of NETWORK: `open_network` also chooses the provider.
"""

HELP_PLACES: Final[Mapping[Place, str]] = {Place.FORMATS: "documents#attach"}


class PlaceOpener:
    """Opener of places that texts link to.

    Args:
        open_network: shows the network settings of a provider that has them.
        open_help: opens a place of the help.
        open_models: shows the table of models.
    """

    def __init__(
        self,
        panel: SettingsPanel,
        *,
        open_network: Callable[[], None],
        open_help: Callable[[str], None],
        open_models: Callable[[], None],
    ) -> None:
        self._panel = panel
        self._open_network = open_network
        self._open_help = open_help
        self._open_models = open_models

    def open(self, place: Place) -> None:
        """Open a place."""
        if place in HELP_PLACES:
            self._open_help(HELP_PLACES[place])
            return
        if place is Place.NETWORK:
            self._open_network()
            return
        if place is Place.MODELS:
            self._open_models()
            return
        page, section = SETTINGS_PAGES[place]
        self._panel.request_show()
        if section:
            self._panel.show_section(page, section)
        else:
            self._panel.show_page(page)

    def open_action(self, _message_id: str, action: str) -> None:
        """Open the place of a link in the transcript; ignore its other actions."""
        if action.startswith(OPEN_PLACE):
            self.open(Place(action.removeprefix(OPEN_PLACE)))
