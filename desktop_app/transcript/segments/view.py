"""The transcript view: a conversation as segments, with mouse, keyboard and links."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from PySide6.QtGui import QTextCharFormat

from desktop_app.domain.conversations.conversation import Message, Role
from desktop_app.transcript.media.fallback_fonts import FallbackFonts
from desktop_app.transcript.media.message_images import MessageImages
from desktop_app.transcript.segments.conversation_messages import ConversationMessages
from desktop_app.transcript.segments.message_stream import MessageStream
from desktop_app.transcript.segments.segment_area import Mark, SegmentArea, ShownSegment
from desktop_app.transcript.segments.segment_document import SegmentWriter
from desktop_app.transcript.segments.segment_formulas import SegmentFormulas
from desktop_app.transcript.segments.text_selection import TextSelection
from desktop_app.transcript.speech import AnswerSpeech
from desktop_app.transcript.transcript_styles import Styles

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from desktop_app.transcript.segments.segment import Article
    from desktop_app.transcript.segments.shown_message import ShownMessage
    from desktop_app.widgets.look.theme import Theme


class TranscriptView(SegmentArea):
    """A view of messages."""

    def __init__(self, theme: Theme, *, is_brief: bool = False) -> None:
        super().__init__(theme)
        self._is_brief = is_brief
        self._wraps_code = True
        self.messages = self.articles = ConversationMessages(shows_facts=not is_brief)
        self.images = MessageImages(self, theme, self)
        self.formula_display = SegmentFormulas(self)
        self.writer = self._new_writer(theme)
        self.selection = TextSelection(self, self.messages)
        self.selection.changed.connect(self.viewport().update)
        self.speech = AnswerSpeech(self)
        self._fallbacks = FallbackFonts(self.writer.styles.running_fonts())
        self.stream = MessageStream(self, self.messages, self.speech, self._fallbacks.load)
        self.set_theme(theme)

    def _new_writer(self, theme: Theme) -> SegmentWriter:
        styles = Styles(theme, is_brief=self._is_brief, wraps_code=self._wraps_code)
        return SegmentWriter(
            styles, self.viewport().width(), self.formula_display, self.images, self.viewport()
        )

    def set_theme(self, theme: Theme) -> None:
        with self.keeping_position():
            self._apply_theme(theme)
            self.writer = self._new_writer(theme)
            self._forget_heights(keeps_documents=False)
            self._set_margins()

    def addResource(self, kind, name, image) -> None:
        for segment in self._loaded:
            segment.document.addResource(kind, name, image)

    def set_messages(
        self, messages: Sequence[Message], *, versions: Mapping[str, tuple[int, int]] | None = None
    ) -> None:
        """Show another conversation or path: the newest messages now, older ones on scrolling up."""
        self.stream.clear()
        self.selection.forget()
        self.drop_documents()
        self._pinned_index = -1
        self.follow(True)
        with self.keeping_position():
            self.messages.begin_path(messages, dict(versions or {}))
        self.stream.queue_unwritten()

    def _is_open(self, index: int) -> bool:
        return self.messages.get(self.messages.message_at(index).id) is not None

    def _is_growing(self, article: Article) -> bool:
        return article.is_growing

    @contextmanager
    def changing(self, shown: ShownMessage) -> Iterator[None]:
        """Keep the position while a message changes, and lay it out afterwards."""
        head = shown.head_count
        with self.keeping_position():
            yield
            if shown.head_count != head:
                self.selection.shift_items(shown.key, shown.head_count - head)
            self.article_changed(shown.key)

    def pin_question(self, message: Message) -> None:
        """Keep a new question on screen while its answer grows below it."""
        if message.role is Role.USER and self.is_following:
            self._pinned_index = self.messages.index_of(message.id)

    def marks_of(self, shown: ShownSegment) -> list[Mark]:
        selected = self.selection.range_in(shown)
        if selected is None:
            return []
        fmt = QTextCharFormat()
        fmt.setBackground(self.theme.accent)
        fmt.setForeground(self.theme.on_accent)
        return [Mark(*selected, fmt)]
