"""Places in the window to which texts link: settings, the models, sections of the help.

A text names a place by a placeholder, such as `{provider_page}`. The place's name replaces it: as
plain text in a terminal, and as a link in the window.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final, NamedTuple

from desktop_app.domain.errors import PLACEHOLDER, Param
from desktop_app.i18n.formatting import number
from desktop_app.i18n.translation import N_, tr


class Place(StrEnum):
    """A place in the window; the value is its placeholder."""

    ABOUT = "about_page"
    ADVANCED = "advanced_page"
    APPEARANCE = "appearance_page"
    DATA = "data_page"
    DEFAULTS = "defaults_page"
    FORMATS = "formats_help"
    MODELS = "models_window"
    NETWORK = "network_page"
    PROVIDER = "provider_page"
    RESPONSES = "responses_page"
    SERVERS = "servers_page"
    SHORTCUTS = "shortcuts_page"
    VOICE = "voice_page"


_PLACEHOLDERS: Final = frozenset(Place)
_SETTINGS: Final = N_("Settings")
PLACE_PATHS: Final[Mapping[Place, tuple[str, ...]]] = {
    Place.ABOUT: (_SETTINGS, N_("About")),
    Place.ADVANCED: (_SETTINGS, N_("Advanced")),
    Place.APPEARANCE: (_SETTINGS, N_("Look")),
    Place.DATA: (_SETTINGS, N_("Data")),
    Place.DEFAULTS: (_SETTINGS, N_("Models")),
    Place.FORMATS: (N_("Help"), N_("Documents and images")),
    Place.MODELS: (N_("Models"),),
    Place.NETWORK: (_SETTINGS, N_("Advanced")),
    Place.PROVIDER: (_SETTINGS, N_("Accounts")),
    Place.RESPONSES: (_SETTINGS, N_("Chat")),
    Place.SERVERS: (_SETTINGS, N_("Tool servers")),
    Place.SHORTCUTS: (_SETTINGS, N_("Shortcuts")),
    Place.VOICE: (_SETTINGS, N_("Voice")),
}
"""The titles that lead to each place, as the window shows them."""


class LinkSegment(NamedTuple):
    """A piece of a text; with a `place`, a link to it."""

    text: str
    place: Place | None = None


LinkedText = tuple[LinkSegment, ...]


def place_name(place: Place) -> str:
    """Return the name of a place, such as "Settings › Data"."""
    return " › ".join(map(tr, PLACE_PATHS[place]))


def linked_text(
    message: str,
    params: Mapping[str, Param] | None = None,
    other_names: Mapping[Place, str] | None = None,
) -> LinkedText:
    """Translate a message, with links to the places that it names.

    Only placeholders of the message become links; parameters are plain text.

    Args:
        other_names: names to use instead of those of some places. They are not links.
    """
    segments = []
    end = 0
    text = tr(message)
    for match in PLACEHOLDER.finditer(text):
        segments.append(LinkSegment(text[end : match.start()]))
        end = match.end()
        name = match[1]
        if name in _PLACEHOLDERS:
            place = Place(name)
            other_name = (other_names or {}).get(place)
            segment = LinkSegment(place_name(place), place)
            segments.append(segment if other_name is None else LinkSegment(tr(other_name)))
        else:
            value = (params or {}).get(name, match[0])
            segments.append(LinkSegment(number(value) if isinstance(value, int) else value))
    segments.append(LinkSegment(text[end:]))
    return tuple(segment for segment in segments if segment.text)


def plain_text(text: LinkedText) -> str:
    """Return a text without its links."""
    return "".join(segment.text for segment in text)
