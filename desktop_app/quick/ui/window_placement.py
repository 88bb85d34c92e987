"""The quick prompt as a window: its place on the screen with the pointer, and its frame on X11.

On X11, Qt cannot keep a window out of task lists and pagers. Xfce's panel lists the quick prompt
unless it has the states in `_SKIPPED_STATES`.
https://specifications.freedesktop.org/wm-spec/latest/
"""

from __future__ import annotations

import ctypes
from functools import cache
from typing import Final

from PySide6.QtCore import QEvent, QObject, QPoint, QRectF, QSize
from PySide6.QtGui import QCursor, QGuiApplication, QPainterPath, QRegion, QScreen
from PySide6.QtWidgets import QWidget

TOP_SHARE: Final = 0.2
"""The share of the screen's height above a window that was not moved."""


class WindowPlacement:
    """The position of a window on the screen, kept once the user has moved the window.

    Attributes:
        shares: the position to which the user moved the window, as shares of the screen's free
            space; None if it was not moved.
    """

    def __init__(self, window: QWidget) -> None:
        self._window = window
        self.shares: tuple[float, float] | None = None
        self._opened_at = window.pos()
        self._opened_size = window.size()

    def restore(self, shares: tuple[float, float] | None) -> None:
        """Set `shares` to the position of an earlier run."""
        self.shares = shares

    def place(self) -> None:
        """Place the window where the user has moved it, or near the top.

        The screen with the pointer is used.
        """
        screen = QGuiApplication.screenAt(QCursor.pos()) or self._window.screen()
        self._opened_size = self._window.size()
        screen_rect = screen.availableGeometry()
        if self.shares is None:
            x = screen_rect.width() // 2 - self._window.width() // 2
            y = round(screen_rect.height() * TOP_SHARE)
        else:
            free_size = self._free_size(screen)
            x = round(self.shares[0] * free_size.width())
            y = round(self.shares[1] * free_size.height())
        self._opened_at = QPoint(screen_rect.left() + x, screen_rect.top() + y)
        self._window.move(self._opened_at)

    def record(self) -> None:
        """Set `shares` if the user moved the window."""
        if self._window.pos() != self._opened_at:
            screen = self._window.screen()
            free_size = self._free_size(screen)
            offset = self._window.pos() - screen.availableGeometry().topLeft()
            self.shares = (
                min(max(offset.x() / free_size.width(), 0.0), 1.0),
                min(max(offset.y() / free_size.height(), 0.0), 1.0),
            )

    def _free_size(self, screen: QScreen) -> QSize:
        """Return how far the window could be moved on a screen when it was opened, at least 1.

        An answer makes the window taller, but the window opens again without the answer.
        """
        return (screen.availableGeometry().size() - self._opened_size).expandedTo(QSize(1, 1))


class X11Frame(QObject):
    """The frame of a window. Without a compositor, X11 shows transparent corners in black."""

    def __init__(self, window: QWidget, radius: int) -> None:
        super().__init__(window)
        self._window = window
        self._radius = radius
        window.installEventFilter(self)

    def set_radius(self, radius: int) -> None:
        """Set the radius of the corners in pixels, from the next change of the size."""
        self._radius = radius

    def eventFilter(self, _watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Resize:
            shape = QPainterPath()
            shape.addRoundedRect(QRectF(self._window.rect()), self._radius, self._radius)
            self._window.setMask(QRegion(shape.toFillPolygon().toPolygon()))
        elif event.type() == QEvent.Type.Show and not event.spontaneous():
            skip_task_lists(self._window)
        return False


_STATE_PROPERTY: Final = b"_NET_WM_STATE"
_SKIPPED_STATES: Final = (b"_NET_WM_STATE_SKIP_TASKBAR", b"_NET_WM_STATE_SKIP_PAGER")
_PROP_MODE_REPLACE = 0
_ATOM_TYPE = 4
_ATOM_BITS = 32


class _Cookie(ctypes.Structure):
    _fields_ = (("sequence", ctypes.c_uint),)


class _AtomReply(ctypes.Structure):
    _fields_ = (("header", ctypes.c_uint32 * 2), ("atom", ctypes.c_uint32))


def skip_task_lists(window: QWidget) -> None:
    """Keep a window out of task lists. Call this before each time that the window is mapped.

    The call replaces all states of the window. Qt adds its own states while it maps the window.
    """
    connection = ctypes.c_void_p(_connection())
    if not connection.value:
        return
    xcb = ctypes.CDLL("libxcb.so.1")  # Qt has loaded it
    uint8 = ctypes.c_uint8
    uint32 = ctypes.c_uint32
    skipped_atoms = (uint32 * len(_SKIPPED_STATES))(*map(_atom, _SKIPPED_STATES))
    xcb.xcb_change_property(
        connection,
        uint8(_PROP_MODE_REPLACE),
        uint32(int(window.winId())),
        uint32(_atom(_STATE_PROPERTY)),
        uint32(_ATOM_TYPE),
        uint8(_ATOM_BITS),
        uint32(len(skipped_atoms)),
        skipped_atoms,
    )


def _connection() -> int:
    """Return Qt's connection to the X server, 0 for none."""
    from PySide6.QtGui import QNativeInterface  # other systems may not have it

    application = QGuiApplication.instance()
    if not isinstance(application, QGuiApplication):
        return 0
    native = application.nativeInterface()
    return int(native.connection()) if isinstance(native, QNativeInterface.QX11Application) else 0


@cache
def _atom(name: bytes) -> int:
    xcb = ctypes.CDLL("libxcb.so.1")
    pointer = ctypes.c_void_p
    intern_type = ctypes.CFUNCTYPE(
        _Cookie, pointer, ctypes.c_uint8, ctypes.c_uint16, ctypes.c_char_p
    )
    reply_type = ctypes.CFUNCTYPE(ctypes.POINTER(_AtomReply), pointer, _Cookie, pointer)
    cookie = intern_type(("xcb_intern_atom", xcb))(_connection(), 0, len(name), name)
    reply = reply_type(("xcb_intern_atom_reply", xcb))(_connection(), cookie, None)
    return int(reply.contents.atom) if reply else 0
