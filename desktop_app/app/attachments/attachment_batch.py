"""The progress and the errors of files that were dropped together."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from desktop_app.domain.error_reasons import Reason
from desktop_app.domain.error_text import remedy_of
from desktop_app.domain.errors import DocumentError, StorageError, UserFacingError
from desktop_app.i18n.translation import tr, tr_plural

MAX_SEPARATE_ERRORS: Final = 3  # failed files that get errors of their own


@dataclass
class AttachmentBatch:
    """Files that were dropped together.

    Attributes:
        total: how many files were dropped.
        left: how many are still being read.
        attached: how many are attached, including those that already were (`known`).
        failed: why some were not attached.
        known: names of files that were already attached when they were dropped.
        without_location: attached files whose location could not be stored, and why.
    """

    total: int
    left: int
    attached: int = 0
    failed: list[UserFacingError] = field(default_factory=list)
    known: list[str] = field(default_factory=list)
    without_location: list[tuple[str, StorageError]] = field(default_factory=list)

    def take_messages(self) -> list[UserFacingError | str]:
        """Return the messages for the user since the last call."""
        words: list[UserFacingError | str] = [*self._location_errors(), *self._failure_errors()]
        if self.known and not self.failed:
            words.append(self._known_text())
        self.failed, self.known, self.without_location = [], [], []
        return words

    def _known_text(self) -> str:
        if len(self.known) == 1:
            return tr("“{name}” is already attached.", name=self.known[0])
        return tr_plural(
            "{count} file is already attached.",
            "{count} files are already attached.",
            len(self.known),
        )

    def _failure_errors(self) -> list[UserFacingError]:
        """Return an error per file if few failed, else a single error for all."""
        if len(self.failed) <= MAX_SEPARATE_ERRORS:
            return self.failed
        return [
            DocumentError(
                Reason.FILES_NOT_ATTACHED,
                failed=len(self.failed),
                total=self.total,
                because=self.failed[0],
            )
        ]

    def _location_errors(self) -> list[UserFacingError]:
        """Return a single error for all files whose location could not be stored."""
        if not self.without_location:
            return []
        (name, error), count = self.without_location[0], len(self.without_location)
        return [
            StorageError(
                Reason.PLACE_NOT_NOTED if count == 1 else Reason.PLACES_NOT_NOTED,
                {**error.params, "name": name, "count": count},
                what_to_do=remedy_of(error),
                details=error.details,
            )
        ]
