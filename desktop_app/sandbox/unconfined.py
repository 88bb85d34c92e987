"""Stands in for a sandbox on systems without a known one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from desktop_app.sandbox.policy import Confinement

if TYPE_CHECKING:
    from desktop_app.sandbox.policy import Policy


def available() -> Confinement:
    """Return that there is no mechanism."""
    return Confinement((), ("Repartee has no sandbox for this system.",))


def confine(policy: Policy) -> None:
    """Do nothing."""


def deny_inspection() -> None:
    """Do nothing."""
