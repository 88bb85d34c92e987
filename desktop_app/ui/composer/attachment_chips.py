"""What will be sent along: a chip for each document or picture, with how far its reading has come.

A chip shows an icon or a small picture, or a ring while it is read; its name; what it amounts to;
a menu of what is sent of it; and a cross to take it away (Delete does the same). Pressed, it shows
what will be sent. Chips are updated in place: progress comes many times a second.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from PySide6.QtCore import QEvent, QPoint, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QPainter, QPen
from PySide6.QtWidgets import (
    QAbstractButton,
    QApplication,
    QFrame,
    QMenu,
    QScrollArea,
    QSizePolicy,
    QWidget,
)

from desktop_app.ui.look import painting
from desktop_app.ui.look.icons import icon
from desktop_app.ui.look.theme import set_role
from desktop_app.ui.widgets.flow_layout import FlowLayout, tab_through
from desktop_app.ui.widgets.foreign_text import (
    PlainToolButton,
    menu_text,
    one_line,
    set_tooltip,
    spoken_text,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PySide6.QtGui import QContextMenuEvent, QImage, QKeyEvent, QPaintEvent, QResizeEvent

    from desktop_app.ui.look.theme import Theme

CHIP_HEIGHT: Final = 46
WIDEST_CHIP: Final = 400
ROWS_SHOWN: Final = 2.5
THUMBNAIL: Final = 34


@dataclass(frozen=True)
class Chip:
    """An attachment as it is shown.

    Attributes:
        detail: what it amounts to ("52 pages · 33,907 tokens · 12 %"), what is being done, or
            why it failed.
        progress: 0 to 1 while it is read; None where that is not known.
        icon: name of a Lucide icon.
        about: what else there is to know, for the tooltip.
        picture: what it looks like, once that is known.
        details: of a picture or of pages that are, how closely they may be looked at: (value,
            label).
        chosen: the one of them that holds.
        actions: what else its menu offers: (key, label, whether it holds; None where it is no
            state).
        has_preview: what is sent of it can be looked at.
    """

    id: str
    name: str
    detail: str
    state: Literal["reading", "ready", "failed"]
    progress: float | None
    icon: str
    about: str = ""
    picture: QImage | None = None
    details: tuple[tuple[str, str], ...] = ()
    chosen: str = ""
    actions: tuple[tuple[str, str, bool | None], ...] = ()
    has_preview: bool = False


class _Face(QAbstractButton):
    """What of a chip is pressed to see what is sent: all but its other buttons. The chip paints it."""

    def __init__(self, chip: ChipWidget) -> None:
        super().__init__(chip)
        self._chip = chip
        self.setObjectName("preview-attachment")
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """An outline while it has the keyboard."""
        if self.hasFocus():
            painter = QPainter(self)
            painting.smooth(painter)
            theme = self._chip.theme
            painting.outline(painter, self.rect(), theme.accent, theme.px(10), 2)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter shows, Delete removes, the menu key and arrow down open the menu."""
        match event.key():
            case Qt.Key.Key_Return | Qt.Key.Key_Enter:
                self.click()
            case Qt.Key.Key_Delete | Qt.Key.Key_Backspace:
                self._chip.remove()
            case Qt.Key.Key_Menu | Qt.Key.Key_Down:
                self._chip.offer()
            case _:
                super().keyPressEvent(event)

    def contextMenuEvent(self, _event: QContextMenuEvent) -> None:
        """The right button opens the menu, too."""
        self._chip.offer()


class ChipWidget(QFrame):
    """One chip.

    Signals:
        remove_requested(str): the person takes the attachment of this id away.
        detail_requested(str, str): the picture of this id is to be looked at like that.
        preview_requested(str): what is sent of this one is to be shown.
        action_requested(str, str): this of its actions was chosen.
    """

    remove_requested = Signal(str)
    detail_requested = Signal(str, str)
    preview_requested = Signal(str)
    action_requested = Signal(str, str)

    def __init__(self, chip: Chip, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._chip = chip
        self._theme = theme
        set_role(self, "chip")
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._cross = PlainToolButton(self)
        set_role(self._cross, "quiet")
        self._cross.installEventFilter(self)
        self._cross.setObjectName("remove-attachment")
        self._cross.clicked.connect(self.remove)
        self._detail = PlainToolButton(self)
        set_role(self._detail, "quiet")
        self._detail.clicked.connect(self.offer)
        self._face = _Face(self)
        self._face.clicked.connect(lambda: self.preview_requested.emit(self._chip.id))
        self.set_theme(theme)
        self.set_chip(chip)

    def set_chip(self, chip: Chip) -> None:
        """Show the attachment as it is now."""
        if chip == self._chip and self.accessibleName():
            return
        self._chip = chip
        name, detail = one_line(chip.name), one_line(chip.detail)
        self.setAccessibleName(spoken_text(f"{name}, {detail}"))
        set_tooltip(self, "\n".join(line for line in (name, detail, chip.about) if line))
        self.setAccessibleDescription(spoken_text(chip.about))
        self._name_menu(chip)
        self._face.setAccessibleName(spoken_text(f"Preview of {name}: {detail}"))
        self._face.setAccessibleDescription(spoken_text(chip.about))
        self._face.setVisible(chip.has_preview)
        self._cross.setAccessibleName(spoken_text(f"Remove {name}"))
        set_tooltip(self._cross, "Stop reading" if chip.state == "reading" else "Remove")
        self._fit_face()
        self.updateGeometry()
        self.update()

    def _name_menu(self, chip: Chip) -> None:
        """Of a picture the menu is about its detail, and is called so."""
        chosen = dict(chip.details).get(chip.chosen, "")
        is_detail = bool(chip.details) and chip.icon == "image"
        self._detail.setObjectName("picture-detail" if is_detail else "attachment-options")
        name = one_line(chip.name)
        what = f"Detail of {name}: {chosen}" if is_detail else f"Options of {name}"
        self._detail.setAccessibleName(spoken_text(what))
        set_tooltip(self._detail, f"Detail: {chosen}" if is_detail else "What is sent of it")
        self._detail.setVisible(self._has_menu)

    @property
    def theme(self) -> Theme:
        """The theme that it is drawn with."""
        return self._theme

    @property
    def _has_menu(self) -> bool:
        return bool(self._chip.details or self._chip.actions)

    def remove(self) -> None:
        """Take the attachment away."""
        self.remove_requested.emit(self._chip.id)

    @property
    def stops(self) -> tuple[QWidget, ...]:
        """What Tab comes to, in this order."""
        return self._face, self._detail, self._cross

    def focus_face(self) -> None:
        """Give the keyboard to what shows the preview."""
        self._face.setFocus(Qt.FocusReason.OtherFocusReason)

    def set_theme(self, theme: Theme) -> None:
        """Draw with another theme."""
        self._theme = theme
        self._cross.setIcon(icon("x", theme.dim, theme.px(14)))
        self._cross.setIconSize(QSize(theme.px(14), theme.px(14)))
        self._detail.setIcon(icon("chevron-down", theme.dim, theme.px(14)))
        self._detail.setIconSize(QSize(theme.px(14), theme.px(14)))
        self.updateGeometry()
        self.update()

    def menu(self) -> QMenu:
        """What can be done with it; how closely it may be looked at, and what each costs."""
        menu = QMenu(self)
        for key, label, holds in self._chip.actions:
            action = menu.addAction(menu_text(label))
            action.setObjectName(key)
            action.setCheckable(holds is not None)
            action.setChecked(bool(holds))
            action.triggered.connect(
                lambda _=False, chosen=key: self.action_requested.emit(self._chip.id, chosen)
            )
        if self._chip.actions and self._chip.details:
            menu.addSeparator()
        from PySide6.QtGui import QActionGroup  # here and below: no part of the start

        group = QActionGroup(menu)
        for value, label in self._chip.details:
            action = menu.addAction(menu_text(label))
            action.setCheckable(True)
            action.setChecked(value == self._chip.chosen)
            group.addAction(action)
            action.triggered.connect(
                lambda _=False, chosen=value: self.detail_requested.emit(self._chip.id, chosen)
            )
        return menu

    def offer(self) -> None:
        """Open its menu."""
        if not self._has_menu:
            return
        menu = self.menu()
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.popup(self._detail.mapToGlobal(QPoint(0, self._detail.height())))

    def sizeHint(self) -> QSize:
        px = self._theme.px
        texts = max(
            painting.width_of(self._chip.name, self._theme.strong()),
            painting.width_of(self._chip.detail, self._theme.note()),
        )
        around = px(44) + self._text_left() + (px(24) if self._has_menu else 0)
        return QSize(min(texts + around, px(WIDEST_CHIP)), px(CHIP_HEIGHT))

    def _text_left(self) -> int:
        return self._theme.px(40 if self._chip.picture is None else 52)

    def minimumSizeHint(self) -> QSize:
        return QSize(self._theme.px(120), self._theme.px(CHIP_HEIGHT))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        cross = self._cross.sizeHint()
        left = self.width() - cross.width() - self._theme.px(3)
        top = (self.height() - cross.height()) // 2
        self._cross.setGeometry(QRect(QPoint(left, top), cross))
        self._detail.setGeometry(QRect(QPoint(left - cross.width(), top), cross))
        self._fit_face()

    def _fit_face(self) -> None:
        last = self._detail if self._has_menu else self._cross
        self._face.setGeometry(0, 0, last.x() - self._theme.px(1), self.height())

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        painter = QPainter(self)
        painting.smooth(painter)
        theme, px, chip = self._theme, self._theme.px, self._chip
        at = QRect(px(10), 0, px(24), self.height())
        if chip.state == "reading":
            self._paint_ring(painter, at)
        elif chip.state == "failed":
            painting.mark(painter, at, "triangle-alert", theme.error, px(20))
        elif chip.picture is not None:
            self._paint_thumbnail(painter, chip.picture)
        else:
            painting.mark(painter, at, chip.icon, theme.accent, px(20))
        left, last = self._text_left(), self._detail if self._has_menu else self._cross
        width = last.x() - left - px(2)
        middle = self.height() // 2
        upper = QRect(left, middle - px(18), width, px(18))
        lower = QRect(left, middle - px(1), width, px(18))
        # What tells files apart is as often the end of their names as the beginning.
        cut = Qt.TextElideMode.ElideMiddle
        painting.text(painter, upper, chip.name, theme.strong(), theme.text, cut)
        detail = theme.error if chip.state == "failed" else theme.dim
        painting.text(painter, lower, chip.detail, theme.note(), detail)

    def _paint_thumbnail(self, painter: QPainter, picture: QImage) -> None:
        """The middle of the picture, as a square with round corners."""
        px, side = self._theme.px, min(picture.width(), picture.height())
        box = QRect(px(8), (self.height() - px(THUMBNAIL)) // 2, px(THUMBNAIL), px(THUMBNAIL))
        middle = QRect(0, 0, side, side)
        middle.moveCenter(picture.rect().center())
        from PySide6.QtGui import QPainterPath

        corners = QPainterPath()
        corners.addRoundedRect(QRectF(box), px(6), px(6))
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.setClipPath(corners)
        painter.drawImage(box, picture, middle)
        painter.restore()

    def _paint_ring(self, painter: QPainter, at: QRect) -> None:
        side, theme = self._theme.px(18), self._theme
        ring = QRectF(0, 0, side, side)
        ring.moveCenter(QRectF(at).center())
        painter.setPen(QPen(theme.line, theme.px(3)))
        painter.drawEllipse(ring)
        # Not known how much there is: a quarter, which stands still (no timer while idle).
        share = 0.25 if self._chip.progress is None else min(1.0, max(0.02, self._chip.progress))
        pen = QPen(theme.accent, theme.px(3))
        pen.setCapStyle(Qt.PenCapStyle.RoundCap)
        painter.setPen(pen)
        painter.drawArc(ring, 90 * 16, round(-360 * 16 * share))

    def eventFilter(self, watched: object, event: QEvent) -> bool:
        """Delete and Backspace on the cross remove, too."""
        if event.type() == QEvent.Type.KeyPress:
            press: QKeyEvent = event  # type: ignore[assignment]
            if press.key() in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace):
                self.remove_requested.emit(self._chip.id)
                return True
        return False


class AttachmentChips(QScrollArea):
    """All chips, in as many rows as they need; beyond two and a half rows they scroll.

    Signals:
        remove_requested(str): the person takes the attachment of this id away.
        detail_requested(str, str): the picture of this id is to be looked at like that.
        preview_requested(str), action_requested(str, str): as of a ChipWidget.
    """

    remove_requested = Signal(str)
    detail_requested = Signal(str, str)
    preview_requested = Signal(str)
    action_requested = Signal(str, str)

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._widgets: dict[str, ChipWidget] = {}
        self.setObjectName("attachments")
        self.setAccessibleName("Attachments")
        self.setFrameShape(QFrame.Shape.NoFrame)
        # Asked for a viewport that Qt made, PySide looks through all its widget classes: 15 ms.
        ground = QWidget()
        self.setViewport(ground)
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        inner = self._ground = QWidget()
        self._flow = FlowLayout(inner, theme.px(8))
        self.setWidget(inner)
        for surface in (ground, inner):
            surface.setAutoFillBackground(False)
        self.hide()

    def set_chips(self, chips: Sequence[Chip]) -> None:
        """Show these, in this order."""
        wanted = {chip.id for chip in chips}
        new = wanted - self._widgets.keys()
        for chip_id in [key for key in self._widgets if key not in wanted]:
            widget = self._widgets.pop(chip_id)
            self._flow.removeWidget(widget)
            widget.hide()  # now: deletion waits for the event loop
            widget.deleteLater()
        for chip in chips:
            if chip.id in self._widgets:
                self._widgets[chip.id].set_chip(chip)
            else:
                self._add(chip)
        if new:
            tab_through(self._ground, [stop for w in self._widgets.values() for stop in w.stops])
        self.setVisible(bool(chips))
        self._fit()

    def count(self) -> int:
        """How many there are."""
        return len(self._widgets)

    @property
    def focused(self) -> str:
        """The id of the chip that has the keyboard, "" where none has."""
        at = QApplication.focusWidget()
        return next((id_ for id_, w in self._widgets.items() if at and w.isAncestorOf(at)), "")

    def focus(self, chip_id: str) -> None:
        """Give the keyboard to a chip, where it is still there."""
        if chip_id in self._widgets:
            self._widgets[chip_id].focus_face()

    def _add(self, chip: Chip) -> None:
        widget = ChipWidget(chip, self._theme)
        widget.remove_requested.connect(self.remove_requested)
        widget.detail_requested.connect(self.detail_requested)
        widget.preview_requested.connect(self.preview_requested)
        widget.action_requested.connect(self.action_requested)
        self._flow.addWidget(widget)
        widget.show()  # now: the layout does it in the next turn of the event loop
        self._widgets[chip.id] = widget

    def set_theme(self, theme: Theme) -> None:
        """Draw with another theme."""
        self._theme = theme
        self._flow.set_gap(theme.px(8))
        for widget in self._widgets.values():
            widget.set_theme(theme)
        self._fit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        """As high as the rows, up to the limit."""
        needed = self._flow.heightForWidth(self.viewport().width())
        limit = round(self._theme.px(CHIP_HEIGHT + 8) * ROWS_SHOWN)
        if self.height() != min(needed, limit):
            self.setFixedHeight(min(needed, limit))
