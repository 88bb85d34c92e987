"""The progress and the errors of files that were attached together."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from desktop_app.domain.errors import DocumentError, StorageError, UserFacingError
from desktop_app.i18n.translation import N_, tr, tr_plural

MAX_SEPARATE_ERRORS: Final = 3  # with more failed files, one error stands for all


@dataclass
class AttachmentBatch:
    """Files that were attached together, for example by one drop.

    Attributes:
        total: how many files there are.
        left: how many of them are still being read.
        attached: how many of them were attached now, and not already before.
    """

    total: int
    left: int = field(init=False)
    attached: int = 0
    _failures: list[UserFacingError] = field(default_factory=list)
    _duplicates: list[str] = field(default_factory=list)
    _location_failures: list[tuple[str, StorageError]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.left = self.total

    def end_reading(self) -> None:
        """Count a file whose reading has ended in any way."""
        self.left -= 1

    def add_attached(self) -> None:
        """Count a file that was read and attached."""
        self.attached += 1

    def add_failure(self, error: UserFacingError) -> None:
        """Note why a file was not attached."""
        self._failures.append(error)

    def add_duplicate(self, name: str) -> None:
        """Note that a file, counted as attached just now, was attached before."""
        self.attached -= 1
        self._duplicates.append(name)

    def add_location_failure(self, name: str, error: StorageError) -> None:
        """Note why an attached file's location could not be stored."""
        self._location_failures.append((name, error))

    def discard_failures(self) -> None:
        """Forget why files were not attached, as far as that is not reported yet."""
        self._failures.clear()

    def pop_messages(self) -> list[UserFacingError | str]:
        """Return the messages for the user since the last call."""
        messages: list[UserFacingError | str] = [*self._location_errors(), *self._failure_errors()]
        if self._duplicates:
            messages.append(self._duplicates_text())
        self._failures.clear()
        self._duplicates.clear()
        self._location_failures.clear()
        return messages

    def _duplicates_text(self) -> str:
        if len(self._duplicates) == 1:
            return tr("“{name}” is already attached.", name=self._duplicates[0])
        return tr_plural(
            "{count} file is already attached.",
            "{count} files are already attached.",
            len(self._duplicates),
        )

    def _failure_errors(self) -> list[UserFacingError]:
        """Return an error per file if few failed, else a single error for all."""
        if len(self._failures) <= MAX_SEPARATE_ERRORS:
            return self._failures
        return [
            DocumentError(
                N_("Couldn’t attach {failed} of {total} files."),
                failed=len(self._failures),
                total=self.total,
                words=self._failures[0].what_happened,
            )
        ]

    def _location_errors(self) -> list[UserFacingError]:
        """Return a single error for all files whose location could not be stored."""
        if not self._location_failures:
            return []
        name, error = self._location_failures[0]
        count = len(self._location_failures)
        return [
            StorageError(
                N_("“{name}” is attached, but its location wasn’t saved.")
                if count == 1
                else N_("{count} files are attached, but their locations weren’t saved."),
                error.hint,
                params={**error.params, "name": name, "count": count},
                details=error.details,
            )
        ]
