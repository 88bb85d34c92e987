"""Confines a process on macOS by the system's sandbox, from within.

Not tried on a Mac: the tests of this project run on Linux. `sandbox_init` is deprecated, but
browsers use it, and it is the only way without a signed helper program.
"""

from __future__ import annotations

import ctypes
from pathlib import Path
from typing import TYPE_CHECKING, Final

from desktop_app.sandbox.policy import Confinement
from desktop_app.sandbox.unix import (
    close_descriptors_except,
    disable_core_dumps,
    limit_resources,
    python_paths,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from desktop_app.sandbox.policy import Policy

_PT_DENY_ATTACH: Final = 31
_SYSTEM_PATHS: Final = (
    *("/usr/lib", "/System", "/Library/Fonts", "/opt/homebrew/lib", "/usr/local/lib"),
    *("/usr/share/locale", "/usr/share/zoneinfo", "/private/etc/localtime"),
    *("/dev/null", "/dev/random", "/dev/urandom"),
)
_BASE_RULES: Final = """(version 1)
(deny default)
(allow file-read-metadata)
(allow sysctl-read)
(allow process-info* (target self))
(allow signal (target self))
"""
_UNIX_SOCKETS_RULE: Final = "(allow network-outbound (remote unix-socket))\n"


def detect_mechanisms() -> Confinement:
    """Return the mechanisms that macOS offers."""
    return Confinement(("macOS sandbox", "resource limits"), ("sandbox_untested",))


def confine(policy: Policy) -> None:
    """Drop permanently all rights that the policy does not grant.

    Raises:
        OSError: the sandbox was refused.
    """
    close_descriptors_except(policy.descriptors)
    limit_resources(policy)
    readable = (*python_paths(), *map(Path, _SYSTEM_PATHS), *policy.readable)
    profile = _BASE_RULES + _allow_rule("file-read*", readable)
    if policy.writable:
        profile += _allow_rule("file-read* file-write*", policy.writable)
    if policy.tcp_ports:
        profile += _UNIX_SOCKETS_RULE
    for port in policy.tcp_ports:
        profile += f'(allow network-outbound (remote tcp "*:{port}"))\n'
    error = ctypes.c_char_p()
    if ctypes.CDLL(None).sandbox_init(profile.encode(), ctypes.c_uint64(0), ctypes.byref(error)):
        raise OSError(f"the sandbox was refused: {error.value!r}")


def deny_inspection() -> None:
    """Refuse debuggers, and write no core dump."""
    disable_core_dumps()
    ctypes.CDLL(None).ptrace(_PT_DENY_ATTACH, 0, None, 0)


def _allow_rule(operations: str, paths: Iterable[Path]) -> str:
    """Return the rule that allows operations on the paths and everything below them."""
    rules = []
    for path in paths:
        quoted = str(path.resolve()).replace("\\", "\\\\").replace('"', '\\"')
        rules.append(f'(subpath "{quoted}")')
    return f"(allow {operations} {' '.join(rules)})\n"
