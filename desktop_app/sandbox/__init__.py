"""Confines processes that read untrusted input, behind one interface for all systems.

A child process calls `confine` before it reads a byte. An exploited parser can then only compute,
read the program's own files, and answer. `detect_mechanisms` tells `repartee doctor` how much of
that this computer enforces. `deny_inspection` is for processes that hold keys.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from desktop_app.sandbox.policy import Confinement, Policy

if TYPE_CHECKING:
    from types import ModuleType

__all__ = ["Confinement", "Policy", "confine", "deny_inspection", "detect_mechanisms"]


def detect_mechanisms() -> Confinement:
    """Return the mechanisms by which this computer can confine a process, and those it lacks."""
    mechanisms: Confinement = _system().detect_mechanisms()
    return mechanisms


def confine(policy: Policy) -> None:
    """Drop permanently all rights that the policy does not grant.

    Raises:
        OSError: the system refused a mechanism that it offers.
        RuntimeError: the process already has several threads.
    """
    _system().confine(policy)


def deny_inspection() -> None:
    """Keep other processes of the user out of this one's memory, and write no core dump.

    Raises:
        OSError: the system refused.
    """
    _system().deny_inspection()


def _system() -> ModuleType:
    """Return the module for this system. It imports ctypes, which start-up avoids."""
    if sys.platform == "linux":
        from desktop_app.sandbox import linux as system
    elif sys.platform == "win32":
        from desktop_app.sandbox import windows as system
    else:
        from desktop_app.sandbox import unconfined as system
    return system
