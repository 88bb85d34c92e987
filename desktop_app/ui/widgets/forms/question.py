"""A question whether to do something, in a window of its own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from PySide6.QtGui import Qt
from PySide6.QtWidgets import QPushButton, QTextEdit, QWidget

from desktop_app.ui.widgets.text.foreign_text import message_box

_LINES_OF_DETAILS: Final = 12


def ask(
    parent: QWidget,
    name: str,
    text: str,
    informative_text: str,
    *,
    label: str,
    on_accepted: Callable[[], object],
    details: str = "",
    is_destructive: bool = True,
    cancel_label: str = "",
) -> QPushButton:
    """Ask, and call `on_accepted` if the button with this label is clicked. Return that button.

    Args:
        name: the object name of the question.
        details: a longer text, shown in a field that scrolls.
        is_destructive: whether `on_accepted` may do harm, so that Enter cancels.
        cancel_label: the label of the other button if "Cancel" would be ambiguous.
    """
    box = message_box(text, informative_text, details=details, parent=parent)
    box.setObjectName(name)
    box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    role = box.ButtonRole.DestructiveRole if is_destructive else box.ButtonRole.AcceptRole
    button = box.addButton(label, role)
    cancel = box.addButton(box.StandardButton.Cancel)
    if cancel_label:
        cancel.setText(cancel_label)
    if is_destructive:
        box.setDefaultButton(cancel)
    button.clicked.connect(lambda: on_accepted())
    if details:
        (field,) = box.findChildren(QTextEdit)
        field.setFixedHeight(_LINES_OF_DETAILS * field.fontMetrics().lineSpacing())
        # The only button with this role is Qt's, which shows the details.
        next(b for b in box.buttons() if box.buttonRole(b) is box.ButtonRole.ActionRole).click()
    box.open()
    return button
