"""The transcript view: a conversation in one text view, with mouse, keyboard and links.

The view handles Qt's events and passes them to its parts. Its constructor gives each part the other
parts that it uses. Nothing that a message refers to is loaded. External images are shown as names;
links open on click, through the system.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from PySide6.QtCore import QEvent, QMimeData, QPoint, Qt, QTimer, QUrl, Signal
from PySide6.QtGui import QContextMenuEvent
from PySide6.QtWidgets import QToolTip

from desktop_app.domain.conversations.message_facts import detail_lines
from desktop_app.transcript.context_menu import ContextMenu
from desktop_app.transcript.document.document_writer import DocumentWriter
from desktop_app.transcript.document.item_materializer import ItemMaterializer
from desktop_app.transcript.document.message_materializer import MessageMaterializer
from desktop_app.transcript.document.message_writer import MessageWriter
from desktop_app.transcript.keyboard.action_row import ActionRow, ActionRowPlacer
from desktop_app.transcript.keyboard.focus_navigator import FocusNavigator
from desktop_app.transcript.keyboard.key_commands import KeyCommands
from desktop_app.transcript.keyboard.link_target_label import LinkTargetLabel
from desktop_app.transcript.keyboard.reading_steps import ReadingSteps
from desktop_app.transcript.link_handler import LinkHandler
from desktop_app.transcript.media.drawn_formulas import FormulaDrawer
from desktop_app.transcript.media.fallback_fonts import FallbackFonts
from desktop_app.transcript.media.highlighter import CodeHighlighter
from desktop_app.transcript.media.message_images import MessageImages
from desktop_app.transcript.message_commands import MessageCommands
from desktop_app.transcript.message_items import Line, LineKind, MessageNote
from desktop_app.transcript.search.find_in_transcript import FindInTranscript
from desktop_app.transcript.search.finder import Finder
from desktop_app.transcript.section_folding import SectionFolding
from desktop_app.transcript.selection.copy_actions import CopyActions
from desktop_app.transcript.selection.drag_out import DragOut
from desktop_app.transcript.selection.virtual_selection import VirtualSelection
from desktop_app.transcript.speech import AnswerSpeech
from desktop_app.transcript.transcript_messages import TranscriptMessages
from desktop_app.transcript.transcript_styles import Styles
from desktop_app.transcript.viewport.formula_display import FormulaDisplay
from desktop_app.transcript.viewport.latest_button import LatestButton
from desktop_app.transcript.viewport.message_navigator import MessageNavigator
from desktop_app.transcript.viewport.message_stream import MessageStream
from desktop_app.transcript.viewport.screen_reader_loader import ScreenReaderLoader
from desktop_app.transcript.viewport.scroll_anchor import ScrollAnchor
from desktop_app.transcript.viewport.transcript_surface import TranscriptSurface
from desktop_app.transcript.viewport.viewport_filler import ViewportFiller
from desktop_app.transcript.viewport.virtualizer import Virtualizer
from desktop_app.widgets.accessibility.accessible_roles import install_roles
from desktop_app.widgets.look.theme import STANDARD_LINE_WIDTH, current_theme
from desktop_app.widgets.text.foreign_text import tooltip_text
from desktop_app.widgets.text.sealed_document import empty_resource
from desktop_app.widgets.wheel_steps import WheelSteps

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from PySide6.QtCore import QByteArray
    from PySide6.QtGui import (
        QFocusEvent,
        QImage,
        QInputMethodEvent,
        QKeyEvent,
        QMouseEvent,
        QResizeEvent,
        QWheelEvent,
    )
    from PySide6.QtWidgets import QWidget

    from desktop_app.domain.conversations.conversation import Message
    from desktop_app.transcript.accessibility.accessible_transcript import AccessibleTranscript
    from desktop_app.transcript.search.difference_marks import DifferenceMarks
    from desktop_app.widgets.look.theme import Theme

_FONT_LOADING_S: Final = 0.008
"""Seconds for which fallback fonts are loaded in one iteration of the event loop."""

_REWRITTEN_SCREENS: Final = 1.5
"""Screens to rewrite at once: more than one, because the text may be shorter than estimated."""


class TranscriptView(TranscriptSurface):
    """A view of messages that emits the user's requests.

    A brief view shows a single answer. It has less room above the answer, and no facts in the
    answer's footer, because the surrounding widget shows them.

    Attributes:
        writer: writes the document.
        highlighter: highlights code; without a lexer process, code is plain.
        images: shows the images of questions and answers.
        formula_display: draws formulas; without a typesetter, their source is shown.
        messages: all messages and their states.
        materializer: chooses the messages that are in the document.
        item_materializer: materializes items of the messages in the document.
        virtualizer: materializes the text near the screen, and removes the rest.
        stream: receives messages and streamed text.
        navigator: scrolls to messages.
        commands: runs the actions of messages.
        anchor: keeps the text on screen in place while other text changes.
        selection: the selection, which may include text that is not materialized.
        copies: copies messages, code and the selection.
        drags: drags attachments and code to other programs.
        filler: decides when text is materialized and removed.
        context_menu: builds the context menu.
        action_placer: places the row of actions beside the message under the pointer.
        find_in_transcript: the find bar.
        speech: announces answers to screen readers.
        focus_navigator: moves the keyboard focus between links and actions.
        reading: moves the caret to messages and their blocks.
        latest_button: scrolls to the end.

    Signals:
        message_updated(str message_id): an updated message is shown and announced.
        action_requested(str message_id, str action): any action except folding; "copy" has
            already been done.
        command_requested(str): a command of the window, by id, from the menu, the wheel or a key.
        passage_requested(Passage): show a cited passage.
        image_requested(str): an image with this hash, or this `data:` address, came into view.
            Pass it to `images.show`.
        notice_raised(str): a notice for the user.
        text_typed(str): the user typed this text while the transcript, which takes no text, had the
            focus.
    """

    message_updated = Signal(str)
    action_requested = Signal(str, str)
    image_requested = Signal(str)
    passage_requested = Signal(object)
    command_requested = Signal(str)
    notice_raised = Signal(str)
    text_typed = Signal(str)

    def __init__(self, theme: Theme, *, is_brief: bool = False) -> None:
        install_roles()  # before Qt asks for the interface of this widget
        super().__init__(theme)
        self.setAttribute(Qt.WidgetAttribute.WA_InputMethodEnabled)
        document = self.document()
        self._formulas = FormulaDrawer(document)
        self._is_brief = is_brief
        self._wraps_code = True
        self.writer = writer = DocumentWriter(
            document,
            Styles(theme, is_brief=is_brief),
            theme.px(STANDARD_LINE_WIDTH),
            on_written=self._formulas.draw,
        )
        self.highlighter = highlighter = CodeHighlighter(writer, theme, self)
        self._message_writer = message_writer = MessageWriter(writer, highlighter)
        self.messages = messages = TranscriptMessages(writer.layouts, shows_facts=not is_brief)
        self.item_materializer = item_materializer = ItemMaterializer(messages, writer, highlighter)
        self.materializer = materializer = MessageMaterializer(
            messages, writer, highlighter, message_writer
        )
        self.images = MessageImages(document, theme, self)
        self._fallbacks = FallbackFonts(writer.styles.running_fonts())
        self.speech = AnswerSpeech(self)
        self.anchor = anchor = ScrollAnchor(self, messages, item_materializer)
        self.selection = selection = VirtualSelection(self, messages, item_materializer)
        self.virtualizer = virtualizer = Virtualizer(self, writer, item_materializer, anchor)
        self.action_placer = actions = ActionRowPlacer(
            self, messages, ActionRow(theme, self.viewport())
        )
        self.filler = filler = ViewportFiller(
            self, writer, materializer, anchor, virtualizer, actions, self.speech
        )
        self.stream = stream = MessageStream(
            messages,
            materializer,
            message_writer,
            anchor,
            selection,
            filler,
            self.speech,
            load_fonts=self._fallbacks.load,
        )
        self.navigator = MessageNavigator(
            self, messages, materializer, anchor, selection, filler, stream, actions
        )
        self._reader_loader = ScreenReaderLoader(
            messages, materializer, anchor, selection, virtualizer, filler, stream, self.speech
        )
        self.formula_display = FormulaDisplay(self._formulas, anchor, actions)
        folding = SectionFolding(
            self, messages, message_writer, item_materializer, anchor, filler, stream, actions
        )
        finder = Finder(
            self,
            messages,
            item_materializer,
            materialize=self.navigator.materialize_whole,
            unfold_reasoning=folding.unfold_reasoning,
            unfold_code=folding.unfold_code,
        )
        self.find_in_transcript = FindInTranscript(self, theme, finder)
        self.copies = copies = CopyActions(self, messages.layouts, selection)
        self.drags = DragOut(self, copies)
        self.commands = MessageCommands(messages, folding, copies)
        self.focus_navigator = FocusNavigator(self, messages, item_materializer, actions)
        self._links = LinkHandler(
            self,
            messages,
            item_materializer,
            anchor,
            focus=self.focus_navigator,
            commands=self.commands,
            copies=copies,
        )
        self.reading = ReadingSteps(self, messages, item_materializer, self.navigator, self._links)
        self._keys = KeyCommands(self, messages, selection, self.navigator, self._links, copies)
        self.context_menu = ContextMenu(
            self, messages, selection, self.commands, copies, self._keys, is_brief=is_brief
        )
        self.latest_button = LatestButton(self)
        self._link_target = LinkTargetLabel(self)
        self._accessible: AccessibleTranscript | None = None
        self._clicked_at: QPoint | None = None  # while Qt follows a link that was clicked
        self._is_copy_mark_pressed = False
        self._wheel_steps = WheelSteps()
        self._next_theme = theme  # applied once its fallback fonts are loaded
        self._font_timer = QTimer(self, singleShot=True, interval=0)
        self._font_timer.timeout.connect(self._apply_next_theme)
        self._connect_parts()
        self.set_theme(theme)

    def _connect_parts(self) -> None:
        finder = self.find_in_transcript.finder
        self.stream.text_changed.connect(finder.recount)
        self.stream.message_updated.connect(self.message_updated)
        self.stream.message_shown.connect(self.action_placer.show_for)
        self._reader_loader.loaded.connect(self.action_placer.place_again)
        self.anchor.following_changed.connect(
            lambda following: self.latest_button.set_wanted(not following)
        )
        self.horizontalScrollBar().valueChanged.connect(self._on_scrolled_sideways)
        self.latest_button.clicked.connect(self.navigator.scroll_to_bottom)
        finder.match_shown.connect(self.anchor.stop_following_stream)
        self.find_in_transcript.height_changed.connect(self._update_space_above)
        self.action_placer.row.chosen.connect(self.commands.run)
        self.action_placer.row.menu_requested.connect(self._show_menu)
        self.commands.action_requested.connect(self.action_requested)
        self.copies.notice_raised.connect(self.notice_raised)
        self.commands.notice_raised.connect(self.notice_raised)
        self.copies.code_copied.connect(self.show_copied)
        self.images.image_requested.connect(self.image_requested)
        self.images.image_shown.connect(self.viewport().update)
        self.focus_navigator.link_focused.connect(self._link_target.show_target)
        self.anchorClicked.connect(self._on_link)
        self._links.passage_requested.connect(self.passage_requested)
        self.reading.moved.connect(self._report_focus)
        self._keys.text_typed.connect(self.text_typed)
        self._keys.copy_all_requested.connect(
            lambda: self.command_requested.emit("conversation.copy")
        )
        self.context_menu.command_requested.connect(self.command_requested)
        self.context_menu.passage_requested.connect(self.passage_requested)

    @property
    def action_row(self) -> ActionRow:
        """Return the row of actions beside a message."""
        return self.action_placer.row

    def show_actions_of(self, message_id: str, focused: str = "") -> None:
        """Show the actions of a message, and focus a button by its object name; "" for none."""
        state = self.messages.get(message_id)
        if state is not None and state.is_materialized:
            self.action_placer.show_for(state)
            if focused:
                self.action_row.focus_button(focused)

    def _show_menu(self, message_id: str, corner: QPoint) -> None:
        state = self.messages.get(message_id)
        if state is not None:
            menu = self.context_menu.menu_of(state)
            menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
            menu.popup(corner)

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
        self.action_placer.row.dismiss()
        self.images.clear()
        if self._accessible is not None:
            self._accessible.release_nodes()
        self._formulas.forget()
        self.selection.forget()
        self._fallbacks.forget()
        self.materializer.begin_path(messages, dict(versions or {}))
        self.navigator.show_newest()
        self.action_placer.show_for_last()
        self.find_in_transcript.finder.restart()
        self._reader_loader.start()

    def scroll_to_message(self, message_id: str, query: str = "") -> None:
        """Scroll to the top of a message, then to the first match of `query` in it."""
        if self.navigator.scroll_to_message(message_id) and query:
            self.find_in_transcript.finder.show_first_match(message_id, query)

    def set_model_names(self, name_of: Callable[[str], str]) -> None:
        """Set the function that turns model ids into the names shown in footers."""
        with self.anchor.keep_position():
            self.messages.facts.set_names(name_of)
            for state in self.messages.materialized():
                self._message_writer.refresh(state)

    def set_notes(self, notes: Mapping[str, MessageNote]) -> None:
        """Show notes below these messages, by id, and below no others."""
        with self.anchor.keep_position():
            for state in self.messages.set_notes(notes):
                self._message_writer.refresh(state)
        self.action_placer.place_again()

    # ------------------------------------------------------------------ assistive technology

    def make_accessible(self) -> AccessibleTranscript:
        """Create the interface by which assistive technology reads the messages as a list."""
        from desktop_app.transcript.accessibility.accessible_transcript import AccessibleTranscript

        self._accessible = AccessibleTranscript(self, self.messages)
        return self._accessible

    def _report_focus(self, message_id: str, item: int) -> None:
        if self._accessible is not None:
            self._accessible.report_focus(message_id, item)

    # ------------------------------------------------------------------ comparison

    @cached_property
    def differences(self) -> DifferenceMarks:
        """Return the marks of the words that the answers shown beside this one do not have."""
        from desktop_app.transcript.search.difference_marks import DifferenceMarks

        return DifferenceMarks(self, self.messages)

    # ------------------------------------------------------------------ theme

    def update_theme(self) -> None:
        self.set_theme(current_theme())

    def set_theme(self, theme: Theme) -> None:
        """Apply a theme, keeping the scroll position.

        If fallback fonts are in use, the theme is applied once they are loaded in its text size.
        """
        self._next_theme = theme
        self._fallbacks.set_fonts(Styles(theme).running_fonts())
        self._apply_next_theme()

    def _apply_next_theme(self) -> None:
        self._font_timer.stop()
        if self._fallbacks.load_for(_FONT_LOADING_S):
            self._restyle(self._next_theme)
        else:
            self._font_timer.start()

    def _restyle(self, theme: Theme) -> None:
        message_id, item = self.anchor.item_on_top()
        with self.anchor.keep_position():
            self._apply_theme(theme)
            self.images.set_theme(theme, self.devicePixelRatioF())
            self.action_placer.row.set_theme(theme)
            self.find_in_transcript.set_theme(theme)
            self._rewrite(message_id, item)
            self._set_margins()
        self.filler.fill_screen()
        self.latest_button.place(self.theme)
        self._link_target.set_theme(theme)
        self.action_placer.place_again()

    def _rewrite(self, message_id: str, item: int) -> None:
        """Rewrite the text on screen in the current theme, and the rest soon."""
        height = _REWRITTEN_SCREENS * self.viewport().height()
        styles = Styles(self.theme, is_brief=self._is_brief, wraps_code=self._wraps_code)
        with self.selection.keep():
            self.materializer.rewrite_screen(
                styles=styles,
                message_id=message_id,
                item=item,
                height=height,
                width=self._next_width,
            )
        self.action_placer.hide_if_gone()
        self.stream.queue_unwritten()
        self.navigator.load_more_soon()

    def wrap_code(self, wraps: bool) -> None:
        """Wrap long lines of code, or show them unwrapped with a horizontal scroll bar."""
        if wraps != self._wraps_code:
            self._wraps_code = wraps
            self.set_theme(self.theme)

    def _update_space_above(self) -> None:
        """Make room above the text for the find bar, keeping the scroll position."""
        self._space_above = self.find_in_transcript.needed_height
        with self.anchor.keep_position():
            self._set_margins()

    def _on_scrolled_sideways(self) -> None:
        if not self.anchor.is_position_kept:
            self.action_placer.place_again()

    # ------------------------------------------------------------------ size and mouse

    def event(self, event: QEvent) -> bool:
        """Set the margins before Qt lays out the viewport. Scroll if the wheel is over a margin."""
        if event.type() == QEvent.Type.Resize:
            with self.anchor.keep_position():
                if event.oldSize().width() != event.size().width():  # type: ignore[attr-defined]
                    self.filler.reduce_layout_cost()
                self._set_margins()
                is_handled = super().event(event)
            self.filler.fill_screen()
            return is_handled
        if event.type() == QEvent.Type.StyleChange:
            with self.anchor.keep_position():  # a new scroll bar width may reflow all lines
                self._set_margins()
                return super().event(event)
        if event.type() == QEvent.Type.Wheel:
            self.wheelEvent(event)  # type: ignore[arg-type]
            return True
        return super().event(event)

    def viewportEvent(self, event: QEvent) -> bool:
        """Show what an answer took in a tooltip over its footer."""
        if event.type() == QEvent.Type.ToolTip:
            position: QPoint = event.pos()  # type: ignore[attr-defined]
            cursor = self.cursorForPosition(position)
            line = self.cursorRect(cursor)
            line.setLeft(0)
            line.setRight(self.viewport().width())
            details = self._footer_details(cursor.blockNumber()) if line.contains(position) else ""
            if details:
                global_position = self.viewport().mapToGlobal(position)
                QToolTip.showText(global_position, tooltip_text(details), self.viewport(), line)
                return True
        return super().viewportEvent(event)

    def _footer_details(self, block: int) -> str:
        """Return what an answer took if a block is its footer, else ""."""
        place = self.messages.layouts.place_of(block)
        if place is None:
            return ""
        item = place.layout.items[place.item]
        state = self.messages.get(place.layout.key)
        if state is None or not isinstance(item, Line) or item.kind is not LineKind.FOOTER:
            return ""
        return "\n".join(detail_lines(state.message))

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Reflow the text and move the floating widgets."""
        super().resizeEvent(event)
        self.filler.fit_to_width()
        self.latest_button.place(self.theme)
        self.find_in_transcript.place()
        self._link_target.place()
        self.action_placer.place_again()
        self.focus_navigator.schedule_update()
        self.navigator.load_more_soon()

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Scroll, or with Ctrl change the text size by one step per step of the wheel."""
        if not event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self._wheel_steps.reset()
            super().wheelEvent(event)
            return
        steps = self._wheel_steps.add(event.angleDelta().y())
        for _ in range(abs(steps)):
            self.command_requested.emit("view.larger" if steps > 0 else "view.smaller")
        event.accept()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Record whether a Copy mark is pressed, and the content of a drag that may start here."""
        if event.button() == Qt.MouseButton.LeftButton:
            position = event.position().toPoint()
            self._is_copy_mark_pressed = self._mark_at(position) is not None
            if self.viewport().rect().contains(position):
                self.drags.press(position)
        super().mousePressEvent(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Drag an attachment or code, or show the actions of the message under the mouse."""
        is_held = event.buttons() & Qt.MouseButton.LeftButton
        if is_held and self.drags.move(event.position().toPoint()):
            return
        super().mouseMoveEvent(event)
        if event.buttons() and self.textCursor().hasSelection():
            # Otherwise the text would move while it is being selected.
            self.anchor.stop_following_stream()
        position = event.position().toPoint()
        viewport = self.viewport()
        hand = Qt.CursorShape.PointingHandCursor
        if self._mark_at(position):
            viewport.setCursor(hand)
        elif viewport.cursor().shape() is hand and not self.anchorAt(position):
            viewport.setCursor(Qt.CursorShape.IBeamCursor)
        state = self.messages.state_at_block(self.cursorForPosition(position).block())
        if state is not None and not event.buttons() and not self.action_placer.row.has_focus:
            self.action_placer.show_for(state)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Copy the code if its Copy mark is clicked; else let Qt follow a link at the position.

        From now on, follow arriving text only if the end of the conversation is on screen.
        """
        position = event.position().toPoint()
        self.drags.release()
        self.anchor.follow(self.anchor.is_at_end)
        # A selection may end at a mark.
        mark = self._mark_at(position) if self._is_copy_mark_pressed else None
        if mark is not None and event.button() == Qt.MouseButton.LeftButton:
            self.copies.copy_code_of_block(mark.head)
            return
        self._clicked_at = position
        super().mouseReleaseEvent(event)
        self._clicked_at = None

    def _on_link(self, url: QUrl) -> None:
        cursor = self.textCursor()
        if self._clicked_at is not None:
            cursor = self.cursorForPosition(self._clicked_at)
            self.setTextCursor(cursor)  # clears Qt's selection and frame
        self._links.follow(url, cursor.block())

    def leaveEvent(self, event: QEvent) -> None:
        """Show the last materialized message's actions again, unless the actions have the focus."""
        super().leaveEvent(event)
        if not self.action_placer.row.has_focus:
            self.action_placer.show_for_last()

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """Show the context menu for the selection and the message."""
        is_by_key = event.reason() == QContextMenuEvent.Reason.Keyboard
        focused = self.focus_navigator.focused_place() if is_by_key else None
        if focused is not None:  # a button of a message, or a link in it
            position = focused.rect.bottomLeft()
            menu = self.context_menu.menu_for(focused.block, focused.link)
        else:
            position = self.cursorRect().center() if is_by_key else event.pos()
            menu = self.context_menu.menu_at(position)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.popup(self.viewport().mapToGlobal(position))

    # ------------------------------------------------------------------ keyboard and clipboard

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Handle the keys of the transcript, and leave the others to Qt."""
        if event.key() == Qt.Key.Key_Escape and self.find_in_transcript.is_open:
            self.find_in_transcript.close()
            return
        if self._keys.handle(event):
            return
        former_position = self.textCursor().position()
        super().keyPressEvent(event)
        if self.textCursor().position() != former_position and not self.textCursor().atEnd():
            # The text at the caret stays in place, because a screen reader reads it.
            self.anchor.stop_following_stream()

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
        """Place the caret at the newest message, so that a screen reader can start there."""
        super().focusInEvent(event)
        self._keys.place_caret()

    def focusNextPrevChild(self, forward: bool) -> bool:
        """Move the focus to the next or previous message, or out of the transcript at its ends."""
        if not self._is_on_bar():
            if self.focus_navigator.focus_next_message(forward=forward):
                return True
            if not self.hasFocus():
                self.setFocus(Qt.FocusReason.OtherFocusReason)
        return super().focusNextPrevChild(forward)

    def _is_on_bar(self) -> bool:
        """Return True if the focus is on a widget over the viewport, such as the find bar.

        The buttons of messages are within the viewport.
        """
        focused: QWidget | None = self.focusWidget()  # PySide's stubs omit None
        if focused is None or focused is self:
            return False
        return self.isAncestorOf(focused) and not self.viewport().isAncestorOf(focused)

    def selectAll(self) -> None:
        """Select the whole conversation."""
        self.selection.select_all()

    def createMimeDataFromSelection(self) -> QMimeData:
        """Return the selection as HTML, Markdown and plain text; code only as plain text."""
        return self.copies.selection_data()

    def loadResource(self, kind: int, name: QUrl | str) -> QByteArray | QImage:
        """Return an image of a message, or an empty resource: nothing else is loaded."""
        return self.images.resource(name) or empty_resource(kind)
