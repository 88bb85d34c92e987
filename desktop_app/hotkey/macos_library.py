"""The functions of macOS that the global shortcut uses, with the types of their arguments.

Not tried on a Mac: the tests of this project run on Linux.
"""

from __future__ import annotations

import ctypes
from ctypes import c_bool, c_char_p, c_int32, c_long, c_uint8, c_uint16, c_uint32, c_ulong, c_void_p
from dataclasses import dataclass
from typing import Any, Final

_FRAMEWORKS: Final = "/System/Library/Frameworks"
EventHandler: Final = ctypes.CFUNCTYPE(c_int32, c_void_p, c_void_p, c_void_p)
"""EventHandlerProcPtr: the next handler, the event, our data; returns 0 if it was handled."""


class EventType(ctypes.Structure):
    """Carbon's struct EventTypeSpec."""

    _fields_ = (("category", c_uint32), ("kind", c_uint32))


class HotKeyId(ctypes.Structure):
    """Carbon's struct EventHotKeyID."""

    _fields_ = (("signature", c_uint32), ("number", c_uint32))


# Of each function, the type of its result, then those of its arguments. Without them, ctypes would
# pass and return pointers as 32 bits.
_CARBON: Final[dict[str, tuple[Any, ...]]] = {
    "GetApplicationEventTarget": (c_void_p,),
    "InstallEventHandler": (
        *(c_int32, c_void_p, EventHandler, c_ulong),
        *(c_void_p, c_void_p, c_void_p),
    ),
    "RemoveEventHandler": (c_int32, c_void_p),
    "RegisterEventHotKey": (
        *(c_int32, c_uint32, c_uint32, HotKeyId),
        *(c_void_p, c_uint32, c_void_p),
    ),
    "UnregisterEventHotKey": (c_int32, c_void_p),
    "CopySymbolicHotKeys": (c_int32, c_void_p),
    "TISCopyCurrentASCIICapableKeyboardLayoutInputSource": (c_void_p,),
    "TISGetInputSourceProperty": (c_void_p, c_void_p, c_void_p),
    "LMGetKbdType": (c_uint8,),
    "UCKeyTranslate": (
        *(c_int32, c_void_p, c_uint16, c_uint16, c_uint32, c_uint32, c_uint32),
        *(c_void_p, c_ulong, c_void_p, c_void_p),
    ),
}
_CORE: Final[dict[str, tuple[Any, ...]]] = {
    "CFArrayGetCount": (c_long, c_void_p),
    "CFArrayGetValueAtIndex": (c_void_p, c_void_p, c_long),
    "CFDictionaryGetValue": (c_void_p, c_void_p, c_void_p),
    "CFNumberGetValue": (c_bool, c_void_p, c_long, c_void_p),
    "CFBooleanGetValue": (c_bool, c_void_p),
    "CFStringCreateWithCString": (c_void_p, c_void_p, c_char_p, c_uint32),
    "CFDataGetBytePtr": (c_void_p, c_void_p),
    "CFMessagePortCreateLocal": (c_void_p, *(c_void_p,) * 5),
    "CFMessagePortCreateRemote": (c_void_p, c_void_p, c_void_p),
    "CFMessagePortInvalidate": (None, c_void_p),
    "CFRelease": (None, c_void_p),
}


@dataclass(frozen=True)
class MacLibrary:
    """The frameworks, whose functions have C's names.

    Attributes:
        layout_key: kTISPropertyUnicodeKeyLayoutData.
    """

    carbon: Any
    core: Any
    layout_key: c_void_p


def mac_library() -> MacLibrary:
    """Load the frameworks.

    Raises:
        OSError: a file cannot be loaded.
    """
    carbon = ctypes.CDLL(f"{_FRAMEWORKS}/Carbon.framework/Carbon")
    core = ctypes.CDLL(f"{_FRAMEWORKS}/CoreFoundation.framework/CoreFoundation")
    for library, declared in ((carbon, _CARBON), (core, _CORE)):
        for name, (result, *arguments) in declared.items():
            function = getattr(library, name)
            function.restype = result
            function.argtypes = arguments
    layout_key = c_void_p.in_dll(carbon, "kTISPropertyUnicodeKeyLayoutData")
    return MacLibrary(carbon, core, layout_key)
