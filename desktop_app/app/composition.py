"""The composition of a window's session: what its features share, then the features themselves."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from PySide6.QtWidgets import QWidget

from desktop_app.app.features import FEATURES, PLACES
from desktop_app.app.folder_list import FolderList
from desktop_app.app.open_conversation import NewConversation
from desktop_app.app.provider_list import Providers, SettingValues
from desktop_app.app.running_answers import RunningAnswers
from desktop_app.app.session import ConversationSession, Session
from desktop_app.child_processes import child_command
from desktop_app.composer.drafts import Drafts
from desktop_app.domain.places import Place
from desktop_app.features import imported
from desktop_app.providers.ui.providers_controller import ProvidersController
from desktop_app.storage.temporary_files import TemporaryCopies
from desktop_app.transcript.media.drawings import DiagramDrawer, Typesetter
from desktop_app.transcript.media.json_process import JsonProcess
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


def compose(session: Session) -> None:
    """Make the objects of a session, which has its window, its tasks and its backend."""
    _make_shared(session)
    places = session.of(PlaceOpener)
    session.window.place_requested.connect(places.open)
    session.window.transcript.action_requested.connect(places.open_action)
    for feature in FEATURES:
        if feature.compose is not None:
            feature.compose(session)
    classes = {name: place for feature in FEATURES for name, place in feature.pages.items()}

    def make_page(name: str) -> QWidget:
        page: QWidget = imported(classes[name])(session)
        return page

    session.window.settings.make_pages_with(make_page, PLACES)
    session.make_sections = lambda page: [
        imported(feature.sections[page])(session)
        for feature in FEATURES
        if page in feature.sections
    ]


def _make_shared(session: Session) -> None:
    window, backend = session.window, session.backend
    session.temporary = backend.temporary
    session.drafts = Drafts(backend.conversations, backend.settings, session.tasks)
    session.values = SettingValues(backend.settings, window)
    session.providers = Providers(
        backend.providers,
        backend.listings,
        settings_store=backend.settings,
        values=session.values,
        parent=window,
    )
    session.folders = FolderList(backend.conversation_folders, window)
    session.running = RunningAnswers(session.tasks, window)
    session.copies = TemporaryCopies(backend.folders.temporary)
    session.typesetter = Typesetter(child_command("math"), window)
    session.drawer = DiagramDrawer(child_command("diagrams"), window)
    session.lexer = JsonProcess(child_command("lexing"), window)
    main = session.main = ConversationSession(
        session, window, window.prompt, window.transcript, window.notifications
    )
    window.prompt.text_changed.connect(main.draft.save_soon)
    session.current, session.setup, session.messages = main.current, main.setup, main.messages
    session.new_conversation = NewConversation(session)
