"""The errors of files that were dropped together."""

from __future__ import annotations

from desktop_app.app.attachments.attachment_batch import AttachmentBatch
from desktop_app.domain.error_reasons import Reason
from desktop_app.domain.errors import DocumentError, StorageError, UserFacingError
from desktop_app.domain.remedy import Remedy


def test_an_unsaved_location_has_the_remedy_of_its_cause_as_a_code() -> None:
    batch = AttachmentBatch(1)
    batch.add_location_failure("a.txt", StorageError(Reason.DISK_FULL, place="library.db"))
    (error,) = batch.take_messages()
    assert isinstance(error, UserFacingError)
    assert error.remedy is Remedy.FREE_SPACE
    assert error.what_to_do == "Free up space, then try again."


def test_a_failed_file_keeps_the_message_about_a_duplicate() -> None:
    batch = AttachmentBatch(2)
    error = DocumentError(Reason.FILES_NOT_ATTACHED)
    batch.add_failure(error)
    batch.add_duplicate("a.txt")
    assert batch.take_messages() == [error, "“a.txt” is already attached."]
