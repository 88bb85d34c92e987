"""A control that shows a few options side by side, of which the user chooses one.

The segments are a group of exclusive buttons: Tab stops at the group only once, and the arrow keys
move within the group.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import QButtonGroup, QFrame, QPushButton, QSizePolicy

from desktop_app.widgets.boxes import row_of
from desktop_app.widgets.look import painting
from desktop_app.widgets.look.theme import ROW_HEIGHT, current_theme, semibold, set_role
from desktop_app.widgets.text.foreign_text import PlainButton, spoken_text

_EDGES: Final = 8  # pixels of the margins and borders of a segment


class Segment(PlainButton):
    """A button as wide as its bold text, so that checking it moves nothing."""

    def __init__(self, label: str, padding: int, *, is_small: bool) -> None:
        super().__init__(label, role="small-segment" if is_small else "segment")
        self._is_small = is_small
        self._padding = padding
        self.setCheckable(True)
        self.setAutoExclusive(True)  # assistive technology calls it a radio button
        # Otherwise Enter in another field of the dialog would choose this segment.
        self.setAutoDefault(False)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)

    def sizeHint(self) -> QSize:
        hint = self.minimumSizeHint()
        return QSize(hint.width() + 2 * current_theme().px(self._padding), hint.height())

    def minimumSizeHint(self) -> QSize:
        return QSize(self.text_width(is_small=self._is_small), current_theme().px(ROW_HEIGHT))

    def text_width(self, *, is_small: bool) -> int:
        """Return the width of the bold text in the smaller or the usual font, in pixels."""
        font = current_theme().note() if is_small else current_theme().strong()
        font.setWeight(semibold())
        return painting.text_width(self.text(), font)

    def set_small(self, is_small: bool) -> None:
        """Use the smaller font, or the usual one."""
        if is_small != self._is_small:
            self._is_small = is_small
            set_role(self, "small-segment" if is_small else "segment")
            self.updateGeometry()


class SegmentedControl(QFrame):
    """Exclusive segments in a row (see the module's docstring).

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
    ) -> None:
        """Create the segments; `options` are pairs of key and label.

        Args:
            name: the accessible name of the group.
            padding: pixels beside each label, at the default text size.
            is_small: use the smaller font, for many options.
        """
        super().__init__()
        set_role(self, "segments")
        self.accessible_role = "Grouping"
        self.setAccessibleName(spoken_text(name))
        self._group = QButtonGroup(self)
        self._buttons: dict[str, Segment] = {}
        for key, label in options:
            segment = Segment(label, padding, is_small=is_small)
            segment.setObjectName(key)
            segment.clicked.connect(lambda _checked=False, key=key: self.chosen.emit(key))
            self._group.addButton(segment)
            self._buttons[key] = segment
        row_of(*self._buttons.values(), parent=self, margins=0, spacing=0)
        # In a narrow window the labels move closer together.
        self.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)

    def button(self, key: str) -> QPushButton:
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

    def fit(self, width: int) -> None:
        """Use the smaller font if the labels have no room in this width."""
        buttons = self._buttons.values()
        is_small = sum(each.text_width(is_small=False) + _EDGES for each in buttons) > width
        for button in buttons:
            button.set_small(is_small)

    def expand(self) -> None:
        """Take the available width from now on."""
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
