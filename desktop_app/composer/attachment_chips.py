"""Chips for the attachments of the prompt, with the progress of reading each.

A chip shows an icon or a thumbnail, its name, its summary, and a bar while it is read. Its menu
selects what is sent, and a cross (or Delete) removes it. Clicking the chip previews what
will be sent. Chips are updated in place, because progress arrives many times a second.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Final, Literal, NamedTuple

from PySide6.QtCore import QPoint, QRect, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QActionGroup, QContextMenuEvent, QImage, QKeyEvent, QPixmap, QResizeEvent
from PySide6.QtWidgets import (
    QApplication,
    QFrame,
    QMenu,
    QProgressBar,
    QScrollArea,
    QSizePolicy,
    QWidget,
)

from desktop_app.domain.value import Value
from desktop_app.i18n.translation import tr
from desktop_app.widgets.boxes import SPRING, FlowLayout, column_of, row_of
from desktop_app.widgets.forms.tab_order import mark_deleting, order_children
from desktop_app.widgets.look import painting
from desktop_app.widgets.look.icons import pixmap, set_icon
from desktop_app.widgets.look.theme import current_theme, set_role
from desktop_app.widgets.program_menu import ProgramMenu, add_choice
from desktop_app.widgets.text.foreign_text import (
    ElidedLabel,
    PlainButton,
    PlainLabel,
    PlainToolButton,
    menu_text,
    one_line,
    set_tooltip,
    spoken_text,
)

# In pixels at the default text size (see `Theme.px`).
_CHIP_HEIGHT: Final = 46
_MAX_CHIP_WIDTH: Final = 400
_SPACING: Final = 8
_THUMBNAIL_SIZE: Final = 34

_MAX_ROWS: Final = 2.5  # the half row shows that there are more
_CHIPS_PER_STEP: Final = 8  # a new chip takes a millisecond


PREVIEW_ACTION: Final = "preview"
REMOVE_ACTION: Final = "remove"
DETAIL_ACTION: Final = "detail-"


class ChipAction(NamedTuple):
    """An entry in a chip's menu; `is_checked` is None if the entry has no check mark."""

    key: str
    label: str
    is_checked: bool | None = None


class Chip(Value, frozen=True):
    """An attachment as shown by a chip.

    Attributes:
        summary: its size ("52 pages"), the present step, or a failure.
        state: "large" if the model cannot take it as a whole.
        progress: 0 to 1 while the file is read; None if unknown, or once the file is read.
        icon: name of a Lucide icon.
        tooltip: further information.
        thumbnail: the image in small, once it is known.
        detail_levels: the choices for an image, or for a document with images of pages, each with
            its value and its label.
        detail_level: the value of the selected detail level.
        actions: the other entries of the menu.
        has_preview: whether the content to send can be previewed.
        is_fixed: whether it has no cross.
        is_attachment: False if the folder or the text beside the conversation adds it.
    """

    id: str
    name: str
    summary: str
    state: Literal["reading", "ready", "large", "failed"]
    progress: float | None
    icon: str
    tooltip: str = ""
    thumbnail: QImage | None = None
    detail_levels: tuple[tuple[str, str], ...] = ()
    detail_level: str = ""
    actions: tuple[ChipAction, ...] = ()
    has_preview: bool = False
    is_fixed: bool = False
    is_attachment: bool = True


class ChipWidget(PlainButton):
    """The button that shows a `Chip` and previews it, with its menu and its cross.

    Its signals are those of the chips.
    """

    def __init__(self, chip: Chip, chips: AttachmentChips) -> None:
        super().__init__(name="preview-attachment", role="chip")
        self._chip = chip
        self._chips = chips
        self.clicked.connect(
            lambda: (
                chips.action_requested.emit(self._chip.id, PREVIEW_ACTION)
                if self._chip.has_preview
                else None
            )
        )
        self._icon = PlainLabel()
        # File names often differ only at the end.
        self._name = ElidedLabel(role="strong", elide_mode=Qt.TextElideMode.ElideMiddle)
        self._summary = ElidedLabel()
        self._bar = QProgressBar(textVisible=False)
        self._remove_button = PlainToolButton(self, name="remove-attachment", role="quiet")
        mark_deleting(self._remove_button)
        self._remove_button.clicked.connect(self._remove)
        self._menu_button = PlainToolButton(self, role="quiet")
        self._menu_button.clicked.connect(self.open_menu)
        for button in (self._remove_button, self._menu_button):
            button.setCursor(Qt.CursorShape.ArrowCursor)
        for part in (self._icon, self._name, self._summary, self._bar):
            part.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        texts = column_of(SPRING, self._name, self._summary, self._bar, SPRING, spacing=0)
        parts = (self._icon, (texts, 1), self._menu_button, self._remove_button)
        row_of(*parts, parent=self, margins=(10, 0, 3, 0), spacing=6)
        self.set_chip(chip)

    def set_chip(self, chip: Chip) -> None:
        if chip == self._chip and self.accessibleName():  # it is shown already
            return
        self._chip = chip
        name, summary = one_line(chip.name), one_line(chip.summary)
        self._name.setText(name)
        self._summary.setText(summary)
        self._summary.setVisible(bool(summary))
        self._bar.setVisible(chip.state == "reading")
        self._bar.setValue(round(100 * (chip.progress or 0)))
        self.setAccessibleName(spoken_text(", ".join(filter(None, (name, summary)))))
        set_tooltip(self, "\n".join(line for line in (name, summary, chip.tooltip) if line))
        self.setAccessibleDescription(spoken_text(chip.tooltip))
        self._name_menu()
        self._remove_button.setVisible(not chip.is_fixed)
        cursor, focus = Qt.CursorShape.ArrowCursor, Qt.FocusPolicy.NoFocus
        if chip.has_preview:
            cursor, focus = Qt.CursorShape.PointingHandCursor, Qt.FocusPolicy.TabFocus
        self.setCursor(cursor)
        self.setFocusPolicy(focus)
        self._remove_button.setAccessibleName(spoken_text(tr("Remove {name}", name=name)))
        is_reading = chip.state == "reading"
        set_tooltip(self._remove_button, tr("Stop reading") if is_reading else tr("Remove"))
        self.update_theme()

    def _name_menu(self) -> None:
        """Name the menu button after its menu: the detail of an image, otherwise options."""
        chip = self._chip
        level = dict(chip.detail_levels).get(chip.detail_level, "")
        # A document with images of pages has detail levels, too, but among other entries.
        is_detail = bool(chip.detail_levels) and chip.icon == "image"
        self._menu_button.setObjectName("picture-detail" if is_detail else "attachment-options")
        name = one_line(chip.name)
        if is_detail:
            spoken = tr("Image detail of {name}: {level}", name=name, level=level)
            hint = tr("Image detail: {level}", level=level)
        else:
            spoken = tr("Options for {name}", name=name)
            hint = tr("Choose what is sent")
        self._menu_button.setAccessibleName(spoken_text(spoken))
        set_tooltip(self._menu_button, hint)
        self._menu_button.setVisible(self._has_menu)

    @property
    def _has_menu(self) -> bool:
        return bool(self._chip.detail_levels or self._chip.actions)

    def _remove(self) -> None:
        self._chips.action_requested.emit(self._chip.id, REMOVE_ACTION)

    @property
    def tab_stops(self) -> tuple[QWidget, ...]:
        """Return the widgets that Tab visits, in order."""
        return self, self._menu_button, self._remove_button

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Preview on Enter, remove on Delete, open the menu on the menu key or arrow down.

        The buttons pass the keys on that they do not handle.
        """
        match event.key():
            case Qt.Key.Key_Delete | Qt.Key.Key_Backspace:
                self._remove()
            case Qt.Key.Key_Menu | Qt.Key.Key_Down:
                self.open_menu()
            case _:
                super().keyPressEvent(event)

    def contextMenuEvent(self, _event: QContextMenuEvent) -> None:
        self.open_menu()

    def update_theme(self) -> None:
        """Show the icon or the thumbnail, and the colors of the state."""
        theme, chip = current_theme(), self._chip
        set_icon(self._remove_button, "x", theme.dim, theme.px(14))
        set_icon(self._menu_button, "chevron-down", theme.dim, theme.px(14))
        self._bar.setFixedHeight(theme.px(3))
        roles = {"failed": "error", "large": "warning-note"}
        set_role(self._summary, roles.get(chip.state, "note"))
        if chip.thumbnail is not None and chip.state == "ready":
            self._icon.setPixmap(_square(chip.thumbnail, theme.px(_THUMBNAIL_SIZE)))
        elif chip.state == "failed":
            self._icon.setPixmap(pixmap("triangle-alert", theme.error, theme.px(20)))
        else:
            color = {"large": theme.warning, "reading": theme.dim}.get(chip.state, theme.accent)
            self._icon.setPixmap(pixmap(chip.icon, color, theme.px(20)))
        self.updateGeometry()

    def menu(self) -> QMenu:
        """Return a new menu with the actions and the detail levels."""
        menu = ProgramMenu(self)
        for chip_action in self._chip.actions:
            action = menu.addAction(menu_text(chip_action.label))
            action.setObjectName(chip_action.key)
            action.setCheckable(chip_action.is_checked is not None)
            action.setChecked(bool(chip_action.is_checked))
            choose = partial(self._chips.action_requested.emit, self._chip.id, chip_action.key)
            action.triggered.connect(lambda *_, choose=choose: choose())
        if self._chip.actions and self._chip.detail_levels:
            menu.addSeparator()
        group = QActionGroup(menu)
        for value, label in self._chip.detail_levels:
            choose = partial(
                self._chips.action_requested.emit, self._chip.id, DETAIL_ACTION + value
            )
            action = add_choice(menu, label, value == self._chip.detail_level, choose)
            group.addAction(action)
        return menu

    def open_menu(self) -> None:
        """Open the menu, if it has entries."""
        if not self._has_menu:
            return
        menu = self.menu()
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.popup(self._menu_button.mapToGlobal(QPoint(0, self._menu_button.height())))

    def sizeHint(self) -> QSize:
        px = current_theme().px
        widest_text = max(
            painting.text_width(self._chip.name, current_theme().strong()),
            painting.text_width(self._chip.summary, current_theme().note()),
        )
        width = widest_text + self._icon.sizeHint().width() + px(55 + 33 * self._has_menu)
        return QSize(min(width, px(_MAX_CHIP_WIDTH)), px(_CHIP_HEIGHT))

    def minimumSizeHint(self) -> QSize:
        return QSize(current_theme().px(120), current_theme().px(_CHIP_HEIGHT))


def _square(image: QImage, side: int) -> QPixmap:
    """Return the center of an image in the size of a thumbnail."""
    length = min(image.width(), image.height())
    center = QRect(0, 0, length, length)
    center.moveCenter(image.rect().center())
    smooth = Qt.TransformationMode.SmoothTransformation
    return QPixmap.fromImage(image.copy(center)).scaled(side, side, mode=smooth)


class AttachmentChips(QScrollArea):
    """All chips, wrapped into rows; beyond two and a half rows they scroll.

    Signals:
        action_requested(str, str): the attachment's id, and the key of an entry of its menu,
            REMOVE_ACTION, PREVIEW_ACTION, or DETAIL_ACTION with a detail level.
        changed(): the chips were set; the surroundings may need another size.
    """

    action_requested = Signal(str, str)
    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._is_compact = self._is_folded = False
        self._widgets: dict[str, ChipWidget] = {}
        self._chips: Sequence[Chip] = ()
        self._timer = QTimer(self, singleShot=True, interval=0)
        self._timer.timeout.connect(lambda: self.set_chips(self._chips))
        self.setObjectName("attachments")
        self.setAccessibleName(tr("Attachments"))
        self.setFrameShape(QFrame.Shape.NoFrame)
        # The viewport is created here, because PySide takes 15 ms to wrap a viewport
        # created by Qt.
        viewport = QWidget()
        self.setViewport(viewport)
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        content = QWidget()
        self._content = content
        self._flow = FlowLayout(parent=content, spacing=_SPACING)
        self.setWidget(content)
        for surface in (viewport, content):
            surface.setAutoFillBackground(False)
        self.hide()
        self._fit()

    def set_chips(self, chips: Sequence[Chip]) -> None:
        """Show these chips, in this order; many new chips appear in several steps.

        A chip that is added below others scrolls into view.
        """
        if not chips and not self._chips:
            return
        known_ids = {chip.id for chip in self._chips}
        self._chips = chips
        new_ids = dict.fromkeys(chip.id for chip in chips if chip.id not in self._widgets)
        later_ids = set(list(new_ids)[_CHIPS_PER_STEP:])
        if later_ids:
            chips = [chip for chip in chips if chip.id not in later_ids]
            self._timer.start()  # the next step sets all chips again
        chip_ids = list(dict.fromkeys(chip.id for chip in chips))
        for chip_id in [key for key in self._widgets if key not in chip_ids]:
            widget = self._widgets.pop(chip_id)
            self._flow.removeWidget(widget)
            widget.hide()  # now, because deletion waits for the event loop
            widget.deleteLater()
        has_new_order = [key for key in self._widgets if key in chip_ids] != chip_ids
        for chip in chips:
            if chip.id in self._widgets:
                self._widgets[chip.id].set_chip(chip)
            else:
                self._widgets[chip.id] = ChipWidget(chip, self)
        if has_new_order:
            self._widgets = {chip_id: self._widgets[chip_id] for chip_id in chip_ids}
            for widget in self._widgets.values():
                self._flow.removeWidget(widget)
                self._flow.addWidget(widget)
                widget.raise_()  # the order of children is the one of assistive technology
                widget.show()  # now, because the layout does it in the next turn of the event loop
            stops = [stop for widget in self._widgets.values() for stop in widget.tab_stops]
            order_children(self._content, stops)
        self._show_or_hide()
        self._fit()
        self.changed.emit()
        # Not if all chips are new, as in another conversation.
        if chips and chips[-1].id not in known_ids and not known_ids.isdisjoint(chip_ids):
            # Later, because the rows are laid out in the next turn of the event loop.
            last = self._widgets[chips[-1].id]
            QTimer.singleShot(0, last, lambda: self.ensureWidgetVisible(last, 0, 0))

    @property
    def has_attachments(self) -> bool:
        """Return True if the message has attachments of its own."""
        return any(chip.is_attachment for chip in self._chips)

    def set_folded(self, is_folded: bool) -> None:
        """Hide the chips of what is not attached, such as the open text, unless others are."""
        if is_folded != self._is_folded:
            self._is_folded = is_folded
            self._show_or_hide()
            self.changed.emit()

    def _show_or_hide(self) -> None:
        self.setVisible(self.has_attachments if self._is_folded else bool(self._chips))

    def set_compact(self, is_compact: bool) -> None:
        """Show fewer rows if there is little room."""
        if is_compact != self._is_compact:
            self._is_compact = is_compact
            self._fit()

    def count(self) -> int:
        """Return the number of chips shown; further ones may appear in later steps."""
        return len(self._widgets)

    @property
    def focused_chip_id(self) -> str:
        """Return the id of the chip with the keyboard focus, "" for none."""
        focused = QApplication.focusWidget()
        if focused is None:
            return ""
        widgets = self._widgets.items()
        return next((i for i, w in widgets if w is focused or w.isAncestorOf(focused)), "")

    def focus_chip(self, chip_id: str) -> None:
        if chip_id in self._widgets:
            self._widgets[chip_id].setFocus(Qt.FocusReason.OtherFocusReason)

    def update_theme(self) -> None:
        self._fit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        """Set the height that the rows need, up to the limit."""
        needed = self._flow.heightForWidth(self.viewport().width())
        px = current_theme().px
        limit = round(px(_CHIP_HEIGHT + _SPACING) * _MAX_ROWS)
        if self._is_compact:
            limit = px(_CHIP_HEIGHT)  # a single row
        if self.height() != min(needed, limit):
            self.setFixedHeight(min(needed, limit))
