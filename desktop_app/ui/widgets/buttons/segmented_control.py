"""A control that shows a few options side by side, of which the user chooses one.

The segments are a group of exclusive buttons: Tab stops at the group only once, and the arrow keys
move within the group. Left and Right go through all rows; without the code for this, Qt would stop
at the edge of each row.
"""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QFocusEvent, QFont, QKeyEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QButtonGroup, QFrame, QGridLayout, QPushButton, QSizePolicy

from desktop_app.ui.look import painting
from desktop_app.ui.look.theme import RADIUS, ROW_HEIGHT, current_theme, set_role
from desktop_app.ui.widgets.accessibility.role_names import GROUP, RADIO, TAB, TABS
from desktop_app.ui.widgets.buttons.hint_button import PaintedButton
from desktop_app.ui.widgets.text.foreign_text import marked_text, spoken_text


class Segment(PaintedButton):
    """A button as wide as its bold text, so that checking it moves nothing.

    Signals:
        step_requested(int): go to the next (+1) or previous (-1) segment.
    """

    step_requested = Signal(int)

    def __init__(self, label: str, padding: int, role: str, *, is_small: bool) -> None:
        super().__init__()
        self.accessible_role = role  # before setText, which makes Qt ask for the role
        self.setText(label)
        self._is_small = is_small
        self._padding = padding
        self._has_ring = False
        self.setCheckable(True)
        # Otherwise Enter in another field of the dialog would choose this segment.
        self.setAutoDefault(False)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)

    def _font(self, *, bold: bool) -> QFont:
        if not self._is_small:
            return current_theme().strong() if bold else current_theme().interface()
        font = current_theme().note()
        font.setWeight(QFont.Weight.DemiBold if bold else QFont.Weight.Normal)
        return font

    def sizeHint(self) -> QSize:
        text = painting.text_width(self.text(), self._font(bold=True))
        return QSize(text + 2 * current_theme().px(self._padding), current_theme().px(ROW_HEIGHT))

    def minimumSizeHint(self) -> QSize:
        text = painting.text_width(self.text(), self._font(bold=True))
        return QSize(text, current_theme().px(ROW_HEIGHT))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Go to the segment before or after this one on Left and Right."""
        step = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}.get(Qt.Key(event.key()), 0)
        if step and self.isRightToLeft():
            step = -step
        if step:
            self.step_requested.emit(step)
        else:
            super().keyPressEvent(event)

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self._has_ring = painting.needs_ring(event, self._has_ring)

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painting.antialias(painter)
        theme = current_theme()
        inset = theme.px(2)
        inner = self.rect().adjusted(inset, inset, -inset, -inset)
        radius = theme.px(RADIUS - 2)
        if self.isChecked():
            background = theme.ground if theme.is_dark else theme.card
            painting.fill_background(painter, inner, background, radius)
        if self.hasFocus() and self._has_ring:
            painting.draw_outline(painter, inner, theme.accent, radius, width=2)
        if not self.isEnabled():
            color = theme.faint
        elif self.isChecked() or self.underMouse():
            color = theme.text
        else:
            color = theme.dim
        painter.setPen(color)
        painter.setFont(self._font(bold=self.isChecked()))
        flags = painting.CENTER.value | painting.MNEMONIC
        painter.drawText(self.rect(), flags, marked_text(self))


class SegmentedControl(QFrame):
    """Exclusive segments in one or more rows (see the module's docstring).

    Signals:
        chosen(str): the user chose the option with this key.
    """

    chosen = Signal(str)

    def __init__(
        self,
        options: Sequence[tuple[str, str]],
        *,
        name: str = "",
        padding: int = 16,
        is_small: bool = False,
        columns: int = 0,
        is_tabs: bool = False,
    ) -> None:
        """Create the segments; `options` are pairs of key and label.

        Args:
            name: the accessible name of the group.
            padding: pixels beside each label, at the default text size.
            is_small: use the smaller font, for many options.
            columns: the options in a row; 0 for a single row.
            is_tabs: True if the options are pages, False if they are values.
        """
        super().__init__()
        set_role(self, "segments")
        self.accessible_role = TABS if is_tabs else GROUP
        role = TAB if is_tabs else RADIO
        self.setAccessibleName(spoken_text(name))
        self._group = QButtonGroup(self)
        self._columns = columns or len(options)
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setSpacing(0)
        self._buttons: dict[str, Segment] = {}
        for key, label in options:
            self._add(key, Segment(label, padding, role, is_small=is_small))
        # In a narrow window the labels move closer together.
        self.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)

    def _add(self, key: str, button: Segment) -> None:
        button.setObjectName(key)
        button.clicked.connect(lambda _checked=False, key=key: self.chosen.emit(key))
        button.step_requested.connect(lambda step: self._step(button, step))
        self._group.addButton(button)
        row, column = divmod(len(self._buttons), self._columns)
        self._grid.addWidget(button, row, column)
        self._buttons[key] = button

    def _step(self, button: Segment, step: int) -> None:
        """Choose the next or previous segment that can be chosen; stay at the ends."""
        choosable = [b for b in self._buttons.values() if b.isEnabled() and not b.isHidden()]
        index = choosable.index(button) + step
        if 0 <= index < len(choosable):
            if step > 0:
                choosable[index].setFocus(Qt.FocusReason.TabFocusReason)
            else:
                choosable[index].setFocus(Qt.FocusReason.BacktabFocusReason)
            choosable[index].click()

    def button(self, key: str) -> QPushButton:
        """Return the button of an option."""
        return self._buttons[key]

    def current(self) -> str | None:
        """Return the key of the checked option, or None."""
        return next((key for key, button in self._buttons.items() if button.isChecked()), None)

    def set_current(self, key: str | None) -> None:
        """Check an option (None: no option) without emitting `chosen`."""
        self._group.setExclusive(key is not None)  # an exclusive group cannot be all unchecked
        for option, button in self._buttons.items():
            button.setChecked(option == key)
            # Tab stops at the checked option. Qt does this itself only after a key press or
            # a click.
            is_tab_stop = option == key or key is None
            policy = Qt.FocusPolicy.StrongFocus if is_tab_stop else Qt.FocusPolicy.ClickFocus
            button.setFocusPolicy(policy)
        self._group.setExclusive(True)

    def expand(self) -> None:
        """Take the available width from now on."""
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
