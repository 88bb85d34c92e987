"""The transcript view: a conversation as segments, with mouse, keyboard and links.

The view handles Qt's events and passes them to its parts. Nothing that a message refers to is
loaded. External images are shown as names; links open on click, through the system.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from PySide6.QtCore import QEvent, QPoint, QRect, QRectF, Qt, QTimer, QUrl, Signal
from PySide6.QtGui import (
    QAccessible,
    QContextMenuEvent,
    QFocusEvent,
    QImage,
    QInputMethodEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QResizeEvent,
    QTextDocument,
    QWheelEvent,
)
from PySide6.QtWidgets import QApplication, QToolTip, QWidget

from desktop_app.domain.conversations.conversation import Message, Role
from desktop_app.domain.conversations.message_facts import detail_lines, written_on
from desktop_app.domain.conversations.message_parts import Source
from desktop_app.i18n.translation import tr
from desktop_app.markdown.parsing.own_links import is_citation, is_note_link, linked_file
from desktop_app.transcript.action_row import (
    COPIED_MS,
    ActionRow,
    LatestButton,
    LinkTargetLabel,
    goes_forward,
)
from desktop_app.transcript.code_colors import CodeHighlighter
from desktop_app.transcript.conversation_messages import ConversationMessages
from desktop_app.transcript.copying import DragOut, MessageCommands, menu_for, menu_of
from desktop_app.transcript.decorations import Decorations
from desktop_app.transcript.finding import FindInTranscript
from desktop_app.transcript.focus_navigator import FocusNavigator, is_typed_text
from desktop_app.transcript.media.message_images import MessageImages
from desktop_app.transcript.message_area import MessageArea
from desktop_app.transcript.message_items import (
    ACTION,
    TOGGLE_CODE,
    TOGGLE_DETAILS,
    TOGGLE_DIAGRAM,
    TOGGLE_PASSAGES,
    TOGGLE_QUESTION,
    TOGGLE_REASONING,
    TOGGLE_SOURCES,
    TOGGLE_TOOL,
    Line,
    LineKind,
    MessageNote,
    citation_tooltip,
    index_of_action,
)
from desktop_app.transcript.message_stream import MessageStream
from desktop_app.transcript.segment import PAST_END, Article, Place, Segment
from desktop_app.transcript.segment_document import SegmentWriter
from desktop_app.transcript.segment_formulas import SegmentFormulas
from desktop_app.transcript.shown_segment import Mark, ShownSegment
from desktop_app.transcript.speech import AnswerSpeech
from desktop_app.transcript.targets import CODE_MARKS, COPY_CODE, OPEN_CODE, Target
from desktop_app.transcript.text_area import TEMPORARY_REASONS
from desktop_app.transcript.text_marks import DifferenceMarks
from desktop_app.transcript.transcript_styles import Styles, background_of
from desktop_app.widgets.accessible_roles import install_roles
from desktop_app.widgets.external_open import open_link
from desktop_app.widgets.key_modifiers import without_keypad
from desktop_app.widgets.look.theme import Theme, current_theme
from desktop_app.widgets.program_menu import run_command
from desktop_app.widgets.text.foreign_text import set_tooltip, tooltip_text
from desktop_app.widgets.wheel_steps import WheelSteps

if TYPE_CHECKING:
    from desktop_app.transcript.accessible_messages import AccessibleTranscript
    from desktop_app.transcript.media.drawings import DiagramDrawer
    from desktop_app.transcript.shown_message import ShownMessage
    from desktop_app.transcript.spoken_mark import SpokenMark


class TranscriptView(MessageArea):
    """A view of messages that emits the user's requests.

    A brief view shows a single answer. It has less room above the answer, and no facts in the
    answer's footer, because the surrounding widget shows them.

    Attributes:
        commands: runs the actions of messages, and copies code.
        drags: drags attachments and code to other programs.
        highlighter: highlights code; without a lexer process, code is plain.
        images: shows the images of questions and answers.
        formula_display: draws formulas; without a typesetter, their source is shown.
        action_row: the actions beside the message under the pointer.
        find_in_transcript: searches the messages, and has the find bar.
        speech: announces answers to screen readers.
        focus_navigator: moves the keyboard focus between links and actions, and the caret to
            messages and their blocks.
        link_target: shows where the focused link leads.
        accessible: the interface for assistive technology, once that has asked for it.
        latest_button: scrolls to the end.

    Signals:
        message_updated(str message_id): an updated message is shown and announced.
        text_changed(str message_id): a message was added, or its text or reasoning has changed.
        action_requested(str message_id, str action): any action except folding; "copy" has
            already been done.
        passage_requested(Passage): show a cited passage.
        image_requested(str): an image with this hash, or this `data:` address, came into view.
            Pass it to `images.show`.
        notice_raised(str): a notice for the user.
        text_typed(str): the user typed this text while the transcript, which takes no text, had the
            focus.
    """

    message_updated = Signal(str)
    text_changed = Signal(str)
    action_requested = Signal(str, str)
    image_requested = Signal(str)
    passage_requested = Signal(object)
    notice_raised = Signal(str)
    text_typed = Signal(str)

    def __init__(self, theme: Theme, *, is_brief: bool = False) -> None:
        install_roles()  # before Qt asks for the interface of this widget
        messages = ConversationMessages(shows_facts=not is_brief)
        super().__init__(theme, messages, is_brief=is_brief)
        self.setObjectName("transcript")
        self.setAccessibleName(tr("Transcript"))
        self.setAttribute(Qt.WidgetAttribute.WA_InputMethodEnabled)
        self._wraps_code = True
        self.accessible: AccessibleTranscript | None = None
        self.images = MessageImages(self, lambda: self.theme)
        self.images.requested.connect(self.image_requested)
        self.images.drawn.connect(self._show_image)
        self.formula_display = SegmentFormulas(self)
        self._drawer: DiagramDrawer | None = None
        self.highlighter = CodeHighlighter(theme, self)
        self.writer = self._new_writer()
        self.speech = AnswerSpeech(self)
        self.stream = MessageStream(self)
        self.action_row = ActionRow(self)
        self.commands = MessageCommands(self, self.messages, self.toggle)
        self.commands.requested.connect(self.action_requested)
        self.commands.notice_raised.connect(self.notice_raised)
        self.commands.copied.connect(lambda *head: self.show_copied(head))
        self.drags = DragOut(self.commands)
        self.find_in_transcript = FindInTranscript(self)
        self.focus_navigator = FocusNavigator(self)
        self.latest_button = LatestButton(self)
        self.link_target = LinkTargetLabel(self)
        self._actions_at: tuple[object, ...] | None = None  # what the actions' place depends on
        self._copied: tuple[str, int] | None = None
        self._copied_timer = QTimer(self, singleShot=True, interval=COPIED_MS)
        self._copied_timer.timeout.connect(lambda: self.show_copied(None))
        self._wheel_steps = WheelSteps()
        self._pressed_link = ""
        self.action_row.chosen.connect(self.commands.run)
        self.action_row.menu_requested.connect(self._show_menu)
        self.action_row.arrow_pressed.connect(
            lambda forward: self.focus_navigator.focus_next(forward=forward)
        )
        self.scrolled.connect(self._place_actions)
        self.text_shown.connect(self._offer_latest)
        self.following_changed.connect(lambda _follows: self._offer_latest())
        self.latest_button.clicked.connect(self.scroll_to_end)
        self.highlighter.highlighted.connect(self.viewport().update)
        self.formula_display.typeset.connect(self._write_formulas)
        self.set_theme(theme)

    def _new_writer(self) -> SegmentWriter:
        styles = Styles(self.theme, is_brief=self.is_brief, wraps_code=self._wraps_code)
        return SegmentWriter(styles, self.formula_display, self.images, self.viewport())

    # ------------------------------------------------------------------ messages

    def set_messages(
        self, messages: Sequence[Message], *, versions: Mapping[str, tuple[int, int]] | None = None
    ) -> None:
        """Show another conversation or path: the newest messages now, older ones on scrolling up.

        Args:
            messages: the path, oldest first.
            versions: (number, count) by id, for messages that have siblings.
        """
        self.stream.clear()
        self._waiting = None
        self.action_row.dismiss()
        self.focus_navigator.clear()
        self.images.clear()
        if self.accessible is not None:
            self.accessible.release_nodes()
        self.formula_display.forget()
        if self._drawer is not None:
            self._drawer.forget()
        self.highlighter.clear()
        self.selection.forget()
        self.drop_documents()
        self._pinned_index = -1
        self.follow(True)
        with self.keeping_position():
            self.messages.scale = self._estimation_scale()
            self.messages.begin_path(messages, dict(versions or {}))
        self.stream.queue_unwritten()
        last = self.messages.last()
        if last is not None:
            self.show_actions(last)
        self.find_in_transcript.restart()

    def set_model_names(self, name_of: Callable[[str], str]) -> None:
        """Set the function that turns model ids into the names shown in footers."""
        self.messages.facts.name_of = name_of
        self._refresh_messages()

    def set_question_titles(self, title_of: Callable[[Message], str]) -> None:
        """Set the function that returns the title of the saved prompt that a question is."""
        self.messages.facts.title_of = title_of
        self._refresh_messages()

    def _refresh_messages(self) -> None:
        with self.keeping_position():
            for shown in self.messages.shown():
                shown.refresh()
                self.article_changed(shown.key)

    def set_notes(self, notes: Mapping[str, MessageNote]) -> None:
        """Show notes below these messages, by id, and below no others."""
        with self.keeping_position():
            for shown in self.messages.set_notes(notes):
                self.article_changed(shown.key)

    @contextmanager
    def changing(
        self, shown: ShownMessage, *, is_text: bool = False, kept: Place | None = None
    ) -> Iterator[None]:
        """Keep the position while a message changes, and lay it out afterwards.

        Args:
            shown: the message.
            is_text: whether only text is appended.
            kept: a place on screen that stays where it is.
        """
        head = shown.head_count
        with self.keeping_position(kept, repaints_all=not is_text):
            yield
            by = shown.head_count - head
            if by:  # the reasoning above the text was folded or unfolded
                self.selection.shift_items(shown.key, by)
                self.shift_anchor(shown.key, by)
            self.article_changed(shown.key)

    def on_text_changed(self, message_id: str) -> None:
        """Follow a message that was added, or whose text or reasoning has changed."""
        self.find_in_transcript.recount(message_id)
        self.focus_navigator.keep(message_id)
        self.text_changed.emit(message_id)

    def pin_question(self, message: Message) -> None:
        """Keep a new question on screen while its answer grows below it."""
        if message.role is Role.USER and self.is_following:
            self._pinned_index = self.messages.index_of(message.id)

    def _on_written(self, article: Article, segment: Segment) -> None:
        may_grow = self._may_grow(article, segment)
        self.highlighter.highlight_segment(article, segment, is_growing=may_grow)

    def _offer_latest(self) -> None:
        """Offer to go to the end unless it is shown, or the view follows it."""
        stays = not self.is_following or self._pinned_index >= 0
        self.latest_button.set_wanted(stays and not self.is_at_end)

    def _drop_distant(self) -> None:
        super()._drop_distant()
        if not self.messages.has_opened:
            return
        self.messages.has_opened = False
        height = self.viewport().height()
        self.messages.close_distant(shown.key for shown in self.shown_segments(height))
        self.stream.queue_unwritten()

    # ------------------------------------------------------------------ assistive technology

    def make_accessible(self) -> AccessibleTranscript:
        """Create the interface by which assistive technology reads the messages as a list."""
        from desktop_app.transcript.accessible_messages import AccessibleTranscript

        self.accessible = AccessibleTranscript(self)
        return self.accessible

    # ------------------------------------------------------------------ comparison

    @cached_property
    def differences(self) -> DifferenceMarks:
        """Return the marks of the words that the answers shown beside this one do not have."""
        return DifferenceMarks(self, self.messages)

    @cached_property
    def spoken(self) -> SpokenMark:
        """Return the mark of the sentence that is being read aloud."""
        from desktop_app.transcript.spoken_mark import SpokenMark

        return SpokenMark(self, self.messages, self.reveal)

    # ------------------------------------------------------------------ theme

    def update_theme(self) -> None:
        self.set_theme(current_theme())

    def set_theme(self, theme: Theme) -> None:
        """Apply a theme, keeping the scroll position, and all heights if only colors change."""
        former = self.theme
        keeps_heights = theme is not former and all(
            getattr(theme, name) == getattr(former, name)
            for name in ("scale", "base_font", "code_font", "max_line_width")
        )
        with self.keeping_position():
            self._apply_theme(theme)
            self.highlighter.set_theme(theme)
            self.find_in_transcript.set_theme(theme)
            self.action_row.update_theme()
            self._set_margins()
            self.writer = self._new_writer()
            if keeps_heights:
                self.drop_documents()
            else:
                self._forget_heights()
        self._show_diagrams()
        self.latest_button.place(theme)
        self.link_target.place()

    def changeEvent(self, event: QEvent) -> None:
        """Ignore font changes, because the text uses the theme's font."""
        if event.type() not in (QEvent.Type.FontChange, QEvent.Type.ApplicationFontChange):
            super().changeEvent(event)

    def wrap_code(self, wraps: bool) -> None:
        """Wrap long lines of code, or show them unwrapped with a horizontal scroll bar."""
        if wraps != self._wraps_code:
            self._wraps_code = wraps
            self.set_theme(self.theme)

    def update_space_above(self) -> None:
        """Make room above the text for the find bar, keeping the scroll position."""
        self._space_above = self.find_in_transcript.needed_height
        with self.keeping_position():
            self._set_margins()

    def _show_image(self, name: QUrl, image: QImage) -> None:
        """Have the documents draw an image that has arrived."""
        for segment in self._loaded:
            if segment.document is not None and segment.document.has_images:
                kind = QTextDocument.ResourceType.ImageResource
                segment.document.addResource(kind.value, name, image)
        self.viewport().update()

    def _write_formulas(self) -> None:
        """Draw the formulas that have been typeset."""
        with self.keeping_position():
            for segment in list(self._loaded):
                if segment.document is not None and segment.document.has_source_formulas:
                    segment.mark_changed()

    def set_drawer(self, drawer: DiagramDrawer) -> None:
        """Draw diagrams with this drawer; until then their code is shown."""
        self._drawer = drawer
        self.messages.facts.diagram_of = drawer.find
        drawer.settled.connect(self._show_diagrams)
        self._show_diagrams()

    def _show_diagrams(self) -> None:
        """Show the diagrams that have been drawn in place of their code."""
        for shown in self.messages.shown():
            if shown.has_diagrams:
                with self.changing(shown):
                    shown.refresh()
                self.focus_navigator.keep(shown.key)

    # ------------------------------------------------------------------ actions and folds

    def show_actions(self, shown: ShownMessage) -> None:
        """Show the actions of a message, or hide them while it streams."""
        if shown.is_streaming and not shown.has_versions:
            if self.action_row.message_id == shown.key:
                self.action_row.dismiss()
            return
        self.action_row.show_for(shown, self.commands.is_offered)
        self._actions_at = None
        self._place_actions()

    def show_actions_of(self, message_id: str, focused: str = "") -> None:
        """Show the actions of a message, and focus a button by its object name; "" for none."""
        shown = self.messages.opened(message_id)
        if shown is not None:
            self.show_actions(shown)
        if shown is not None and focused:
            self.action_row.focus_button(focused)

    def _show_menu(self, corner: QPoint) -> None:
        """Show the actions that have no button beside their message, at a point of the screen."""
        shown = self.messages.opened(self.action_row.message_id)
        if shown is not None:
            menu = menu_of(self.commands, shown, is_brief=self.is_brief)
            menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
            menu.popup(corner)

    def _place_actions(self) -> None:
        key = self.action_row.message_id
        shown = self.messages.get(key) if key else None
        if shown is None:
            return
        index = self.messages.index_of(key)
        top = self.messages.top_of(index) - self.scroll_y
        height = self.messages.height_of(index)
        left = self.horizontalScrollBar().value()
        at = (shown, shown.revision, top, height, left, self.viewport().size(), self.theme)
        if at == self._actions_at:
            return  # as with nearly each frame of an answer below
        self._actions_at = None
        item = shown.action_item
        place = Place(key, item)
        rect = self.rect_of(place)
        segment = self.shown_segment(place) if rect is not None else None
        if rect is None or segment is None:
            self.action_row.move(0, -2 * self.viewport().height())
            return
        document = segment.document
        position = document.position_of(item, 0, PAST_END)
        block = document.findBlock(position)
        box = document.documentLayout().blockBoundingRect(block).translated(segment.origin)
        layout = block.layout()
        texts = [layout.lineAt(index).naturalTextRect() for index in range(layout.lineCount())]
        below = shown.items[item + 1] if item + 1 < len(shown.items) else None
        self.action_row.place_at(box, texts, is_on_background=bool(background_of(below)))
        self._actions_at = at

    def toggle(self, shown: ShownMessage, action: str) -> bool:
        """Fold or unfold a section of a message. Return False if the action does neither."""
        toggles = (TOGGLE_REASONING, TOGGLE_DETAILS, TOGGLE_QUESTION)
        if action not in toggles and not action.startswith(
            (TOGGLE_TOOL, TOGGLE_PASSAGES, TOGGLE_SOURCES, TOGGLE_CODE, TOGGLE_DIAGRAM)
        ):
            return False
        if action.startswith(TOGGLE_DIAGRAM):  # the picture's link has the picture's key
            action = action.partition("/")[0]
        item = index_of_action(shown.items, action)
        with self.changing(shown, kept=self._kept_place(shown, item)):
            shown.toggle(action)
        self.focus_navigator.keep(shown.key)
        return True

    def unfold_item(self, shown: ShownMessage, item: int) -> None:
        """Unfold the code that hides an item."""
        with self.changing(shown):
            shown.unfold_item(item)

    # ------------------------------------------------------------------ links

    def activate(self, target: Target) -> None:
        self.follow_link(target.place, target.link)
        self.focus_navigator.scroll_to_focused()  # unfolded text may have pushed it off screen

    def follow_link(self, place: Place, link: str) -> None:
        """Follow a link at a place: an action, a citation, a footnote or an address."""
        if link == COPY_CODE:
            self.commands.copy_code(place)
        elif link == OPEN_CODE:
            self.commands.open_code(place)
        elif link.startswith(ACTION):
            self.commands.run(place.message_id, link.removeprefix(ACTION))
        elif is_citation(link):
            cited = self.messages.cited(place.message_id, link)
            if isinstance(cited, Source):
                open_link(QUrl(cited.address))
            elif cited is not None:
                self.passage_requested.emit(cited)
        elif name := linked_file(link):
            self.commands.open_file(place.message_id, name)
        elif is_note_link(link):
            target = self.focus_navigator.footnote_target(place, link)
            if target is not None:
                self.follow(False)
                self.focus_navigator.focus_target(target)
        else:
            open_link(QUrl(link))

    _hovered_tip = ""

    # ------------------------------------------------------------------ scrolling

    def scroll_to_message(self, message_id: str, query: str = "") -> None:
        """Scroll to the top of a message, then to the first match of `query` in it."""
        if self.messages.index_of(message_id) >= 0:
            self._scroll_to_top_of(message_id)
            if query:
                self.find_in_transcript.show_first_match(message_id, query)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Lay out the text again, and move the floating widgets."""
        super().resizeEvent(event)
        self.latest_button.place(self.theme)
        self.find_in_transcript.place()
        self.link_target.place()

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Scroll, or with Ctrl change the text size by one step per step of the wheel."""
        if not event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self._wheel_steps.reset()
            super().wheelEvent(event)
            return
        steps = self._wheel_steps.add(event.angleDelta().y())
        for _ in range(abs(steps)):
            run_command(self, "view.larger" if steps > 0 else "view.smaller")
        event.accept()

    # ------------------------------------------------------------------ painting

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the text, and have arriving text wait if that takes long."""
        began = time.monotonic()
        super().paintEvent(event)
        self.stream.add_painting(time.monotonic() - began)

    def marks_of(self, shown: ShownSegment) -> list[Mark]:
        """Return the marks of the search and of a comparison, and the selection over them."""
        marks = self.find_in_transcript.marks_of(shown)
        if "differences" in self.__dict__:  # reading the property would make them
            marks += self.differences.marks_of(shown)
        if "spoken" in self.__dict__:
            marks += self.spoken.marks_of(shown)
        return marks + super().marks_of(shown)

    def _paint_over(
        self, painter: QPainter, shown: list[tuple[ShownSegment, Decorations]], area: QRect
    ) -> None:
        """Paint the Copy marks, the caret and the ring around the focused target."""
        for each, decorations in shown:
            for index, mark, link in decorations.marks:
                is_copied = self._copied == (each.key, each.segment.first + index)
                rect = mark.translated(0, round(each.origin.y()))
                if rect.intersects(area):
                    self._decorator.paint_mark(painter, rect, link, is_copied=is_copied)
        rects = self.focus_navigator.rects(loads=False) if self.hasFocus() else []
        if rects:
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(self.theme.accent, 2))
            for box in rects:  # a ring ends at the sides of the viewport
                ring = box.adjusted(-3, -3, 3, 3)
                sides = QRectF(0, ring.top(), self.viewport().width(), ring.height())
                painter.drawRoundedRect((ring & sides).adjusted(1, 1, -1, -1), 4, 4)
        else:
            super()._paint_over(painter, shown, area)

    def code_mark(self, place: Place, link: str) -> QRect | None:
        """Return a mark of a head of code in the viewport; None if it is not loaded."""
        shown = self.shown_segment(place)
        if shown is None:
            return None
        for index, area, mark_link in self.decorations_of(shown).marks:
            if shown.segment.first + index == place.item and link == mark_link:
                return area.translated(0, round(shown.origin.y()))
        return None

    def _mark_at(self, point: QPoint) -> tuple[Place, str] | None:
        """Return the head of code and the link of its mark at a point."""
        place = self.place_near(point)
        shown = self.messages.get(place.message_id) if place is not None else None
        if place is None or shown is None or self.commands.head_of_code(place) is None:
            return None
        marks = ((link, self.code_mark(place, link)) for link in CODE_MARKS)
        links = (link for link, mark in marks if mark is not None and mark.contains(point))
        return next(((place, link) for link in links), None)

    def show_copied(self, head: tuple[str, int] | None) -> None:
        """Show "Copied" for `COPIED_MS` in the Copy mark of a head of code."""
        self._copied = head
        if head is not None:
            self._copied_timer.start()
        self.viewport().update()

    # ------------------------------------------------------------------ mouse

    def viewportEvent(self, event: QEvent) -> bool:
        """Show in a tooltip what an answer took, over its footer, and who wrote a message."""
        if event.type() == QEvent.Type.ToolTip and not self._hovered_tip:
            position: QPoint = event.pos()  # type: ignore[attr-defined]
            place = self.viewport().mapToGlobal(position)
            QToolTip.showText(place, tooltip_text(self._details_at(position)), self.viewport())
            return True
        if event.type() == QEvent.Type.Leave and not self.action_row.has_focus:
            last = self.messages.last()
            if last is not None:
                self.show_actions(last)
        return super().viewportEvent(event)

    def _details_at(self, position: QPoint) -> str:
        """Return who wrote the message at a position, and, at its footer, what it took."""
        place = self.place_near(position)
        shown = self.messages.get(place.message_id) if place is not None else None
        if place is None or shown is None or place.item >= len(shown.items):
            return ""
        item = shown.items[place.item]
        rect = self.rect_of(place)
        is_on_line = rect is not None and rect.top() <= position.y() <= rect.bottom()
        if not is_on_line:
            return ""
        if not isinstance(item, Line) or item.kind is not LineKind.FOOTER:
            return written_on(shown.message)
        return "\n".join(detail_lines(shown.message))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Begin a selection, or record what is pressed: a link, a Copy mark, something to drag."""
        if event.button() != Qt.MouseButton.LeftButton:
            return
        position = event.position().toPoint()
        self.focus_navigator.clear()
        self._selects_by = ""
        self._pressed_link = self.anchor_at(position)
        mark = self._mark_at(position)
        if mark is not None:
            self._pressed_link = mark[1]
        elif self.viewport().rect().contains(position) and self.drags.press(position):
            return
        if self._pressed_link:
            return
        self._begin_selection(position, extends=bool(event.modifiers() & _SHIFT))

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Extend the selection, start a drag, or show the actions of the message here."""
        position = event.position().toPoint()
        is_held = bool(event.buttons() & Qt.MouseButton.LeftButton)
        if is_held and self.drags.move(position):
            return
        distance = (position - self._dragged_to).manhattanLength()
        is_drag = distance > QApplication.startDragDistance()
        if is_held and self._pressed_link and not self._selects_by and is_drag:
            self._begin_selection(position, extends=False)
        if is_held and self._selects_by:
            self._extend_selection(position)
            return
        if event.buttons():
            return
        self._dragged_to = position
        self._show_hovered(position)

    def _show_hovered(self, position: QPoint) -> None:
        """Show the cursor, the tooltip and the actions for what is under the pointer."""
        link = self.anchor_at(position)
        is_clickable = bool(link) or self._mark_at(position) is not None
        shape = Qt.CursorShape.PointingHandCursor if is_clickable else Qt.CursorShape.IBeamCursor
        if self.viewport().cursor().shape() is not shape:
            self.viewport().setCursor(shape)
        place = self.place_near(position)
        tip = ""
        if is_citation(link) and place is not None:
            cited = self.messages.cited(place.message_id, link)
            tip = citation_tooltip(cited) if cited is not None else ""
        elif link and not (link.startswith(ACTION) or is_note_link(link) or linked_file(link)):
            encoded = QUrl(link).toString(QUrl.ComponentFormattingOption.FullyEncoded)
            tip = encoded.replace("<", "%3C")
        if tip != self._hovered_tip:
            self._hovered_tip = tip
            set_tooltip(self.viewport(), tip)
        shown = self.messages.get(place.message_id) if place is not None else None
        if shown is not None and not self.action_row.has_focus:
            self.show_actions(shown)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Follow the link, or copy or open the code whose mark is clicked.

        From now on, follow arriving text only if the end of the conversation is on screen.
        """
        if event.button() != Qt.MouseButton.LeftButton:
            return
        super().mouseReleaseEvent(event)
        position = event.position().toPoint()
        pressed = self._pressed_link
        self._pressed_link = ""
        was_on_selection = self.drags.is_on_selection
        self.drags.release()
        if self._pinned_index < 0:
            self.follow(self.is_at_end)
        place = self.place_near(position)
        if was_on_selection and place is not None:
            self.selection.place_caret(place)
        if place is None or not pressed or self._selects_by:
            return
        if pressed in CODE_MARKS:
            mark = self._mark_at(position)
            if mark is not None and mark[1] == pressed:
                self.follow_link(*mark)
        elif pressed == self.anchor_at(position):
            self.selection.place_caret(place)
            self.follow_link(place, pressed)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Select the word under the pointer."""
        self.drags.release()
        super().mouseDoubleClickEvent(event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """Show the context menu for the selection and the message."""
        is_by_key = event.reason() == QContextMenuEvent.Reason.Keyboard
        focused = self.focus_navigator.focused_place() if is_by_key else None
        place: Place | None
        if focused is not None:  # an action of a message, or a link in it
            place, link, position = focused
        else:
            caret = self.selection.caret
            rect = self.rect_of(caret) if is_by_key and caret is not None else None
            position = event.pos() if rect is None else rect.center().toPoint()
            place, link = self.place_near(position), self.anchor_at(position)
        menu = menu_for(self.commands, place, link, self.follow_link, is_brief=self.is_brief)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.popup(self.viewport().mapToGlobal(position))

    # ------------------------------------------------------------------ keyboard

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Handle the keys of the transcript."""
        if event.key() == Qt.Key.Key_Escape and self.find_in_transcript.is_open:
            self.find_in_transcript.close()
            return
        focus = self.focus_navigator
        is_enter = event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter)
        is_plain = without_keypad(event) == Qt.KeyboardModifier.NoModifier
        is_press = is_enter or event.key() == Qt.Key.Key_Space
        forward = goes_forward(event.key())
        if focus.focused is not None and is_plain and is_press:
            self.activate(focus.focused)
        elif focus.focused is not None and is_plain and forward is not None:
            focus.focus_next(forward=forward)
        elif is_enter and (link := focus.link_at_caret()):
            self.follow_link(*link)
        elif is_typed_text(event):
            self.text_typed.emit(event.text())
        else:
            super().keyPressEvent(event)

    def inputMethodQuery(self, query: Qt.InputMethodQuery, *argument: Any) -> Any:
        """Accept input methods, or dead keys would be lost: "´" and "e" would type "e"."""
        if query == Qt.InputMethodQuery.ImEnabled:
            return True
        return super().inputMethodQuery(query, *argument)

    def inputMethodEvent(self, event: QInputMethodEvent) -> None:
        """Pass composed text to the message box, or "" so that composing continues there."""
        if event.commitString() or event.preeditString():
            self.text_typed.emit(event.commitString())

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Show the focus if it came by keyboard, and the caret at the newest message."""
        super().focusInEvent(event)
        if self.selection.caret is None and QAccessible.isActive() and self.messages.count:
            last = self.messages.key_at(self.messages.count - 1)
            self.selection.place_caret(Place(last, 0, 0, -PAST_END))

    def show_focus_frame(self) -> None:
        """Show the frame while the text as a whole has the focus by keyboard."""
        super().show_focus_frame()
        if self.focus_navigator.focused is not None:
            self._focus_frame.hide()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        if event.reason() not in TEMPORARY_REASONS:
            self.focus_navigator.clear()

    def focusNextPrevChild(self, forward: bool) -> bool:
        """Move the focus to the next or previous message, or out of the transcript at its ends."""
        focused: QWidget | None = self.focusWidget()  # PySide's stubs omit None
        # A widget over the viewport, such as the find bar, is in no message.
        is_on_bar = focused not in (None, self) and not self.viewport().isAncestorOf(focused)
        if not is_on_bar:
            if self.focus_navigator.focus_next_message(forward=forward):
                return True
            if not self.hasFocus():
                self.setFocus(Qt.FocusReason.OtherFocusReason)
            self.focus_navigator.clear()
        return super().focusNextPrevChild(forward)


_SHIFT: Final = Qt.KeyboardModifier.ShiftModifier
