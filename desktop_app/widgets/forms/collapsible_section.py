"""A section of settings that is collapsed below its title because few users need it."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, QTimer
from PySide6.QtWidgets import QScrollArea, QSizePolicy, QWidget

from desktop_app.i18n.translation import tr
from desktop_app.widgets.boxes import column_of
from desktop_app.widgets.forms.form_widgets import Note
from desktop_app.widgets.look.icons import icon
from desktop_app.widgets.look.theme import current_theme
from desktop_app.widgets.text.foreign_text import PlainToolButton, spoken_text


class CollapsibleSection(QWidget):
    """A title button and the content that it expands and collapses.

    Attributes:
        head: the button.
        body: the layout of the content.
    """

    def __init__(self, title: str, name: str) -> None:
        super().__init__()
        self._title = title
        self.head = PlainToolButton(role="fold", name=name)
        self.head.setText(title)
        self.head.setCheckable(True)
        self.head.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.head.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.head.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
        self._summary = Note()
        self._content = QWidget()
        self._content.hide()
        self.body = column_of(parent=self._content, margins=(0, 6, 0, 0), spacing=14)
        rows = (self.head, self._summary, self._content)
        column_of(*rows, parent=self, margins=0, spacing=4)
        self.head.toggled.connect(self._set_open)
        # Defer until the layout knows the height of the content.
        self.head.clicked.connect(lambda: QTimer.singleShot(0, self, self._reveal))
        self._summary_text = ""
        self.update_theme()

    @property
    def is_open(self) -> bool:
        """Return True if the content is shown."""
        return self.head.isChecked()

    def expand(self) -> None:
        """Show the content, scroll to it and focus the title."""
        self.head.setChecked(True)
        self.head.setFocus(Qt.FocusReason.OtherFocusReason)
        QTimer.singleShot(0, self, self._reveal)

    def set_summary(self, text: str) -> None:
        """Set the summary that is shown while the section is collapsed; "" for none."""
        self._summary_text = text
        self._set_open(self.is_open)

    def update_theme(self) -> None:
        theme = current_theme()
        self.head.setIconSize(QSize(theme.px(14), theme.px(14)))
        self._set_open(self.is_open)

    def _reveal(self) -> None:
        """Scroll the expanded content into view, but never the title out of it."""
        area = self.parentWidget()
        while area is not None and not isinstance(area, QScrollArea):
            area = area.parentWidget()
        if area is not None and self.is_open:
            area.ensureWidgetVisible(self._content, 0, current_theme().px(8))
            area.ensureWidgetVisible(self.head, 0, 0)

    def _set_open(self, is_open: bool) -> None:
        self._content.setVisible(is_open)
        self._summary.set_text("" if is_open else self._summary_text)
        chevron = "chevron-down" if is_open else "chevron-right"
        self.head.setIcon(icon(chevron, current_theme().dim, current_theme().px(14)))
        # Qt has no accessible role for a collapsible section, so its state is in its name.
        spoken = (
            tr("{section}, expanded", section=self._title)
            if is_open
            else tr("{section}, collapsed", section=self._title)
        )
        self.head.setAccessibleName(spoken_text(spoken))
        self.head.setAccessibleDescription(spoken_text("" if is_open else self._summary_text))
