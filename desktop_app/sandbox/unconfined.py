"""Stands in for a sandbox on systems without a known one."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from desktop_app.sandbox.policy import Confinement

if TYPE_CHECKING:
    from desktop_app.sandbox.policy import Policy


def available() -> Confinement:
    """Return that nothing is offered."""
    return Confinement((), (f"no sandbox for {sys.platform} is known here",))


def confine(policy: Policy) -> None:
    """Do nothing."""


def deny_inspection() -> None:
    """Do nothing."""
