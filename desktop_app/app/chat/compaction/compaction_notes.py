"""The compactions of the open conversation: their notes in the transcript, and Undo."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal

from desktop_app.app.state.window_state import WindowState
from desktop_app.domain.conversations.compaction import (
    Compaction,
    CompactionKind,
    compactions_by_message,
    sent_path,
)
from desktop_app.domain.conversations.conversation import now
from desktop_app.i18n.formatting import tokens
from desktop_app.i18n.translation import tr, tr_plural
from desktop_app.services.chat.compaction_service import readable_content
from desktop_app.ui.transcript.message_items import MessageNote
from desktop_app.ui.window.main_window import MainWindow
from desktop_app.ui.window.sent_text_dialog import SentTextDialog


class CompactionNotes(QObject):
    """Connection of the stored compactions with their notes in the transcript.

    Signals:
        undone(Compaction): the user undid a compaction.
    """

    undone = Signal(object)

    def __init__(self, window: MainWindow, state: WindowState) -> None:
        super().__init__(window)
        current = state.setup.current
        self._parent = window
        self._transcript = window.pane.transcript
        self._notifications = window.pane.notifications
        self._setup = state.setup
        self._current = current
        self._providers = state.setup.providers
        self._tasks = state.tasks
        self._compaction_store = state.backend.compactions
        current.opened.connect(lambda: self.load(current.id))
        for signal in (
            state.setup.choice_changed,
            current.path_changed,
            current.compactions_changed,
        ):
            signal.connect(self._show)
        window.pane.transcript.action_requested.connect(self._run_action)

    def load(self, conversation_id: str) -> None:
        """Read the compactions again if this conversation is open."""
        if conversation_id == self._current.id and not self._current.is_new:
            self._tasks.start(self._load())

    async def _load(self) -> None:
        opened_id = self._current.id
        compactions = await self._compaction_store.load(opened_id)
        if opened_id == self._current.id:
            self._current.set_compactions(compactions)

    @property
    def _noted_compactions(self) -> dict[str, Compaction]:
        """Return the compactions that have a note, by the id of the message above the note."""
        return compactions_by_message(self._current.path, self._current.compactions)

    def _show(self) -> None:
        path = self._current.path
        compactions = self._current.compactions
        if not compactions:
            self._transcript.set_notes({})
            return
        next_profile = self._setup.profile
        next_model_id = self._setup.resolved.model.id
        sent_compaction = sent_path(path, compactions, next_profile, next_model_id).compaction
        notes = {
            message_id: compaction_note(
                compaction,
                maker_name=self._maker_name(compaction),
                next_provider_name=next_profile.name,
                sent_compaction=sent_compaction,
            )
            for message_id, compaction in self._noted_compactions.items()
        }
        self._transcript.set_notes(notes)

    def _maker_name(self, compaction: Compaction) -> str:
        profile = self._providers.get(compaction.provider_id)
        return tr("a removed provider") if profile is None else profile.name

    def _run_action(self, message_id: str, action: str) -> None:
        compaction = self._noted_compactions.get(message_id)
        if compaction is None:
            return
        if action == "undo-compaction":
            self._tasks.start(self._undo(compaction))
        elif action == "show-sent":
            self._show_sent(compaction)

    def _show_sent(self, compaction: Compaction) -> None:
        hidden_characters, text = readable_content(compaction)
        if compaction.kind is CompactionKind.SUMMARY:
            note = tr(
                "A summary by {model} replaces the messages above it.", model=compaction.model
            )
        else:
            note = tr_plural(
                "{count} character in a form only {provider} can read is sent with this text:",
                "{count} characters in a form only {provider} can read are sent with this text:",
                hidden_characters,
                provider=self._maker_name(compaction),
            )
        SentTextDialog(note, text, self._parent).open()

    def undo(self) -> None:
        """Undo the last compaction in the path, so that the messages themselves are sent again."""
        compaction = self._last_compaction_or_notify()
        if compaction is not None:
            self._tasks.start(self._undo(compaction))

    def show_sent(self) -> None:
        """Show the text by which the last compaction replaces the messages above it."""
        compaction = self._last_compaction_or_notify()
        if compaction is not None:
            self._show_sent(compaction)

    def _last_compaction_or_notify(self) -> Compaction | None:
        """Return the last compaction in the path; notify the user if there is none."""
        noted_compactions = self._noted_compactions
        for message in reversed(self._current.path):
            if message.id in noted_compactions:
                return noted_compactions[message.id]
        self._notifications.notify(tr("This conversation isn’t compacted."))
        return None

    async def _undo(self, compaction: Compaction) -> None:
        await self._compaction_store.undo(compaction.id, now())
        self.undone.emit(compaction)
        self._notifications.announce(tr("Compaction undone. The full messages will be sent again."))
        self.load(compaction.conversation_id)


def result_text(compaction: Compaction) -> str:
    """Return the effect of a compaction: the tokens before and after."""
    return tr(
        "Compacted: {before} → {after} tokens",
        before=tokens(compaction.tokens_before),
        after=tokens(compaction.tokens_after),
    )


def compaction_note(
    compaction: Compaction,
    maker_name: str,
    next_provider_name: str,
    sent_compaction: Compaction | None,
) -> MessageNote:
    """Return the note below the last message that a compaction replaces.

    Args:
        maker_name: the provider that made the compaction.
        next_provider_name: the provider that gets the next question.
        sent_compaction: the compaction that is sent with the next question; None if that provider
            gets all messages.
    """
    actions = ((tr("Undo"), "undo-compaction"), (tr("Show compacted content"), "show-sent"))
    if sent_compaction is None:
        text = tr(
            "Compacted by {maker} · {sender} gets the full messages",
            maker=maker_name,
            sender=next_provider_name,
        )
        return MessageNote(text, actions)
    if sent_compaction.id != compaction.id:
        # Usually a later compaction includes this one. To undo this one would not change what is
        # sent.
        return MessageNote(result_text(compaction))
    text = result_text(compaction)
    if compaction.kind is CompactionKind.PROVIDER:
        only_reader = tr("Only {provider} can read it", provider=maker_name)
        text = f"{text} · {only_reader}"
    return MessageNote(text, actions)
