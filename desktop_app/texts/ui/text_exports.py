"""Writes a text to files: exports, and the file that it came from."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QStandardPaths

from desktop_app.app.session import Controller
from desktop_app.child_processes import usual_mode
from desktop_app.domain.errors import StorageError
from desktop_app.domain.system_error import system_words
from desktop_app.foreign_file import RefusedFileError
from desktop_app.i18n.formatting import joined
from desktop_app.i18n.translation import N_, tr, tr_plural
from desktop_app.texts.text_files import FileState, differences, read_state
from desktop_app.texts.ui.difference_dialogs import SaveDialog
from desktop_app.widgets.external_open import open_path
from desktop_app.widgets.file_dialogs import choose_target, save_bytes
from desktop_app.writers.html_page import text_page

if TYPE_CHECKING:
    from desktop_app.documents.worker.document_worker import DocumentWorker
    from desktop_app.domain.conversations.written_text import WrittenText
    from desktop_app.texts.ui.opened_text import OpenedText

_WORD: Final = ".docx"
_NUMBER: Final = re.compile(r"(?m)(?<=^)[0-9]{1,9}[.)]|(?<=  )[0-9]{1,9}[.)](?= )")
_HIDDEN: Final[dict[str, Callable[[int], str]]] = {
    "comments": lambda count: tr_plural("{count} comment", "{count} comments", count),
    "changes": lambda count: tr_plural(
        "{count} tracked change, shown as accepted",
        "{count} tracked changes, shown as accepted",
        count,
    ),
    "pictures": lambda count: tr_plural("{count} picture", "{count} pictures", count),
    "boxes": lambda count: tr_plural("{count} text box", "{count} text boxes", count),
    "formulas": lambda count: tr_plural("{count} formula", "{count} formulas", count),
    "headers": lambda count: tr_plural(
        "{count} header or footer", "{count} headers and footers", count
    ),
}
"""Name so many parts of a Word document that its text does not show, by kind."""
_FORBIDDEN: Final = str.maketrans(dict.fromkeys('<>:"/\\|?*', "-"))


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "replace")  # names of files may have half characters


def _word(text: WrittenText, *, with_changes: bool = False) -> bytes:
    from desktop_app.writers.office.docx_file import word_with_changes

    before = text.rejected if with_changes else text.accepted
    return word_with_changes(before, text.accepted, "Repartee", datetime.now().astimezone())


def _save_as_it_is(mode: int | None, path: Path, data: bytes) -> str:
    """Save a file as `save_bytes` does, but with a mode; None for that of new files."""
    problem = save_bytes(path, data)
    if not problem:
        with suppress(PermissionError):  # another user's, whose mode has stayed
            path.chmod(usual_mode() if mode is None else mode)
    return problem


FORMATS: Final[dict[str, tuple[str, str, Callable[[WrittenText], bytes]]]] = {
    "markdown": (N_("Markdown"), ".md", lambda text: _encoded(text.accepted)),
    "html": (N_("Web page"), ".html", lambda text: _encoded(text_page(text.title, text.accepted))),
    "word": (N_("Word"), _WORD, _word),
    "word-changes": (N_("Word with tracked changes"), _WORD, partial(_word, with_changes=True)),
}
"""The formats of exports by id: label, ending of files, writer."""


class TextExports(Controller):
    """Exports of a text, and saving it to the file that it came from."""

    def choose(self, opened: OpenedText, format_id: str) -> None:
        """Ask for a file, and export a text with its changes accepted."""
        label, suffix, write = FORMATS[format_id]
        place = QStandardPaths.StandardLocation.DocumentsLocation
        name = opened.value.title.translate(_FORBIDDEN).strip(" .") or tr("Text")

        async def export(target: Path) -> None:
            await opened.store()  # so that the value has what was typed
            data = await asyncio.to_thread(write, opened.value)
            if await self._write(save_bytes, target, data):
                actions = [
                    (tr("Open"), lambda: open_path(target)),
                    (tr("Show in folder"), lambda: open_path(target.parent)),
                ]
                self._notifications.notify(tr("Exported to {file}.", file=target.name), actions)

        choose_target(
            self._window,
            tr("Export text"),
            self._tasks.slot(export),
            start=Path(QStandardPaths.writableLocation(place), f"{name}{suffix}"),
            filters=f"{tr(label)} (*{suffix})",
            suffix=suffix.lstrip("."),
        )

    async def _write(self, save: Callable[[Path, bytes], str], target: Path, data: bytes) -> bool:
        """Write a file. Return False, and say why, if that failed."""
        problem = await asyncio.to_thread(save, target, data)
        if problem:
            self._notifications.notify(problem)
        return not problem

    # -------------------------------------------------------------- the file it came from

    async def save_to_file(self, opened: OpenedText) -> None:
        """Show how the text and the file that it came from differ, and ask whether to save."""
        path = Path(opened.value.file)
        await opened.store()
        text, state = opened.value, await self._state(path)
        if state.mode is not None and not state.mode & 0o222:
            self._notifications.notify(
                tr("{file} is read-only. Export the text, or allow writing to it.", file=path.name)
            )
            return
        is_word = path.suffix.lower() == _WORD
        saved: bytes | None = None
        old = None if is_word else state.text
        if state.data is not None and is_word:
            old = (await self._documents.word_text(path.name, state.data)).text
            if old is not None:
                saved = await self._documents.word_with_text(path.name, state.data, text.accepted)
        if state.data is not None and old is None:
            read = (await self._documents.extract_bytes(path.name, state.data)).text
            state = state if is_word else await asyncio.to_thread(state.read_as, read)
            old = read if is_word or state.text is None else state.text
        pieces = await asyncio.to_thread(differences, old or "", text.accepted)
        if not pieces and state.data is not None:
            self._notifications.notify(tr("{file} already has this text.", file=path.name))
            return
        notes = []
        if state.data is None:
            notes.append(tr("The file does not exist any longer. It is made again."))
        elif state.hash != text.file_hash:
            notes.append(
                tr("Another program has changed the file since. Its changes would be lost.")
            )
        if saved is not None:
            written = (await self._documents.word_text(path.name, saved)).text
            if _NUMBER.sub("1.", written or "") != _NUMBER.sub("1.", text.accepted):
                notes.append(tr("Not all Markdown of the text has a form in the file."))
        elif is_word:
            notes.append(
                tr("Layout, pictures and comments of the file would be lost. Better export.")
            )
        elif not state.keeps_encoding(text.accepted):
            notes.append(tr("The file is saved as UTF-8, which it is not now."))
        if text.marks:
            notes.append(tr("Changes that are still proposed are saved as accepted."))
        notes.append(tr("Words struck through are only in the file, underlined ones are new."))
        title = tr("Save to {file}?", file=path.name)
        dialog = SaveDialog(title, notes, pieces, self._window)
        save = partial(self._save, opened, text, state, saved)
        dialog.accepted.connect(self._tasks.slot(save))
        dialog.open()

    async def _save(
        self, opened: OpenedText, text: WrittenText, shown: FileState, saved: bytes | None
    ) -> None:
        """Save what the question showed, unless the file is another one by now; then ask again.

        Args:
            saved: the new content of the file; None to write it from the text alone.
        """
        path = Path(text.file)
        if (await self._state(path)).hash != shown.hash:
            await self.save_to_file(opened)
            return
        is_word = path.suffix.lower() == _WORD
        write = FORMATS["word"][2] if is_word else lambda text: shown.encode(text.accepted)
        data = await asyncio.to_thread(write, text) if saved is None else saved
        if await self._write(partial(_save_as_it_is, shown.mode), path, data):
            await opened.store(file_hash=FileState(data).hash)
            self._notifications.notify(tr("Saved to {file}.", file=path.name))

    @property
    def _documents(self) -> DocumentWorker:
        return self._session.backend.documents

    async def word_text(self, name: str, sha256: str) -> str | None:
        """Return the text of an attached Word document, and say what it leaves in the file.

        Returns None for what is no Word document, or one that cannot be written back.
        """
        if Path(name).suffix.lower() != _WORD:
            return None
        file = await self._session.backend.attachments.file(sha256)
        if file is None:
            return None
        found = await self._documents.word_text(name, file.data)
        if found.text is not None and found.hidden:
            kinds = [_HIDDEN[kind](n) for kind, n in found.hidden.items() if kind in _HIDDEN]
            self._notifications.notify(
                tr("Kept in the file, but not in its text: {things}.", things=joined(kinds))
            )
        return found.text

    async def exact_text(self, path: Path, sha256: str, read: str) -> str | None:
        """Return all text of a file with this hash, which a reader read so; None if it is not so.

        Readers leave out outer blank lines, which saving to the file should not.
        """
        if path.suffix.lower() == _WORD:
            return None
        try:
            state = await asyncio.to_thread(read_state, path)
        except (OSError, RefusedFileError):
            return None
        if state.hash != sha256:
            return None
        return (await asyncio.to_thread(state.read_as, read)).text

    async def _state(self, path: Path) -> FileState:
        try:
            return await asyncio.to_thread(read_state, path)
        except OSError as error:
            raise StorageError(
                N_("{file} can’t be read: {reason}."), file=path.name, reason=system_words(error)
            ) from error
        except RefusedFileError as error:
            raise StorageError(error.message, file=path.name) from error
