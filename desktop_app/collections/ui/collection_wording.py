"""The files of projects and their updates in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from desktop_app.domain.documents.collections import Collection, CollectionFile
from desktop_app.i18n.translation import tr, tr_plural

_STATUS_ORDER: Final = {"failed": 0, "waiting": 1, "ready": 2}


@dataclass(frozen=True)
class CollectionState:
    """A collection, and how many of its files are read, have failed or are waiting."""

    collection: Collection
    ready: int
    failed: int
    waiting: int

    @property
    def count(self) -> int:
        """Return the number of documents."""
        return self.ready + self.failed + self.waiting

    @property
    def summary(self) -> str:
        """Describe the documents: their number, and how many are unreadable or waiting."""
        facts = [tr_plural("{count} file", "{count} files", self.count)]
        if self.failed:
            facts.append(tr_plural("{count} unreadable", "{count} unreadable", self.failed))
        if self.waiting:
            facts.append(tr_plural("{count} waiting", "{count} waiting", self.waiting))
        return " · ".join(facts)


def sort_files(files: Sequence[CollectionFile]) -> list[CollectionFile]:
    """Return unreadable files first, then waiting ones, then the rest, each by name.

    20,000 files take 20 ms: call it in a thread.
    """
    return sorted(files, key=lambda f: (_STATUS_ORDER[f.status], f.name.casefold(), f.path))


def update_summary(old_files: Sequence[CollectionFile], new_files: Sequence[CollectionFile]) -> str:
    """Return sentences that say how the files of a project changed."""
    old_hashes = {file.path: file.sha256 for file in old_files if file.sha256}
    new_hashes = {file.path: file.sha256 for file in new_files if file.status == "ready"}
    added_count = len(new_hashes.keys() - old_hashes.keys())
    updated_count = sum(
        new_hashes[path] != old_hashes[path] for path in new_hashes.keys() & old_hashes.keys()
    )
    removed_count = len(old_hashes.keys() - {file.path for file in new_files})
    unread_count = sum(file.status == "failed" for file in new_files)
    sentences = []
    if added_count:
        sentences.append(tr_plural("{count} file added.", "{count} files added.", added_count))
    if updated_count:
        sentences.append(
            tr_plural("{count} file updated.", "{count} files updated.", updated_count)
        )
    if removed_count:
        sentences.append(
            tr_plural(
                "{count} file removed from the project.",
                "{count} files removed from the project.",
                removed_count,
            )
        )
    if not sentences:
        sentences.append(tr("No new files."))
    if unread_count:
        sentences.append(
            tr_plural(
                "{count} file couldn’t be read. See the list for the reason.",
                "{count} files couldn’t be read. See the list for the reasons.",
                unread_count,
            )
        )
    return " ".join(sentences)
