"""The sandbox of systems without a known mechanism: it does nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from desktop_app.i18n.translation import N_
from desktop_app.sandbox.policy import Confinement

if TYPE_CHECKING:
    from desktop_app.sandbox.policy import Policy


def detect_mechanisms() -> Confinement:
    """Return no mechanism."""
    return Confinement((), (N_("Repartee has no sandbox for this system."),))


def confine(policy: Policy) -> None:
    """Do nothing."""


def deny_inspection() -> None:
    """Do nothing."""
