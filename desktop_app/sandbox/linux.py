"""Confines a process on Linux: no new privileges, Landlock, seccomp, resource limits.

Makes system calls with `ctypes`, because no library is suitable. The four Landlock packages in the
Python index are alpha or beta, with one author each, for three system calls. `pyseccomp` dates from
2021, and needs the system's libseccomp, which a user's computer may lack. Nothing here needs
privileges.
"""

from __future__ import annotations

import ctypes
import errno
import os
import resource
import stat
import sys
import threading
import time
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

from desktop_app.i18n.translation import N_
from desktop_app.sandbox import Confinement, Policy, disable_core_dumps
from desktop_app.sandbox.system_calls import ARCHITECTURES, NUMBERS, filter_program

if TYPE_CHECKING:
    from collections.abc import Iterator


# linux/prctl.h
_PR_SET_DUMPABLE = 4
_PR_SET_NO_NEW_PRIVS = 38
# linux/seccomp.h
_SET_MODE_FILTER = 1
_GET_ACTION_AVAIL = 2
_SYNC_THREADS: Final = 1
_RETURN_ERRNO: Final = 0x00050000
# linux/filter.h: the size of struct sock_filter.
_INSTRUCTION_BYTES: Final = 8
# linux/landlock.h. Each version of the interface adds rights that a ruleset may handle.
_VERSION_QUERY = 1
_RULE_PATH_BENEATH = 1
_FILE_RIGHTS_BY_ABI: Final = ((1, 0x1FFF), (2, 1 << 13), (3, 1 << 14), (5, 1 << 15))
_READ_FILE = 1 << 2
_READ_DIR = 1 << 3
_REMOVE_FILE = 1 << 5
_MAKE_SOCKET = 1 << 9
_BIND_TCP = 1
_CONNECT_TCP = 2
_SCOPE_ABSTRACT_UNIX_SOCKET = 1
_SCOPE_SIGNAL = 2
_NETWORK_ABI, _SCOPES_ABI = 4, 6  # the first versions with these rights
# Installed software and fonts, which anybody may read. No folder of the user's is among them.
_SYSTEM_PATHS: Final = (
    *("/lib", "/lib32", "/lib64", "/usr/lib", "/usr/lib32", "/usr/lib64", "/usr/local/lib"),
    *("/nix/store", "/gnu/store", "/etc/ld.so.cache", "/etc/localtime", "/usr/share/zoneinfo"),
    *("/etc/ssl/openssl.cnf", "/etc/pki/tls/openssl.cnf", "/etc/crypto-policies"),
    *("/usr/share/locale", "/usr/share/fonts", "/usr/local/share/fonts"),
    *("/dev/null", "/dev/urandom"),
)
_OTHER_MAPPED_BYTES: Final = 64 << 30
"""The limit of all mappings except private memory, in bytes.

It also bounds the page tables, which take 1/512 of the memory that is read. RLIMIT_DATA counts
neither these mappings nor page tables.
"""
# A worker has 8 open files; pdfium and folders of fonts add a few dozen.
_MAX_OPEN_FILES: Final = 256
_THREAD_EXIT_S: Final = 2.0
"""The time that a joined thread gets to exit, in seconds; it takes microseconds."""


def detect_mechanisms() -> Confinement:
    """Return the mechanisms that this kernel offers, and those that it lacks."""
    active = ["no new privileges", "resource limits"]
    missing: list[str] = []
    if abi := _landlock_abi():
        active.insert(0, f"Landlock (ABI {abi})")
    else:
        missing.append(N_("The kernel has no Landlock, so the sandbox can’t protect your files."))
    if _has_seccomp():
        active.insert(0, "seccomp")
    else:
        missing.append(N_("The kernel has no seccomp, so the sandbox can’t filter system calls."))
    return Confinement(tuple(active), tuple(missing))


def _has_one_thread() -> bool:
    """Return True if the process has one thread.

    A thread that Python has joined is listed by the kernel until it has exited, so wait for it.
    """
    deadline = time.monotonic() + _THREAD_EXIT_S
    while len(os.listdir("/proc/self/task")) != 1:  # noqa: PTH208
        if threading.active_count() > 1 or time.monotonic() > deadline:
            return False
        time.sleep(0.001)
    return True


def confine(policy: Policy) -> None:
    """Drop permanently all rights that the policy does not grant.

    The process must have one thread: Landlock confines only the thread that asks for it.

    Raises:
        OSError: the kernel refused a mechanism that it offers.
        RuntimeError: the process has several threads.
    """
    if not _has_one_thread():
        raise RuntimeError("a process with several threads cannot be confined")
    close_descriptors_except(policy.descriptors)
    _limit_resources(policy)
    _limit_resource(resource.RLIMIT_AS, policy.memory_bytes + _OTHER_MAPPED_BYTES)
    _prctl(_PR_SET_NO_NEW_PRIVS, 1)
    if abi := _landlock_abi():
        _restrict_files(policy, abi)
    if _has_seccomp():
        _filter_system_calls(policy)


def close_descriptors_except(kept_descriptors: tuple[int, ...]) -> None:
    """Close all file descriptors but the standard streams and `kept_descriptors`."""
    # RLIMIT_NOFILE may be infinite, or lower than descriptors that were opened before it was set.
    start = 3  # after the standard streams
    highest = max(int(entry.name) for entry in Path("/dev/fd").iterdir())
    for descriptor in (*sorted(kept_descriptors), highest + 1):
        os.closerange(start, descriptor)
        start = descriptor + 1


def _limit_resources(policy: Policy) -> None:
    """Set hard limits.

    The number of processes is not limited, because RLIMIT_NPROC counts all processes of the user.
    Time is not limited, because a worker serves many requests; its client limits each of them.
    """
    _limit_resource(resource.RLIMIT_DATA, policy.memory_bytes)
    _limit_resource(resource.RLIMIT_NOFILE, _MAX_OPEN_FILES)
    disable_core_dumps()
    _limit_resource(resource.RLIMIT_FSIZE, policy.file_bytes)


def _limit_resource(resource_id: int, maximum: int) -> None:
    """Set the soft and the hard limit to `maximum`, or to the hard limit if that is lower."""
    hard_limit = resource.getrlimit(resource_id)[1]
    if hard_limit != resource.RLIM_INFINITY:
        maximum = min(maximum, hard_limit)
    resource.setrlimit(resource_id, (maximum, maximum))


def deny_inspection() -> None:
    """Keep other processes of the user out of this one's memory, and write no core dump.

    Raises:
        OSError: the kernel refused.
    """
    disable_core_dumps()
    _prctl(_PR_SET_DUMPABLE, 0)


def _restrict_files(policy: Policy, abi: int) -> None:
    """Let Landlock refuse files that are not allowed, all ports, and signals to other processes.

    The policy's files are allowed. So is reading the files of Python and of the system.
    Older kernels refuse only files, or files and ports.
    """
    handled_rights = sum(rights for first_abi, rights in _FILE_RIGHTS_BY_ABI if abi >= first_abi)
    # The size of the attributes tells the kernel which of them are given.
    attributes = [handled_rights]
    if abi >= _NETWORK_ABI:
        attributes.append(_BIND_TCP | _CONNECT_TCP)
    if abi >= _SCOPES_ABI:
        attributes.append(_SCOPE_ABSTRACT_UNIX_SOCKET | _SCOPE_SIGNAL)
    buffer = (ctypes.c_uint64 * len(attributes))(*attributes)
    ruleset = _system_call("landlock_create_ruleset", buffer, ctypes.sizeof(buffer), 0)
    try:
        for path in (*_python_paths(), *_system_paths(), *policy.readable):
            _allow_path(ruleset, path, _READ_FILE | _READ_DIR)
        if policy.socket_folder is not None:
            _allow_path(ruleset, policy.socket_folder, _MAKE_SOCKET | _REMOVE_FILE)
        _system_call("landlock_restrict_self", ruleset, 0)
    finally:
        os.close(ruleset)


class _PathBeneath(ctypes.Structure):
    """`struct landlock_path_beneath_attr`."""

    _pack_ = 1
    _layout_ = "ms"  # Python 3.14 wants it stated for packed structures
    _fields_ = (("allowed_access", ctypes.c_uint64), ("parent_fd", ctypes.c_int32))


def _allow_path(ruleset: int, path: Path, rights: int) -> None:
    """Add a rule for a path and everything below it, unless the path cannot be opened."""
    try:
        descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return
    try:
        if not stat.S_ISDIR(os.fstat(descriptor).st_mode):
            # The kernel refuses a rule with rights of folders for a file.
            rights &= _READ_FILE
        rule = _PathBeneath(rights, descriptor)
        _system_call("landlock_add_rule", ruleset, _RULE_PATH_BENEATH, ctypes.byref(rule), 0)
    finally:
        os.close(descriptor)


def _python_paths() -> Iterator[Path]:
    """Yield the files and folders that Python reads when it imports a module."""
    yield Path(__file__).parents[1]
    for prefix in {sys.prefix, sys.exec_prefix, sys.base_prefix, sys.base_exec_prefix}:
        yield from (Path(prefix, "lib"), Path(prefix, "lib64"))
    # Other entries of sys.path may be a checkout or the user's own folder.
    yield from (
        Path(entry) for entry in sys.path if Path(entry).name in ("site-packages", "dist-packages")
    )
    if sys.pycache_prefix:
        yield Path(sys.pycache_prefix)
    if bundle_folder := getattr(sys, "_MEIPASS", ""):
        yield Path(bundle_folder)


def _system_paths() -> Iterator[Path]:
    """Yield the system's files that libraries read, and the folders of LD_LIBRARY_PATH."""
    yield from map(Path, _SYSTEM_PATHS)
    for entry in os.environ.get("LD_LIBRARY_PATH", "").split(os.pathsep):
        if entry:
            yield Path(entry)


def _filter_system_calls(policy: Policy) -> None:
    code = filter_program(os.uname().machine, can_listen=policy.socket_folder is not None)
    instructions = ctypes.create_string_buffer(code, len(code))
    program = _Program(len(code) // _INSTRUCTION_BYTES, ctypes.addressof(instructions))
    _system_call("seccomp", _SET_MODE_FILTER, _SYNC_THREADS, ctypes.byref(program))


class _Program(ctypes.Structure):
    """`struct sock_fprog`."""

    _fields_ = (("length", ctypes.c_ushort), ("instructions", ctypes.c_void_p))


def _landlock_abi() -> int:
    """Return the version of the kernel's Landlock interface; 0 if it has none."""
    with suppress(OSError):
        return _system_call("landlock_create_ruleset", None, 0, _VERSION_QUERY)
    return 0


def _has_seccomp() -> bool:
    """Return True if the kernel accepts a filter on this architecture."""
    if os.uname().machine not in ARCHITECTURES:
        return False
    action = ctypes.c_uint32(_RETURN_ERRNO)
    with suppress(OSError):
        return _system_call("seccomp", _GET_ACTION_AVAIL, 0, ctypes.byref(action)) == 0
    return False


@cache
def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _system_call(name: str, *arguments: object) -> int:
    """Make a system call.

    Raises:
        OSError: the system call failed, or this architecture is not supported.
    """
    machine = os.uname().machine
    if machine not in ARCHITECTURES:
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))
    number = NUMBERS[name][list(ARCHITECTURES).index(machine)]
    words = [
        ctypes.c_long(argument) if isinstance(argument, int) else argument for argument in arguments
    ]
    return _require_success(_libc().syscall(ctypes.c_long(number), *words))


def _prctl(option: int, value: int) -> None:
    unused = ctypes.c_ulong(0)  # PR_SET_NO_NEW_PRIVS refuses other values
    arguments = (ctypes.c_int(option), ctypes.c_ulong(value), unused, unused, unused)
    _require_success(_libc().prctl(*arguments))


def _require_success(result: int) -> int:
    """Return the result of a call of the C library. Raise OSError if it is negative."""
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return result
