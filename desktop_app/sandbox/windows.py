"""Confines a process on Windows, from within: a job object, no privileges, low integrity.

Not tried on Windows: the tests of this project run on Linux. A process of low integrity can write
only to its own folders. It can still read the user's files and open sockets: only its parent could
start it in an AppContainer, which takes a helper program.
"""

from __future__ import annotations

import ctypes
from ctypes import wintypes
from typing import TYPE_CHECKING, Any, Final

from desktop_app.i18n.translation import N_
from desktop_app.sandbox.policy import Confinement

if TYPE_CHECKING:
    from desktop_app.sandbox.policy import Policy

# Type stubs lack these names on other systems.
_windows: Any = ctypes
# winnt.h
_LIMIT_ACTIVE_PROCESS = 0x8
_LIMIT_PROCESS_MEMORY = 0x100
_DIE_ON_EXCEPTION = 0x400
_BASIC_UI_RESTRICTIONS = 4
_EXTENDED_LIMITS = 9
# No handles, clipboard, desktops, settings or atoms of other processes; no end of the session.
_EVERY_UI_RESTRICTION: Final = 0xFF
_CHILD_PROCESS_POLICY = 13
_NO_CHILD_PROCESS = 1
_TOKEN_ACCESS: Final = 0x0008 | 0x0020 | 0x0080  # query, adjust privileges, adjust defaults
_TOKEN_INTEGRITY_LEVEL = 25
_GROUP_INTEGRITY = 0x20
_LOW_INTEGRITY: Final = "S-1-16-4096"


class _BasicLimits(ctypes.Structure):
    _fields_ = (
        ("process_user_time", ctypes.c_int64),
        ("job_user_time", ctypes.c_int64),
        ("flags", wintypes.DWORD),
        ("minimum_working_set", ctypes.c_size_t),
        ("maximum_working_set", ctypes.c_size_t),
        ("active_processes", wintypes.DWORD),
        ("affinity", ctypes.c_size_t),
        ("priority", wintypes.DWORD),
        ("scheduling", wintypes.DWORD),
    )


class _ExtendedLimits(ctypes.Structure):
    _fields_ = (
        ("basic", _BasicLimits),
        ("io", ctypes.c_uint64 * 6),
        ("process_memory", ctypes.c_size_t),
        ("job_memory", ctypes.c_size_t),
        ("peak_process_memory", ctypes.c_size_t),
        ("peak_job_memory", ctypes.c_size_t),
    )


class _IntegrityLabel(ctypes.Structure):
    _fields_ = (("sid", ctypes.c_void_p), ("attributes", wintypes.DWORD))


def detect_mechanisms() -> Confinement:
    """Return the mechanisms that Windows offers from within a process."""
    return Confinement(
        ("job object", "low integrity", "no child processes"),
        (
            N_("The sandbox can’t protect your files or block connections."),
            N_("It hasn’t been tested on this system."),
        ),
    )


def confine(policy: Policy) -> None:
    """Drop permanently the rights that the policy does not grant and Windows can drop.

    Raises:
        OSError: Windows refused.
    """
    kernel = _windows.WinDLL("kernel32", use_last_error=True)
    kernel.GetCurrentProcess.restype = kernel.CreateJobObjectW.restype = wintypes.HANDLE
    process = wintypes.HANDLE(kernel.GetCurrentProcess())
    job = wintypes.HANDLE(kernel.CreateJobObjectW(None, None))
    limits = _ExtendedLimits()
    limits.basic.flags = _LIMIT_ACTIVE_PROCESS | _LIMIT_PROCESS_MEMORY | _DIE_ON_EXCEPTION
    limits.basic.active_processes = 1
    limits.process_memory = policy.memory_bytes
    restrictions = wintypes.DWORD(_EVERY_UI_RESTRICTION)
    for kind, value in ((_EXTENDED_LIMITS, limits), (_BASIC_UI_RESTRICTIONS, restrictions)):
        size = ctypes.sizeof(value)
        _require_success(kernel.SetInformationJobObject(job, kind, ctypes.byref(value), size))
    _require_success(kernel.AssignProcessToJobObject(job, process))
    no_child = wintypes.DWORD(_NO_CHILD_PROCESS)
    _require_success(
        kernel.SetProcessMitigationPolicy(_CHILD_PROCESS_POLICY, ctypes.byref(no_child), 4)
    )
    _lower_integrity(process)


def deny_inspection() -> None:
    """Do nothing: Windows lets processes of the same user open this one anyway."""


def _lower_integrity(process: wintypes.HANDLE) -> None:
    """Drop every privilege, and write access to objects of medium integrity."""
    advapi = _windows.WinDLL("advapi32", use_last_error=True)
    token = wintypes.HANDLE()
    sid = ctypes.c_void_p()
    _require_success(advapi.OpenProcessToken(process, _TOKEN_ACCESS, ctypes.byref(token)))
    _require_success(advapi.AdjustTokenPrivileges(token, True, None, 0, None, None))
    _require_success(advapi.ConvertStringSidToSidW(_LOW_INTEGRITY, ctypes.byref(sid)))
    label = _IntegrityLabel(sid, _GROUP_INTEGRITY)
    size = ctypes.sizeof(label) + advapi.GetLengthSid(sid)
    kind = _TOKEN_INTEGRITY_LEVEL
    _require_success(advapi.SetTokenInformation(token, kind, ctypes.byref(label), size))


def _require_success(succeeded: int) -> None:
    if not succeeded:
        raise _windows.WinError(_windows.get_last_error())
