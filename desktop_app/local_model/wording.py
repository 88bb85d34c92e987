"""The words for a download: what comes from where, how far it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from desktop_app.i18n import formatting
from desktop_app.i18n.translation import tr
from desktop_app.local_model.catalog import CatalogModel

if TYPE_CHECKING:
    from pathlib import Path

    from desktop_app.local_model.catalog import RemoteFile
    from desktop_app.local_model.fetch import Progress


def source_text(remote: RemoteFile, folder: Path) -> str:
    """Say what is fetched, from which host, and to which folder."""
    host = remote.host or tr("this computer")
    if isinstance(remote, CatalogModel):
        return tr(
            "Downloading {model} ({size}) from {host} to {folder}.",
            model=remote.label,
            size=formatting.size(remote.total_size),
            host=host,
            folder=str(folder),
        )
    return tr(
        "Downloading {model} from {host} to {folder}.",
        model=remote.name,
        host=host,
        folder=str(folder),
    )


def progress_text(progress: Progress) -> str:
    """Say how much has come, at which speed, and how long the rest takes."""
    done = formatting.size(progress.done)
    if progress.total is None:
        text = done
    else:
        text = tr("{done} of {total}", done=done, total=formatting.size(progress.total))
    if progress.is_checking:
        return tr("Checking: {progress}", progress=text)
    parts = [text]
    if progress.rate:
        parts.append(tr("{size} per second", size=formatting.size(round(progress.rate))))
    if progress.seconds_left:
        left = formatting.duration(progress.seconds_left, digits=0)
        parts.append(tr("{duration} left", duration=left))
    return ", ".join(parts)
