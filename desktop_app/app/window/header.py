"""The line above the transcript or a page: title, context meter, cost and buttons."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QRectF, Qt, Signal
from PySide6.QtGui import (
    QContextMenuEvent,
    QKeySequence,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QShortcut,
)
from PySide6.QtWidgets import QFrame, QToolButton, QWidget

from desktop_app.i18n.formatting import percent, tokens
from desktop_app.i18n.translation import tr
from desktop_app.widgets.boxes import margins_of, row_of
from desktop_app.widgets.buttons.dialog_button import HelpButton, MenuButton
from desktop_app.widgets.look import icons
from desktop_app.widgets.look.direction import among_window_words
from desktop_app.widgets.look.theme import current_theme, limit_size
from desktop_app.widgets.program_menu import ProgramMenu, add_commands
from desktop_app.widgets.text.foreign_text import (
    ElidedLabel,
    PlainLabel,
    PlainToolButton,
    one_line,
    set_tooltip,
    spoken_text,
)
from desktop_app.widgets.text.name_field import NameField

HEIGHT: Final = 46
_NEARLY_FULL: Final = 0.8
"""The share of the context from which the meter has the warning color."""
_MAX_PRESET_WIDTH: Final = 260
_MAX_FOLDER_CHARACTERS: Final = 24
_TITLE_COMMANDS: Final = (
    *("conversation.rename", "find.open", "conversation.copy", "conversation.export"),
    *("conversation.print", "conversation.move", "conversation.archive", "conversation.delete"),
)
_SHOWN_SHARE: Final = 0.5
"""The share of the context from which on its use is shown."""


class Header(QFrame):
    """The header of a conversation, or of the page that covers it.

    Signals:
        preset_menu_requested(QMenu): fill the menu with the presets.
        renamed(str): the user changed the title; it is not shown yet.
        edit_left(): the user ended editing the title by the keyboard.
    """

    preset_menu_requested = Signal(object)
    renamed = Signal(str)
    edit_left = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.list_button = _button("toggle-list", tr("Show or hide conversation list"))
        self.back_button = _button("close-page", tr("Back to conversation"))
        self.page_title = ElidedLabel(name="page-title", role="title")
        self.help_button = HelpButton()
        self.help_button.setObjectName("page-help")
        self.settings_button = _button("open-settings", tr("Settings"))
        self.temporary_icon = PlainLabel(name="temporary-sign")
        self.temporary_icon.setAccessibleName(tr("Temporary conversation"))
        self.temporary_icon.setToolTip(tr("Temporary conversation: not saved on this computer"))
        self.temporary_icon.hide()
        self.folder = PlainLabel(name="title-folder", role="dim")
        self.folder.hide()
        self.title = _TitleLabel(name="title", role="title")
        self.title_field = NameField(tr("Conversation title"), "title-field")
        self.title_field.hide()
        self.meter = ContextMeter()
        self.context = PlainLabel(role="note")
        self.preset = MenuButton(
            self.preset_menu_requested.emit, has_background=False, object_name="preset"
        )
        self.preset.hide()
        self._figures = row_of(self.meter, self.context)
        self._conversation = QWidget()
        title = ((self.title, 1), (self.title_field, 1))
        parts = (self.temporary_icon, self.folder, *title, self.preset, self._figures)
        row_of(*parts, parent=self._conversation, margins=0, spacing=2)
        self._line = row_of(
            self.list_button,
            self.back_button,
            (self.page_title, 1),
            self.help_button,
            (self._conversation, 1),
            self.settings_button,
            parent=self,
        )
        self.title.clicked.connect(self.edit_title)
        self.title_field.returnPressed.connect(self.edit_left)
        self.title_field.editingFinished.connect(self._end_edit)
        escape = QShortcut(QKeySequence(Qt.Key.Key_Escape), self.title_field, self._cancel_edit)
        escape.setContext(Qt.ShortcutContext.WidgetShortcut)
        self.show_page("")
        self.set_context(None, None)
        self.update_theme()

    def set_title(self, title: str) -> None:
        """Show the conversation's title, "" for none."""
        self.title.setText(title)

    def set_folder(self, name: str) -> None:
        """Show the project of the conversation before its title, "" for none."""
        shown = one_line(name, _MAX_FOLDER_CHARACTERS)
        self.folder.setText(f"{among_window_words(shown)} ›")  # the title follows the sign
        set_tooltip(self.folder, tr("Project: {name}", name=one_line(name)))
        self.folder.setAccessibleName(spoken_text(tr("Project: {name}", name=one_line(name))))
        self.folder.setVisible(bool(name))

    def edit_title(self) -> None:
        """Let the user edit the conversation's title, if it has one."""
        if self.title.text() and self.title.isVisible():
            self.title_field.set_name(self.title.text())
            self.title.hide()
            self.title_field.show()
            self.title_field.setFocus(Qt.FocusReason.OtherFocusReason)
            self.title_field.selectAll()

    def _cancel_edit(self) -> None:
        self.title_field.set_name(self.title.text())
        self.edit_left.emit()

    def _end_edit(self) -> None:
        if not self.title_field.isHidden():
            self.title_field.hide()
            self.title.show()
            if self.title_field.is_edited:
                self.renamed.emit(self.title_field.text())

    def show_page(self, title: str) -> None:
        """Show the title of a page with Back and Help, or with "" the conversation again."""
        self.page_title.setText(title)
        for widget in (self.back_button, self.page_title, self.help_button):
            widget.setVisible(bool(title))
        self._conversation.setVisible(not title)

    def set_context(self, used: int | None, limit: int | None) -> None:
        """Show the used tokens of the model's context, from half of the context on.

        None, or a limit of 0, hides the meter, too.
        """
        is_shown = bool(used is not None and limit and used >= limit * _SHOWN_SHARE)
        self.meter.setVisible(is_shown)
        self.context.setVisible(is_shown)
        if used is not None and limit:
            self.meter.set_share(used / limit)
            self.context.setText(tr("{used} of {limit}", used=tokens(used), limit=tokens(limit)))
            description = tr("{used} of {limit} tokens in context", used=used, limit=limit)
            set_tooltip(self.context, description)
            set_tooltip(self.meter, description)
            self.context.setAccessibleName(spoken_text(description))

    def set_cost(self, cost: str, note: str = "") -> None:
        """Set the cost of the conversation for the title's tooltip, "" for none, with a note."""
        text = tr("Cost of this conversation: {cost}", cost=cost) if cost else ""
        self.title.set_note("\n".join(filter(None, (text, note))))

    def set_preset(self, name: str, *, is_changed: bool) -> None:
        """Show the prompt whose settings are in use, "" for none.

        Args:
            is_changed: whether the settings have been changed since the prompt was applied.
        """
        text, description = name, tr("Prompt: {name}", name=one_line(name))
        if is_changed:
            text = tr("{name} · changed", name=name)
            description = tr("Prompt: {name} (changed)", name=one_line(name))
        self.preset.setText(text)
        self.preset.setAccessibleName(spoken_text(description))
        set_tooltip(self.preset, description)
        self.preset.setVisible(bool(name))

    def open_preset_menu(self) -> None:
        """Open the preset menu by keyboard, with its first entry active."""
        menu = self.preset.menu()
        anchor = self.preset if self.preset.isVisible() else self.settings_button
        menu.popup(anchor.mapToGlobal(anchor.rect().bottomLeft()))
        if menu.actions():
            menu.setActiveAction(menu.actions()[0])

    def set_temporary(self, is_temporary: bool) -> None:
        """Show or hide the sign of a temporary conversation."""
        self.temporary_icon.setVisible(is_temporary)

    def update_theme(self) -> None:
        theme = current_theme()
        px = theme.px
        self.setFixedHeight(px(HEIGHT))
        self._line.setSpacing(px(2))
        self._figures.setSpacing(px(8))
        self._line.setContentsMargins(*margins_of(px(12), 0, px(9), 0))
        for button, name in (
            (self.list_button, "panel-left"),
            (self.back_button, "chevron-left"),
            (self.settings_button, "settings"),
        ):
            icons.set_icon(button, name, theme.dim, px(20))
            limit_size(button, px(32), px(32))
        self.temporary_icon.setPixmap(icons.pixmap("lock", theme.dim, px(15)))
        self.temporary_icon.setContentsMargins(*margins_of(0, 0, px(6), 0))
        self.folder.setContentsMargins(*margins_of(0, 0, px(6), 0))
        self.preset.setMaximumWidth(px(_MAX_PRESET_WIDTH))


class ContextMeter(QWidget):
    """A ring that shows how much of the model's context is used."""

    def __init__(self) -> None:
        super().__init__()
        self.setAccessibleName(tr("Context used"))
        self._share = 0.0
        self.update_theme()

    def set_share(self, share: float) -> None:
        """Set the share from 0 to 1; values outside are clamped."""
        self._share = min(1.0, max(0.0, share))
        self.setAccessibleDescription(spoken_text(percent(round(self._share * 100))))
        self.update()

    def update_theme(self) -> None:
        theme = current_theme()
        self.setFixedSize(theme.px(16), theme.px(16))
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the ring, and its filled part clockwise from the top."""
        width = current_theme().px(2)
        rect = QRectF(self.rect()).adjusted(width / 2, width / 2, -width / 2, -width / 2)
        is_nearly_full = self._share >= _NEARLY_FULL
        with QPainter(self) as painter:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(QPen(current_theme().line, width))
            painter.drawEllipse(rect)
            pen = QPen(current_theme().warning if is_nearly_full else current_theme().accent, width)
            pen.setCapStyle(Qt.PenCapStyle.RoundCap)
            painter.setPen(pen)
            if self._share:
                painter.drawArc(rect, 90 * 16, -max(1, round(self._share * 360 * 16)))


class _TitleLabel(ElidedLabel):
    """The title, which a click edits; its menu has what is done with the conversation.

    Signals:
        clicked(): the label was clicked.
    """

    clicked = Signal()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self.clicked.emit()

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        menu = ProgramMenu(self)
        menu.setObjectName("title-menu")
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        add_commands(menu, *_TITLE_COMMANDS)
        menu.popup(event.globalPos())


def _button(name: str, label: str) -> QToolButton:
    button = PlainToolButton(name=name, role="quiet", label=label)
    button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    return button
