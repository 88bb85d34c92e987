"""Follows the links of one view: actions, citations, footnotes and addresses."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QUrl, Signal
from PySide6.QtGui import QCursor

from desktop_app.markdown.parsing.citations import is_citation
from desktop_app.markdown.parsing.footnote_links import is_note_link
from desktop_app.transcript.citation_sources import citation_tooltip
from desktop_app.transcript.keyboard.focus_targets import COPY_CODE
from desktop_app.transcript.keyboard.footnote_jumps import FootnoteJumps
from desktop_app.transcript.message_items import ACTION
from desktop_app.widgets.external_open import open_link
from desktop_app.widgets.text.foreign_text import set_tooltip

if TYPE_CHECKING:
    from PySide6.QtGui import QTextBlock
    from PySide6.QtWidgets import QTextBrowser

    from desktop_app.transcript.document.item_materializer import ItemMaterializer
    from desktop_app.transcript.keyboard.focus_navigator import FocusNavigator
    from desktop_app.transcript.message_commands import MessageCommands
    from desktop_app.transcript.selection.copy_actions import CopyActions
    from desktop_app.transcript.transcript_messages import TranscriptMessages
    from desktop_app.transcript.viewport.scroll_anchor import ScrollAnchor


class LinkHandler(QObject):
    """The handling of links: clicks, Enter, and the pointer above them.

    Signals:
        passage_requested(Passage): show a cited passage.
    """

    passage_requested = Signal(object)

    def __init__(
        self,
        view: QTextBrowser,
        messages: TranscriptMessages,
        item_materializer: ItemMaterializer,
        anchor: ScrollAnchor,
        focus: FocusNavigator,
        commands: MessageCommands,
        copies: CopyActions,
    ) -> None:
        super().__init__(view)
        self._view = view
        self._messages = messages
        self._anchor = anchor
        self._focus = focus
        self._commands = commands
        self._copies = copies
        self._jumps = FootnoteJumps(messages.layouts, item_materializer)
        focus.target_activated.connect(self.activate)
        view.highlighted.connect(self._on_hovered)

    def activate(self, link: str, position: int) -> None:
        """Follow a link at a document position; for `COPY_CODE`, copy the code there."""
        block = self._view.document().findBlock(position)
        if link == COPY_CODE:
            self._copies.copy_code_of_block(block.blockNumber())
            return
        self.follow(QUrl(link), block)
        self._focus.scroll_to_focused()  # unfolded text may have pushed it off screen

    def follow(self, url: QUrl, block: QTextBlock) -> None:
        """Follow a link in a block of the document."""
        target = url.toString()
        state = self._messages.state_at_block(block)
        if target.startswith(ACTION):
            if state is not None:
                self._commands.run(state.message.id, target.removeprefix(ACTION))
        elif is_citation(target):
            passage = self._messages.cited_passage(state, target)
            if passage is not None:
                self.passage_requested.emit(passage)
        elif is_note_link(target):
            self._follow_footnote_link(target, block)
        else:
            open_link(url)

    def _follow_footnote_link(self, target: str, block: QTextBlock) -> None:
        """Focus the definition of a footnote, or the reference to it."""
        other_end = self._jumps.find(target, block, self._view.viewport().height())
        if other_end is not None:
            self._anchor.stop_following_stream()
            self._focus.focus_target(other_end)

    def _on_hovered(self, url: QUrl) -> None:
        target = url.toString(QUrl.ComponentFormattingOption.FullyEncoded)
        if is_citation(target):
            self._show_passage_hint(target)
            return
        is_internal = target.startswith(ACTION) or is_note_link(target)
        set_tooltip(self._view.viewport(), "" if is_internal else target.replace("<", "%3C"))

    def _show_passage_hint(self, target: str) -> None:
        """Show the tooltip of a citation under the mouse."""
        position = self._view.viewport().mapFromGlobal(QCursor.pos())
        state = self._messages.state_at_block(self._view.cursorForPosition(position).block())
        passage = self._messages.cited_passage(state, target)
        if passage is not None:
            set_tooltip(self._view.viewport(), citation_tooltip(passage))
