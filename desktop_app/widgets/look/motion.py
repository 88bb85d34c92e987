"""Motion: what appears fades in, unless the user has asked the system for reduced motion."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QPropertyAnimation
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QGraphicsOpacityEffect, QWidget

FADE_MS: Final = 120
_FADING_PLATFORMS: Final = ("xcb", "windows")
"""Those of which Qt can set the opacity of windows."""
_is_reduced: Final = [False]


def reduce_motion(is_reduced: bool) -> None:
    """Set whether nothing moves from now on."""
    _is_reduced[:] = [is_reduced]


def fade_in(widget: QWidget) -> QPropertyAnimation | None:
    """Fade in a widget or a window that is about to show. Return None if it shows at once."""
    if _is_reduced[0]:
        return None
    if not widget.isWindow():
        effect = QGraphicsOpacityEffect(widget)
        widget.setGraphicsEffect(effect)
        animation = QPropertyAnimation(effect, b"opacity", widget)
        animation.finished.connect(lambda: effect.setEnabled(False))
    elif QGuiApplication.platformName() in _FADING_PLATFORMS:
        animation = QPropertyAnimation(widget, b"windowOpacity", widget)
    else:
        return None
    animation.setDuration(FADE_MS)
    animation.setStartValue(0.0)
    animation.setEndValue(1.0)
    animation.start(QPropertyAnimation.DeletionPolicy.DeleteWhenStopped)
    return animation
