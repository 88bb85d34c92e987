"""What synchronizing makes of the backend."""

from __future__ import annotations

from typing import TYPE_CHECKING

from desktop_app.child_processes import environment_with_keys
from desktop_app.sync.synchronizer import Synchronizer

if TYPE_CHECKING:
    from desktop_app.backend.backend import Backend


def synchronizer(backend: Backend) -> Synchronizer:
    """Return the synchronization of the library with other computers."""
    return Synchronizer(
        backend.database, backend.folders.attachments, backend.vault, environment_with_keys()
    )
