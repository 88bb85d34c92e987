"""Combines many documents into one text: members of an archive, a folder or a mail.

The note tells the user what was left out and why; the end of the text tells the model.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Final

from desktop_app.documents import media_type
from desktop_app.documents.outcome import OnProgress, ReadDocument
from desktop_app.documents.worker.protocol import Limits, Progress
from desktop_app.domain import errors

_REASONS: Final = {
    errors.DocumentEncryptedError: "protected by a password",
    errors.DocumentUnsupportedError: "no document",
    errors.DocumentEmptyError: "without text",
    errors.DocumentTooLargeError: "too large",
}
DEEPEST: Final = 2
"""Maximum nesting of archives and mails; deeper ones are not opened."""
PICTURE: Final = "a picture"
HIDDEN: Final = "hidden"
LINK: Final = "a link to elsewhere"
UNSAFE: Final = "an unsafe name"
_MOST_NAMED: Final = 5


@dataclass
class DocumentBundle:
    """Collects members in a stable order.

    Attributes:
        depth: the number of archives and mails around them.
        read: reads the text of a member; see reader_registry.read.
        left_out: names with the reasons.
        texts: of the members that were read, each under its name.
    """

    limits: Limits
    on_progress: OnProgress
    depth: int
    read: Callable[[str, bytes, Limits, OnProgress, int], ReadDocument]
    left_out: list[tuple[str, str]] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)

    def leave_out(self, path: str, reason: str) -> None:
        """Record a member that is not read."""
        self.left_out.append((path, reason))

    def add(self, path: str, data: bytes, number: int, total: int) -> None:
        """Read a member; `number` of `total` counts from 0.

        Raises:
            DocumentTooLargeError: an archive in it unpacks to more than is allowed.
        """
        self.on_progress(Progress(number, total, "file"))
        if media_type.detect_image(data):
            self.leave_out(path, PICTURE)
            return
        if not data:
            self.leave_out(path, "without text")
            return
        try:
            name = PurePosixPath(path).name
            read = self.read(name, data, self.limits, lambda _: None, self.depth + 1)
        except errors.DocumentError as error:
            self.leave_out(path, _REASONS.get(type(error), "damaged"))
            return
        if read.text.strip():
            self.texts.append(f"# {path}\n\n{read.text.strip()}")
        else:
            self.leave_out(path, "without text")
        if read.pictured:
            self.leave_out(f"{path}, {len(read.pictured)} pages", "pictures")

    def text(self) -> str:
        """Return everything that was read; "" if nothing was."""
        if not self.texts:
            return ""
        rest = [f"[not included: {', '.join(self._rows())}]"] if self.left_out else []
        return "\n\n".join([*self.texts, *rest])

    def note(self) -> str:
        """Return a sentence for the user on what was read and what was left out."""
        count = f"{len(self.texts)} file{'s' if len(self.texts) != 1 else ''} read"
        if not self.left_out:
            return f"{count}."
        rows = list(self._rows())
        hidden = sum(reason == HIDDEN for _, reason in self.left_out)
        named = rows[:_MOST_NAMED] + ([f"{hidden} hidden"] if hidden else [])
        more = f" and {len(rows) - _MOST_NAMED} more" if len(rows) > _MOST_NAMED else ""
        return f"{count}, {len(self.left_out)} left out: {', '.join(named)}{more}."

    def _rows(self) -> Iterator[str]:
        for path, reason in self.left_out[:200]:
            if reason != HIDDEN:
                yield f"{path} ({reason})"


def is_hidden(path: str) -> bool:
    """Return True if file managers hide the path."""
    steps = PurePosixPath(path).parts
    return any(
        step.startswith(".") or step in ("__MACOSX", "Thumbs.db", "desktop.ini") for step in steps
    )
