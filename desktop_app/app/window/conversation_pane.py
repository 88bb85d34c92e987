"""The middle pane: header, transcript and prompt, or a page in their place.

In an empty conversation the prompt is vertically centered, with examples above it. The prompt and
the cards around it keep a readable width. The first paint shows only the header and the
prompt; `add_later_parts` adds the rest.

A page, such as that of spending, covers the conversation until Back, Esc, or something that shows
the conversation. The cards stay visible below it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QStackedWidget, QVBoxLayout, QWidget

from desktop_app.app.window.header import Header
from desktop_app.widgets.boxes import column_of
from desktop_app.widgets.look import theme as themes
from desktop_app.widgets.look.theme import current_theme
from desktop_app.widgets.text.foreign_text import spoken_text, window_title

if TYPE_CHECKING:
    from desktop_app.app.window.empty_state import EmptyState
    from desktop_app.app.window.inline_prompt import InlinePrompt
    from desktop_app.app.window.page_tabs import PageTabs
    from desktop_app.composer.prompt_editor import PromptEditor
    from desktop_app.transcript.view import TranscriptView
    from desktop_app.widgets.cards.card_area import CardArea
    from desktop_app.widgets.cards.notifications import Notifications

# Heights are in pixels at the default text size.
_TIGHT_HEIGHT: Final = 320
"""Below this height of the pane, the prompt is compact, and gaps are smaller."""
_LOW_HEIGHT: Final = 640
"""Below this height, what takes the transcript's place has at least half of it."""
_MIN_CARDS_HEIGHT: Final = 34
"""The least height of the cards: a line and a part of the next."""
FIRST_STOP: Final = "first-stop"
"""The property of a button of a card that gets the focus before those above it."""
_TAB: Final = Qt.FocusPolicy.TabFocus


class ConversationPane(QWidget):
    """The middle pane of the main window.

    Attributes:
        header, prompt: available from the start.
        transcript, notifications, cards: available after `add_later_parts`.
        tabs: those of the page that is shown; available after `set_transcript`.
        inline: shows the prompt at the question that is edited; None before `set_transcript`.
        pages: the pages that were shown.
        page: the page that is shown, None for the conversation.
        replacement: what is shown in place of the transcript in a narrow window, None for nothing.
    """

    transcript: TranscriptView
    notifications: Notifications
    cards: CardArea
    tabs: PageTabs

    def __init__(self, window: QWidget, header: Header, prompt: PromptEditor) -> None:
        super().__init__(window)
        self._empty_state: EmptyState | None = None
        self._tab_stops: list[QWidget] = []  # of the cards below the notifications
        self.header = header
        self.prompt = prompt
        self.page: QWidget | None = None
        self.replacement: QWidget | None = None
        self.pages = QStackedWidget()
        self.pages.hide()
        self._transcript = QWidget()  # placeholder until the transcript is created
        self._space_above = QWidget()
        self._space_below = QWidget()
        # Widgets of limited, readable width.
        self._text_column = QVBoxLayout()
        self._text_column.setSpacing(0)
        self._text_column.addWidget(prompt)
        # In an empty conversation, more space below puts the prompt slightly above the middle.
        self._column = column_of(
            header,
            (self.pages, 10),
            (self._space_above, 10),
            (self._transcript, 10),
            self._text_column,
            (self._space_below, 14),
            parent=self,
            margins=0,
            spacing=0,
        )
        self._is_empty = False
        self.inline: InlinePrompt | None = None
        self._edited_id = ""
        header.back_button.clicked.connect(self.close_page)
        self.update_theme()

    def add_cards(self, empty_state: EmptyState, notifications: Notifications) -> None:
        """Add the parts beside the prompt that the first paint does not show."""
        from desktop_app.widgets.cards.card_area import CardArea

        self.cards = CardArea()
        self._empty_state = empty_state
        self.notifications = notifications
        self._text_column.insertWidget(0, empty_state)
        self._text_column.insertWidget(1, self.cards)
        self.cards.add(notifications)
        self._text_column.addWidget(empty_state.key_line)
        # Assistive technology reads the parts in the order in which the window has them.
        for part in (empty_state, self.cards):
            part.stackUnder(self.prompt)
        self._arrange()

    def set_transcript(self, transcript: TranscriptView) -> None:
        """Add the transcript, once the cards were added, and the tabs of pages."""
        # Not needed for the first paint.
        from desktop_app.app.window.inline_prompt import InlinePrompt
        from desktop_app.app.window.page_tabs import PageTabs

        self.tabs = PageTabs()
        self._column.insertWidget(1, self.tabs)
        self.transcript = transcript
        self._column.replaceWidget(self._transcript, transcript)
        self._transcript.deleteLater()
        self._transcript = transcript
        assert self._empty_state is not None
        transcript.stackUnder(self._empty_state)
        transcript.setMinimumHeight(1)  # in a small window cards and the prompt come first
        self.inline = InlinePrompt(self, self.prompt, transcript)
        self._arrange()

    def add_above_prompt(self, widget: QWidget) -> None:
        """Insert a widget between the notifications and the prompt, also in the tab order."""
        # Not needed for the first paint.
        from desktop_app.widgets.forms.tab_order import order_tabs

        self.cards.add(widget)
        preceding = self._tab_stops[-1] if self._tab_stops else self.notifications.close_button
        parts = [
            part
            for part in widget.findChildren(QWidget)
            # The list of a drop-down list is in a window of its own.
            if part.focusPolicy() & _TAB and part.window() is self.window()
        ]
        order_tabs(preceding, parts)
        self._tab_stops += parts

    def remove_above_prompt(self, widget: QWidget) -> None:
        """Remove a widget that `add_above_prompt` inserted, and delete it."""
        self._tab_stops = [stop for stop in self._tab_stops if not widget.isAncestorOf(stop)]
        self.cards.remove(widget)

    def focus_cards(self, reason: Qt.FocusReason) -> None:
        """Focus the first stop of Tab, in a card the button that answers it; scroll to it."""
        stops = [
            stop
            for stop in (*self.notifications.tab_stops, *self._tab_stops)
            if stop.isVisible() and stop.isEnabled() and stop.focusPolicy() & _TAB
        ]
        stop = stops[0] if stops else None
        if stop not in self.notifications.tab_stops:
            stop = next((s for s in stops if s.property(FIRST_STOP)), stop)
        if stop is not None:
            stop.setFocus(reason)
            self.cards.ensureWidgetVisible(stop, 0, 0)

    def update_theme(self) -> None:
        self._arrange()

    def set_title(self, title: str) -> None:
        """Show the conversation's title, "" for none, also as that of the window."""
        self.header.set_title(title)
        # Qt adds the program's name.
        self.window().setWindowTitle(window_title(title or "Repartee"))

    def show_page(self, page: QWidget) -> None:
        """Show a page in place of the conversation, with its window title in the header."""
        area = page.property("area")
        if area is None:
            from desktop_app.widgets.windows import scroll_area_of

            group: Any = page  # it has the focus if none of its parts can have it
            group.accessible_role = "Grouping"  # before assistive technology asks
            page.setAccessibleName(spoken_text(page.windowTitle()))
            area = scroll_area_of(page)
            area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAsNeeded)
            page.setProperty("area", area)
            self.pages.addWidget(area)
        self.pages.setCurrentWidget(area)
        self._set_page(page)

    def close_page(self) -> None:
        """Show the conversation again, and focus the prompt."""
        if self.page is not None:
            self._set_page(None)
            self.prompt.focus_text()

    def _set_page(self, page: QWidget | None) -> None:
        self.page = page
        title = self.tabs.show_for(page)
        self.header.show_page(title or (page.windowTitle() if page is not None else ""))
        self._arrange()

    def replace_transcript(self, widget: QWidget | None) -> None:
        """Show a widget in place of the transcript, None for the transcript itself."""
        if widget is self.replacement:
            return
        if self.replacement is not None:
            self._column.removeWidget(self.replacement)
        self.replacement = widget
        if widget is not None:
            had_focus = widget.isAncestorOf(self.window().focusWidget())
            focused = widget.focusWidget() if had_focus else None
            self._column.insertWidget(self._column.indexOf(self._text_column), widget, 10)
            if focused is not None:
                focused.setFocus(Qt.FocusReason.OtherFocusReason)
        self._arrange()

    def focus_content(self) -> None:
        """Focus the page that is shown, else the prompt."""
        if self.page is None:
            self.prompt.focus_text()
        else:
            page, window = self.page, self.window()
            last_focused: QWidget | None = page.focusWidget()  # PySide's types forget None
            (last_focused or page).setFocus(Qt.FocusReason.OtherFocusReason)
            if window.focusWidget() is page:  # it says nothing to a screen reader
                page.focusNextChild()
                if not page.isAncestorOf(window.focusWidget()):
                    page.setFocus(Qt.FocusReason.OtherFocusReason)

    def edit_in_place(self, message_id: str) -> None:
        """Show the prompt at a question of the transcript; "" at the foot again."""
        self._edited_id = message_id
        self._arrange()

    def show_empty_state(self, is_shown: bool) -> None:
        """Center the prompt below the examples, or show the transcript above the prompt."""
        self._is_empty = is_shown
        self.prompt.set_keys_visible(not is_shown)
        self._arrange()

    def _arrange(self) -> None:
        """Show the parts that belong to a page, an empty conversation or messages."""
        has_page, replacement = self.page is not None, self.replacement
        is_empty = self._is_empty and replacement is None
        self.pages.setVisible(has_page)
        self.prompt.setVisible(not has_page)
        has_transcript = not is_empty and not has_page and replacement is None
        self._transcript.setVisible(has_transcript)
        self._place_prompt(self._edited_id if has_transcript else "")
        if replacement is not None:
            replacement.setVisible(not has_page)
        for widget in (self._empty_state, self._space_above, self._space_below):
            if widget is not None:
                widget.setVisible(is_empty and not has_page)
        self._set_margins()

    def _place_prompt(self, message_id: str) -> None:
        if self.inline is None or self.inline.message_id == message_id:
            return
        focused: QWidget | None = self.window().focusWidget()  # PySide's types forget None
        has_focus = focused is not None and self.prompt.isAncestorOf(focused)
        if has_focus and focused is not None:
            focused.clearFocus()  # else what is next has it meanwhile, and is read
        if self.inline.message_id:
            self.inline.end()
            self._text_column.insertWidget(2, self.prompt)
        if message_id:
            self.inline.begin(message_id)
        if has_focus and focused is not None:
            focused.setFocus(Qt.FocusReason.OtherFocusReason)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Adjust the margins, and hide optional parts if the height is small."""
        super().resizeEvent(event)
        self._set_margins()

    def event(self, event: QEvent) -> bool:
        """Hide optional parts again after any part changed its height."""
        if event.type() == QEvent.Type.LayoutRequest:
            self._hide_optional_parts()
        return super().event(event)

    def _hide_optional_parts(self) -> None:
        """Hide optional parts, and let the cards scroll, if the height is small.

        The height that the header and the prompt leave is for a line of the cards, the key line,
        the rest of the cards, the question and the examples, in this order.
        """
        px = current_theme().px
        self.prompt.set_compact(self.height() < px(_TIGHT_HEIGHT))
        self.prompt.chips.set_folded(self._is_low)
        if self._empty_state is None:
            return
        if self.page is not None:
            self.cards.set_room(self.height() // 3)
            self._empty_state.fit_key_line(self.width(), -1)
            return
        margins = self._text_column.contentsMargins()
        spacing = self._text_column.spacing()
        width = self.width() - margins.left() - margins.right()
        spare_height = self.height() - self.header.minimumHeight() - margins.bottom()
        if self.inline is None or not self.inline.message_id:
            prompt_height = self.prompt.heightForWidth(width)
            spare_height -= prompt_height if prompt_height >= 0 else self.prompt.sizeHint().height()
        cards_height = self.cards.needed_height
        min_cards_height = min(cards_height, px(_MIN_CARDS_HEIGHT)) + spacing if cards_height else 0
        room_of_key_line = -1 if self._is_low else spare_height - min_cards_height - spacing
        key_line_height = self._empty_state.fit_key_line(width, room_of_key_line)
        if self.replacement is not None and self._is_low:
            bars_height = self.replacement.minimumSizeHint().height()
            spare_height -= self.height() // 2 + bars_height
        if key_line_height:
            spare_height -= key_line_height + spacing
        if cards_height:
            spare_height -= spacing
            self.cards.set_room(max(spare_height, px(_MIN_CARDS_HEIGHT)))
            spare_height -= cards_height
        has_files = self.prompt.chips.count() > 0
        height = spare_height - spacing
        fits = self._empty_state.show_fitting_parts(width, height, has_files=has_files)
        self._empty_state.setVisible(fits and self._is_empty and self.replacement is None)

    @property
    def _is_low(self) -> bool:
        return self.replacement is not None and self.height() < current_theme().px(_LOW_HEIGHT)

    def _set_margins(self) -> None:
        px = current_theme().px
        side = max(px(themes.MARGIN), (self.width() - px(current_theme().max_line_width)) // 2)
        self._text_column.setContentsMargins(side, 0, side, px(6))
        is_empty = self._is_empty and self.replacement is None
        is_spacious = is_empty and self.height() >= px(_TIGHT_HEIGHT)
        spacing = px(20 if is_spacious else 4 if self._is_low else 8)
        self._text_column.setSpacing(spacing)
        if self._empty_state is not None:
            self.cards.set_spacing(spacing)
        self._column.activate()  # now, because the new width has already been applied
        self._hide_optional_parts()
