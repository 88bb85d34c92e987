"""The viewport on a conversation: materialization, streaming and scrolling.

Streamed text is collected for at most one frame, parsed from the last open block on, and
written as a diff. The view keeps the user's scroll position: it follows new text only while it
is at the bottom. Initially only the newest messages are materialized, older ones as the user
scrolls up.
"""

from __future__ import annotations

from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QPoint, QTimer, Signal
from PySide6.QtGui import QTextCursor

from desktop_app.domain.conversations.conversation import Message, MessageStatus
from desktop_app.ui.transcript.document.materialized_messages import (
    MOST_CHARACTERS,
    MOST_TO_READ,
    MaterializedMessages,
)
from desktop_app.ui.transcript.keyboard.message_actions import ActionRow
from desktop_app.ui.transcript.layout.layout_cost import is_costly
from desktop_app.ui.transcript.media.code_folds import FOLD, last_shown
from desktop_app.ui.transcript.media.drawn_formulas import Formulas
from desktop_app.ui.transcript.media.fallback_fonts import FallbackFonts
from desktop_app.ui.transcript.media.message_images import MessageImages
from desktop_app.ui.transcript.message_items import DETAILS, SOURCES, TOOL
from desktop_app.ui.transcript.search.find_in_transcript import FindInTranscript
from desktop_app.ui.transcript.selection.virtual_selection import VirtualSelection
from desktop_app.ui.transcript.speech import AnswerSpeech
from desktop_app.ui.transcript.viewport.scroll_anchor import LatestButton, ScrollAnchor
from desktop_app.ui.transcript.viewport.stream_scheduler import ANY_LENGTH, StreamScheduler
from desktop_app.ui.transcript.viewport.transcript_surface import TranscriptSurface
from desktop_app.ui.transcript.viewport.virtualizer import Virtualizer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from PySide6.QtWidgets import QWidget

    from desktop_app.ui.look.theme import Theme
    from desktop_app.ui.transcript.layout.message_layout import MessageLayout
    from desktop_app.ui.transcript.media.json_process import JsonProcess
    from desktop_app.ui.transcript.media.typesetter import Typesetter
    from desktop_app.ui.transcript.message_items import ItemMark
    from desktop_app.ui.transcript.message_state import MessageState

FIRST_CHARACTERS: Final = 16_000
MORE_CHARACTERS: Final = 12_000
READ_CHARACTERS: Final = 3_000
READ_ITEMS: Final = 60
_READ_EVERY_MS: Final = 60
_FITTED_AT_ONCE_S: Final = 0.008
_FIT_ON_MS: Final = 15
_TIDY_MS: Final = 50
_FORMULAS_S: Final = 0.008
_EASILY_LAID_OUT: Final = 30_000
"""Layout cost that fits into one frame; see `layout_cost`."""

_AROUND: Final = (0.5, 1.0)
"""Screens above and below the screen that are materialized, in this order."""

_SCREENS_KEPT: Final = (3, 1)
"""Screens to keep above and below the screen; the smaller value if layout is still slow."""


class MessageViewport(TranscriptSurface):
    """A view that shows messages and keeps the user's scroll position.

    Signals:
        at_bottom_changed(bool): whether the view follows new text.
        message_updated(str message_id): a message given to `update_message` is shown and
            announced.
    """

    at_bottom_changed = Signal(bool)
    message_updated = Signal(str)

    def __init__(self, theme: Theme, parent: QWidget | None = None, *, is_brief: bool) -> None:
        super().__init__(theme, parent)
        self._formulas = Formulas(self.document())
        self._more_formulas = QTimer(self, singleShot=True, interval=0)
        self._more_formulas.timeout.connect(self._show_formulas)
        self._messages = MaterializedMessages(self.document(), theme, self, is_brief=is_brief)
        self._messages.writer.finish = self._formulas.show
        self._pictures = MessageImages(self.document(), theme, self)
        self._fallbacks = FallbackFonts(self._messages.writer.styles.running_fonts())
        self._arrivals = StreamScheduler(self._write, self._fallbacks.load, self)
        self._thoughts = StreamScheduler(self._read_on, self._fallbacks.load, self)
        self._place = ScrollAnchor(self, self._messages)
        self._place.following_changed.connect(self._on_followed)
        self._reach = VirtualSelection(self, self._messages)
        self._window = Virtualizer(self, self._messages, self._place)
        self._goal: tuple[str, Callable[[], None]] | None = None
        self._filling = QTimer(self, singleShot=True, interval=0)
        self._filling.timeout.connect(self._fill)
        self._tidying = QTimer(self, singleShot=True, interval=_TIDY_MS)
        self._tidying.timeout.connect(self._tidy)
        self.verticalScrollBar().valueChanged.connect(self._on_scrolled)
        self.horizontalScrollBar().valueChanged.connect(self._on_scrolled_aside)
        self._actions = ActionRow(theme, self.viewport())
        self._latest = LatestButton(self)
        self._latest.clicked.connect(self.scroll_to_bottom)
        self.find_in_it = FindInTranscript(
            self, theme, self._messages, self._bring_whole, self._unfold, self._unfold_code
        )
        self._finder = self.find_in_it.finder
        self._speaker = AnswerSpeech(self)
        self._fitting = QTimer(self, singleShot=True, interval=_FIT_ON_MS)
        self._fitting.timeout.connect(self._fit_on)
        self._for_readers = QTimer(self, singleShot=True, interval=_READ_EVERY_MS)
        self._for_readers.timeout.connect(self._load_for_readers)

    # ------------------------------------------------------------------ messages

    def set_messages(
        self,
        messages: Sequence[Message],
        *,
        versions: Mapping[str, tuple[int, int]] | None = None,
    ) -> None:
        """Show another path: the newest messages now, the older ones on scrolling up.

        Args:
            messages: the path, oldest first.
            versions: (number, count) by id, for messages that have siblings.
        """
        self._arrivals.clear()
        self._thoughts.clear()
        self._goal = None
        self._actions.leave()
        self._pictures.clear()
        self._formulas.forget()
        self._reach.forget()
        self._fallbacks.forget()
        self._messages.begin(messages, dict(versions or {}))
        self._place.follow(True)
        self._messages.write_older(FIRST_CHARACTERS)
        self.scroll_to_bottom()
        self._write_rests()
        self._place_actions_at_the_end()
        self._finder.restart()
        self._for_readers.start()

    def append_message(self, message: Message) -> None:
        """Append a message to the conversation."""
        self._arrivals.flush(shortly=True)
        if self._reach.is_all:
            self.moveCursor(QTextCursor.MoveOperation.End)  # the new message was not selected
        entry, before = self._messages.append(message), self._messages.get(message.parent_id or "")
        if before is not None:
            with self._place.kept():  # it is no longer last: drop its Continue action
                self._messages.entry_writer.refresh(before)
        self._write_rests()
        self._finder.touched(message.id)
        if entry is not None:
            self._place_actions(entry)

    def append_text(self, message_id: str, text: str) -> None:
        """Queue the next text of a streaming answer; it is shown with the next frame."""
        self._arrivals.add(message_id, text)

    def append_reasoning(self, message_id: str, text: str) -> None:
        """Append to the reasoning summary of a streaming answer."""
        entry = self._messages.growing(message_id)
        if entry is not None:
            self._messages.think(entry, text)

    @property
    def is_writing(self) -> bool:
        """Return True if text that has arrived is still to be written."""
        return self._arrivals.are_there or self._thoughts.are_there

    def flush(self) -> None:
        """Write all queued text now."""
        self._arrivals.flush()
        self._thoughts.flush()

    def _write(self, message_id: str, text: str) -> tuple[int, int]:
        entry = self._messages.growing(message_id)
        if entry is None:
            return ANY_LENGTH
        if self._place.is_following:
            self._messages.grow(entry, text)
        else:
            on_top = self._place.item_on_top()
            with self._place.kept():  # text above the screen may change
                self._messages.grow(entry, text, on_top[1] if on_top[0] == message_id else -1)
        if entry.is_streaming:
            self._speaker.hear(message_id, text)
        self._finder.touched(message_id)
        self._tidy_soon()
        self._go_on(message_id)
        return entry.fitting

    def _read_on(self, message_id: str, text: str) -> tuple[int, int]:
        """Show the next text of unfolded reasoning."""
        entry = self._messages.get(message_id)
        if entry is not None and not entry.folded:
            with self._place.kept():
                self._messages.entry_writer.read_thoughts(entry, len(text))
            self._tidy_soon()
            self._read_thoughts()  # the message may have been rematerialized
            if not entry.unread:
                self._renew_later(message_id)
        return ANY_LENGTH if entry is None else entry.fitting_thoughts

    def _write_rests(self) -> None:
        """Queue the rest of long stored texts, to be written in slices like streamed text."""
        for message, rest in self._messages.take_rests():
            self._arrivals.afterwards(message.id, partial(self._end, message.id))
            self._arrivals.add(message.id, rest, soon=True)
        self._read_thoughts()

    def _read_thoughts(self) -> None:
        """Queue the rest of all unfolded reasoning, to be written in slices."""
        for message_id, unread in list(self._messages.unread()):
            if not self._thoughts.has(message_id):
                self._thoughts.add(message_id, unread, soon=True)

    def _end(self, message_id: str) -> None:
        entry = self._messages.growing(message_id)
        if entry is not None:
            with self._place.kept():
                self._messages.update(entry.message)
            self._fill()
            self._renew_later(message_id)

    def _renew_later(self, message_id: str) -> None:
        """Schedule the redrawing of earlier blocks that late definitions change, in slices."""
        entry = self._messages.growing(message_id)
        if entry is not None and entry.is_renewing:
            self._arrivals.afterwards(message_id, partial(self._renew, message_id))
        else:
            self._go_on(message_id)

    def _renew(self, message_id: str) -> None:
        entry = self._messages.growing(message_id)
        if entry is not None:
            with self._place.kept():
                self._messages.renew(entry)
            self._finder.touched(message_id)
            self._renew_later(message_id)

    def update_message(self, message: Message, version: tuple[int, int] | None = None) -> None:
        """Update a message's status, footer, error, notices and, if it differs, its text.

        If text of the message is still queued, the update follows it.
        """
        self._arrivals.afterwards(message.id, partial(self._update, message, version))
        self._arrivals.flush(shortly=True)

    def _update(self, message: Message, version: tuple[int, int] | None) -> None:
        if version is not None:
            self._messages.versions[message.id] = version
        before = self._messages.growing(message.id)
        was_streaming = before is not None and before.is_streaming
        with self._place.kept():
            entry = self._messages.update(message)
        self._renew_later(message.id)
        self._finder.touched(message.id)
        if entry is not None:
            self._place_actions(entry)
        if was_streaming and message.status is not MessageStatus.STREAMING:
            self._speaker.finish(message.id, message.text)
        self.message_updated.emit(message.id)

    def set_model_names(self, name_of: Callable[[str], str]) -> None:
        """Set the function that turns model ids into the names shown in footers."""
        with self._place.kept():
            self._messages.name_models(name_of)

    def set_marks(self, marks: Mapping[str, ItemMark]) -> None:
        """Show marks below these messages, by id, and below no others."""
        with self._place.kept():
            self._messages.mark(marks)
        self._place_actions_again()

    def typeset_with(self, typesetter: Typesetter) -> None:
        """Draw formulas with this typesetter; until then their source is shown."""
        self._formulas.typeset_with(typesetter)
        typesetter.formulas_ready.connect(self._look_for_formulas)
        self._look_for_formulas()

    def lex_with(self, lexer: JsonProcess) -> None:
        """Highlight code written from now on with this lexer process (`_child lexing`).

        Without it, code is plain.
        """
        self._messages.highlighter.lex_with(lexer)

    def _look_for_formulas(self) -> None:
        self._formulas.look_again()
        self._show_formulas()

    def _show_formulas(self) -> None:
        with self._place.kept():
            if not self._formulas.show_for(_FORMULAS_S):
                self._more_formulas.start()
        self._place_actions_again()

    def set_waiting(self, message_id: str, sentence: str) -> None:
        """Show below an answer what it waits for; "" shows nothing."""
        entry = self._messages.get(message_id)
        if entry is not None and entry.waiting != sentence:
            entry.waiting = sentence
            self._messages.entry_writer.refresh(entry)

    # ------------------------------------------------------------------ place

    def scroll_state(self) -> tuple[str, int]:
        """Return the topmost message on screen and how many pixels of it are scrolled off."""
        return self._place.state()

    def restore_scroll(self, state: tuple[str, int]) -> None:
        """Restore a position of `scroll_state`, or scroll to the bottom if its message is gone."""
        if self._messages.get(state[0]) is None and not self._show_around(state[0]):
            self.scroll_to_bottom()
            return
        if self._bring_whole(state[0], partial(self.restore_scroll, state)):
            self._place.go_to(state)
            self._load_more()

    @property
    def is_at_end(self) -> bool:
        """Return True if the end of the conversation is on screen."""
        return self._place.is_at_end

    def scroll_to_message(self, message_id: str, words: str = "") -> None:
        """Scroll to the top of a message, then to the first match of `words` in it.

        A distant message replaces what is materialized; nothing in between is materialized.
        """
        if self._bring(message_id):
            self._place.go_to((message_id, 0))
            self._load_more()
            if words:
                self._finder.show_in(message_id, words)

    def _bring(self, message_id: str) -> bool:
        """Materialize a message. Return True if it exists."""
        return self._messages.get(message_id) is not None or self._show_around(message_id)

    def _bring_whole(self, message_id: str, then: Callable[[], None]) -> bool:
        """Materialize all of a message, since a match may be at its end. Return True if done.

        A long message is written in slices. `then` runs afterwards, unless the user scrolls
        elsewhere first.
        """
        if not self._bring(message_id):
            return False
        self._arrivals.flush(shortly=True)
        self._thoughts.flush(shortly=True)
        if not self.has_more(message_id):
            return True
        self._goal = message_id, then
        self._arrivals.hurry(message_id)
        self._thoughts.hurry(message_id)
        return False

    def has_more(self, message_id: str) -> bool:
        """Return True if text of the message has arrived but is not yet written."""
        entry = self._messages.get(message_id)
        if entry is not None and entry.grows and not entry.is_streaming:
            return True
        return self._arrivals.has(message_id) or self._thoughts.has(message_id)

    def _go_on(self, message_id: str) -> None:
        """Run the action that waits for all of a message, once it is written."""
        goal = self._goal
        if goal is not None and goal[0] == message_id and not self.has_more(message_id):
            self._goal = None
            goal[1]()

    def _unfold(self, message_id: str, then: Callable[[], None]) -> bool:
        """Unfold the reasoning of a materialized message; like `_bring_whole`."""
        entry = self._messages.get(message_id)
        if entry is not None and entry.folded:
            self._turn(entry, "reasoning")
        return self._bring_whole(message_id, then)

    def _turn(self, entry: MessageState, action: str) -> bool:
        """Fold or unfold a section of a message. Return False for any other action."""
        if action not in ("reasoning", DETAILS) and not action.startswith((TOOL, SOURCES, FOLD)):
            return False
        with self._place.held(entry, self._stays(entry, action)):
            if action.startswith(FOLD):
                self._messages.entry_writer.turn_fold(entry, int(action.removeprefix(FOLD)))
            else:
                entry.turn(action)
                self._messages.entry_writer.refresh(entry)
        self._read_thoughts()
        self._fill()
        self._place_actions_again()
        return True

    def _stays(self, entry: MessageState, action: str) -> Callable[[], int]:
        """Return a function that finds the item to keep in place while a section folds.

        It is the line with the action. If lines of code unfold above that line, it is the last
        item shown above them.
        """
        if not action.startswith(FOLD) or entry.is_unfolded(action):
            return partial(entry.item_of_action, action)
        return lambda: last_shown(entry.section.items, entry.item_of_action(action))

    def _unfold_code(self, section: MessageLayout, at: int) -> None:
        with self._place.kept():
            self._messages.unfold_code_at(section, at)
            self._messages.write_item(section, at, self.viewport().height())
        self._fill()

    def scroll_to_top(self) -> None:
        """Scroll to the beginning of the conversation."""
        first = self._messages.first_id()
        if first:
            self.scroll_to_message(first)
            self.verticalScrollBar().setValue(0)

    def scroll_to_bottom(self) -> None:
        """Scroll to the end of the conversation and follow new text."""
        if self._messages.newer:
            with self._replaced():
                self._messages.write_end(FIRST_CHARACTERS)
        self._place.go_to_end()

    def _show_around(self, message_id: str) -> bool:
        """Replace what is materialized by a message and its neighbors. Return True if it exists."""
        if not self._messages.has(message_id):
            return False
        with self._replaced():
            self._messages.write_around(message_id, FIRST_CHARACTERS)
        return True

    @contextmanager
    def _replaced(self) -> Iterator[None]:
        """Keep the selection and suspend scrolling while other messages are materialized."""
        self._arrivals.flush(shortly=True)
        self._actions.leave()
        self._place.is_kept = True
        try:
            with self._reach.kept():
                yield
        finally:
            self._place.is_kept = False
            self._write_rests()

    def _on_followed(self, following: bool) -> None:
        self._latest.setVisible(not following)
        self.at_bottom_changed.emit(following)

    def _on_scrolled(self, value: int) -> None:
        if self._place.is_kept:
            self._filling.start()
            return
        if not (self._place.is_following and self._place.is_at_end):
            self._goal = None  # the user scrolled elsewhere
        self._place.follow(self._place.is_at_end)
        self._fill_screen()
        near, most = self.viewport().height(), self.verticalScrollBar().maximum()
        above, below = self._messages.older, self._messages.newer
        if (above and value < near) or (below and value > most - near):
            QTimer.singleShot(0, self, self._load_more)
        self._place_actions_again()

    def _on_scrolled_aside(self) -> None:
        if not self._place.is_kept:
            self._place_actions_again()

    def _load_for_readers(self) -> None:
        """Materialize more, a little at a time, if a screen reader runs.

        A screen reader reads the whole conversation, not only the screen. The limit is
        `MOST_TO_READ` characters.
        """
        self._say_how_much()
        if not self._speaker.is_heard():
            return
        if self._window.fill_more(READ_ITEMS):
            self._place_actions_again()
            self._for_readers.start()
        if not self._messages.has_room:
            return
        if not self._arrivals.are_there and self._messages.older:
            with self._place.kept(), self._reach.kept():
                self._messages.write_older(READ_CHARACTERS)
            self._write_rests()
            self._place_actions_again()
        if self._messages.older:
            self._for_readers.start()

    def _fill(self) -> None:
        """Materialize the screen now and its surroundings in slices, nearest first."""
        if not self._window.is_filled(_AROUND[-1]):
            self._window.fill(0)
            if any(self._window.fill(screens, tries=1) for screens in _AROUND):
                self._filling.start()
        self._tidy_soon()

    def _fill_screen(self) -> None:
        """Materialize the screen now and its surroundings soon."""
        if self._window.is_filled(_AROUND[-1]):
            self._tidy_soon()  # the usual case: runs with each frame of a followed answer
        else:
            self._window.fill(0)
            self._filling.start()

    def _tidy_soon(self) -> None:
        if self._speaker.is_heard():
            if not self._for_readers.isActive():
                self._for_readers.start()
        elif self._messages.is_much and not self._tidying.isActive():
            self._tidying.start()

    def _tidy(self) -> None:
        self._say_how_much()
        if self._messages.is_much:
            self._window.narrow()
            self._window.fill()
            self._place_actions_again()

    def _lighten(self) -> None:
        """Remove blocks until the rest can be laid out within a frame, before a full layout."""
        sections = self._messages.writer.sections
        for screens in _SCREENS_KEPT:
            if self._speaker.is_heard() or not is_costly(sections, _EASILY_LAID_OUT):
                return
            self._window.take_out(screens)

    def _fit_to_width(self) -> None:
        """Reflow what depends on the width: the screen now, the rest in slices."""
        top = self.cursorForPosition(QPoint(0, 0)).block().blockNumber()
        writer = self._messages.writer
        writer.set_width(self.viewport().width(), top, _FITTED_AT_ONCE_S)
        if writer.has_misfits:
            self._fitting.start()

    def _fit_on(self) -> None:
        with self._place.kept():
            self._messages.writer.fit_on(_FITTED_AT_ONCE_S)
        self._fill()
        self._place_actions_again()
        if self._messages.writer.has_misfits:
            self._fitting.start()

    def _say_how_much(self) -> None:
        """Raise the limit for a screen reader or a selection, whose text must not be removed."""
        more = self._speaker.is_heard() or self.textCursor().hasSelection()
        self._messages.most = MOST_TO_READ if more else MOST_CHARACTERS

    def _write_again(self, message_id: str, item: int) -> None:
        """Rewrite materialized text in the current theme; of much text, only around an item."""
        height = self.viewport().height()
        width = self._coming_width
        with self._reach.kept():
            self._messages.write_again(self._theme, message_id, item, height, width)
        if self._messages.get(self._actions.message_id) is None:
            self._actions.leave()
        self._write_rests()
        QTimer.singleShot(0, self, self._load_more)

    def _load_more(self) -> None:
        """Materialize more messages if the user is near an end of the materialized ones."""
        self._say_how_much()
        bar, near = self.verticalScrollBar(), self.viewport().height()
        if self._messages.newer and bar.value() > bar.maximum() - near:
            with self._place.kept(), self._reach.kept():
                self._messages.write_newer(MORE_CHARACTERS)
        if bar.value() < near and self._messages.older:
            with self._place.kept(), self._reach.kept():
                self._messages.write_older(MORE_CHARACTERS)
        self._write_rests()

    # ------------------------------------------------------------------ actions

    def _place_actions_at_the_end(self) -> None:
        last = self._messages.last()
        if last is not None:
            self._place_actions(last)

    def _place_actions(self, entry: MessageState) -> None:
        if entry.is_streaming:
            if self._actions.message_id == entry.message.id:
                self._actions.leave()
            return
        self._actions.show_for(entry.message.id, entry.message.role)
        self._place_actions_again()

    def _place_actions_again(self) -> None:
        entry = self._messages.get(self._actions.message_id)
        if entry is not None:
            block = self._messages.writer.sections.block_of(entry.section, entry.action_item)
            self._actions.place_beside(block, self.verticalScrollBar().value())
