"""Keep a window out of task lists and pagers on X11, which Qt cannot do.

Xfce's panel lists the quick prompt unless it has the states in `_SKIPPED_STATES`.
https://specifications.freedesktop.org/wm-spec/latest/
"""

from __future__ import annotations

import ctypes
from functools import cache
from typing import Final

from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QWidget

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
