"""The errors of files that were dropped together."""

from __future__ import annotations

from typing import TYPE_CHECKING

from desktop_app.app.attachments.attachment_batch import AttachmentBatch
from desktop_app.app.attachments.task_queue import MAX_TASKS
from desktop_app.app.desktop.window_request import MAX_FILES
from desktop_app.domain.error_reasons import Reason
from desktop_app.domain.errors import StorageError, UserFacingError
from desktop_app.domain.remedy import Remedy
from tests.gui.app.app_harness import AppHarness, until

if TYPE_CHECKING:
    from pathlib import Path


def test_an_unsaved_location_has_the_remedy_of_its_cause_as_a_code() -> None:
    batch = AttachmentBatch(1)
    batch.add_location_failure("a.txt", StorageError(Reason.DISK_FULL, place="library.db"))
    (error,) = batch.pop_messages()
    assert isinstance(error, UserFacingError)
    assert error.remedy is Remedy.FREE_SPACE
    assert error.what_to_do == "Free up space, then try again."


async def test_only_some_of_many_files_are_read_at_once(tmp_path: Path) -> None:
    count = 3 * MAX_TASKS
    paths = [tmp_path / f"{number}.pdf" for number in range(count)]  # there are none
    async with AppHarness() as app:
        readings = app.controllers.composer.readings
        readings.read([(path.name, path) for path in paths])
        begun = [reading for reading in readings.in_open_conversation.values() if reading.task]
        assert len(begun) == MAX_TASKS
        readings.cancel(list(readings.ids)[MAX_TASKS // 2 : 2 * MAX_TASKS])
        await until(lambda: not readings.ids)
        failed = count - (2 * MAX_TASKS - MAX_TASKS // 2)
        assert f"{failed} of {count}" in app.said


async def test_too_many_files_are_refused(tmp_path: Path) -> None:
    async with AppHarness() as app:
        readings = app.controllers.composer.readings
        readings.read([("a.pdf", tmp_path / "a.pdf")] * (MAX_FILES + 1))
        assert not readings.ids
        assert "At most 5,000 files can be opened at once." in app.said
