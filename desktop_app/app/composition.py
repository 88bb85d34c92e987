"""The composition of a window's session: what its features share, then the features themselves."""

from __future__ import annotations

from PySide6.QtWidgets import QWidget

from desktop_app.app.features import FEATURES
from desktop_app.app.folder_list import FolderList
from desktop_app.app.place_opener import PlaceOpener
from desktop_app.app.session import ConversationSession, Session
from desktop_app.chat.ui.open_conversation import NewConversation
from desktop_app.chat.ui.running_answers import RunningAnswers
from desktop_app.child_processes import child_command
from desktop_app.composer.drafts import Drafts
from desktop_app.features import imported
from desktop_app.providers.ui.providers import Providers, SettingValues
from desktop_app.storage.temporary_files import TemporaryCopies
from desktop_app.transcript.media.diagram_drawer import DiagramDrawer
from desktop_app.transcript.media.json_process import JsonProcess
from desktop_app.transcript.media.typesetter import Typesetter


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

    session.window.settings.make_pages_with(make_page)
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
