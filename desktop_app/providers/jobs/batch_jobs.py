"""Batches of requests, answered at half price within a day.

A batch is made of one file of requests. Results are matched by `custom_id`, never by order.
"""

from __future__ import annotations

import os
import re
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Final, NamedTuple
from urllib.parse import unquote_to_bytes

from desktop_app.domain import hints
from desktop_app.domain.answering.chat_request import ProviderKind, ProviderProfile
from desktop_app.domain.conversations.conversation import now
from desktop_app.domain.cost import Usage
from desktop_app.domain.error_note import ErrorNote
from desktop_app.domain.errors import (
    AuthenticationError,
    EndpointMissingError,
    IllegalChoiceError,
    ProviderError,
    QuotaExhaustedError,
)
from desktop_app.domain.models.model_catalog import ModelInfo
from desktop_app.domain.value import Value
from desktop_app.i18n.translation import N_

BATCH_TIER: Final = "batch"
"""The catalog's name for the price of batches."""
# The limits of a batch. Source: OpenAI's guide to the Batch API.
MAX_REQUESTS: Final = 50_000
MAX_BYTES: Final = 200_000_000

RETRY_S: Final = 60.0
"""Seconds until the next try after a failed step."""
REFUSED_RETRY_S: Final = 300.0
"""Seconds until the next try if the provider refuses, as for a batch that it does not know."""
_FIRST_POLL_INTERVAL_S: Final = 5.0
# The age of the job in seconds, and the seconds between two polls from that age on; longest first.
# A batch may take a day, so polls become rare.
_POLL_INTERVALS: Final = ((7200.0, 300.0), (600.0, 60.0), (60.0, 15.0))

SCHEMA_PROBLEM: Final = "schema_problem"
"""The code of the error of an answer that does not match its schema."""

UNANSWERED: Final = "unanswered"
"""The code of the error of a request without a result, for which nothing is billed."""


class BatchStatus(StrEnum):
    """The state of a batch.

    UPLOADING: its requests are being sent. All others are the provider's.
    """

    UPLOADING = "uploading"
    VALIDATING = "validating"
    IN_PROGRESS = "in_progress"
    FINALIZING = "finalizing"
    COMPLETED = "completed"
    FAILED = "failed"
    EXPIRED = "expired"
    CANCELLING = "cancelling"
    CANCELLED = "cancelled"

    @property
    def is_over(self) -> bool:
        return self in FINAL_STATUSES


FINAL_STATUSES: Final = frozenset(
    {BatchStatus.COMPLETED, BatchStatus.FAILED, BatchStatus.EXPIRED, BatchStatus.CANCELLED}
)


_WITHOUT_RESULT: Final = {
    BatchStatus.COMPLETED: N_("The provider sent no result."),
    BatchStatus.EXPIRED: N_("Not processed within 24 hours. Not charged."),
    BatchStatus.CANCELLED: N_("The job was canceled first. Not charged."),
    BatchStatus.FAILED: N_("The provider couldn’t run the batch. Not charged."),
}
"""Why a file has no result, by the final status of its batch."""


class ItemStatus(StrEnum):
    """How a request of a batch ended.

    ANSWERED: it has an answer. REFUSED: the model declined, or the provider's filter stopped it.
    FAILED: the provider rejected it, or its result is unusable. UNANSWERED: the batch ended without
    a result for it; nothing is billed.
    """

    ANSWERED = "answered"
    REFUSED = "refused"
    FAILED = "failed"
    UNANSWERED = "unanswered"


class BatchFile(NamedTuple):
    """A file: its name, and its path, or a file URI if that is no UTF-8."""

    name: str
    path: str

    @classmethod
    def of(cls, name: str, path: Path) -> BatchFile:
        """Return the file at an absolute path, whose name may be no UTF-8."""
        readable_name = os.fsencode(name).decode("utf-8", "replace")
        try:
            str(path).encode()
        except UnicodeEncodeError:
            return cls(readable_name, path.as_uri())
        return cls(readable_name, str(path))


def file_at(path: str) -> Path:
    """Return the file of a stored path: see `BatchFile.of`."""
    if path.startswith("file:///"):
        return Path(os.fsdecode(unquote_to_bytes(path.removeprefix("file://"))))
    return Path(path)


def custom_id(job_id: str, number: int) -> str:
    """Return the id of a request in its batch, unique in this store."""
    return f"{job_id}-{number}"


def item_number(job_id: str, request_id: str) -> int | None:
    """Parse a `custom_id`; return None for an id of another job."""
    given_job, _, digits = request_id.rpartition("-")
    # As `custom_id` writes numbers: without leading zeros. No job has a billion items.
    is_number = re.fullmatch("0|[1-9][0-9]{0,8}", digits) is not None
    return int(digits) if given_job == job_id and is_number else None


class BatchResult(Value, frozen=True):
    """The provider's result for one request.

    Attributes:
        status: ANSWERED, REFUSED, FAILED or UNANSWERED.
        error: why there is no complete answer; None if there is one.
        answered_by: the model that the result names; "" if it names none.
    """

    custom_id: str
    status: ItemStatus
    answer: str = ""
    error: ErrorNote | None = None
    usage: Usage | None = None
    answered_by: str = ""


class LineError(NamedTuple):
    """An error in the requests: its line, from 1 (0 for none), and its text."""

    line: int
    message: str


class RemoteBatch(Value, frozen=True):
    """A batch as the provider describes it.

    Attributes:
        status: None if it is unknown.
        name: the `batch_name` of its job; "" if the program did not create it.
        done: the number of requests that were completed or failed.
        errors: why the batch failed as a whole.
    """

    id: str
    status: BatchStatus | None
    input_file_id: str = ""
    output_file_id: str = ""
    error_file_id: str = ""
    name: str = ""
    done: int = 0
    errors: tuple[LineError, ...] = ()


def batch_refusal(
    profile: ProviderProfile, info: ModelInfo | None = None
) -> IllegalChoiceError | None:
    """Return why a provider or model gets no batches; None if both may get them.

    The provider must have batches. A model is refused only if it is known not to take them.
    """
    if profile.kind is ProviderKind.ON_DEVICE:
        return IllegalChoiceError(
            N_("The local model doesn’t support batches."), hint=hints.CHOOSE_PROVIDER
        )
    if not profile.has_batches:
        if profile.kind is ProviderKind.COMETAPI:
            return IllegalChoiceError(
                N_("{provider} doesn’t support batches."),
                hint=hints.CHOOSE_PROVIDER,
                provider=profile.name,
            )
        return IllegalChoiceError(
            N_("{provider} may not support batches."),
            hint=N_("If it does, turn on “Supports Batch API” in {network_page}."),
            provider=profile.name,
        )
    if info is not None and info.takes_batches is False:
        return IllegalChoiceError(
            N_("{model} doesn’t support batches."), hint=hints.CHOOSE_MODEL, model=info.name
        )
    return None


def missing_result_note(status: BatchStatus, batch: RemoteBatch) -> ErrorNote:
    """Return why files of a batch with this final status have no result."""
    # Three errors are enough for a sentence.
    words = "; ".join(
        error.message.rstrip(".") for error in batch.errors[:3] if error.message and error.line == 0
    )
    if status is BatchStatus.FAILED and words:
        return ErrorNote(N_("The provider rejected the batch: {words}."), params={"words": words})
    code = "" if status is BatchStatus.FAILED else UNANSWERED
    return ErrorNote(_WITHOUT_RESULT[status], code=code)


def is_final_refusal(error: ProviderError) -> bool:
    """Return True if the server did nothing, and a retry will not help."""
    if isinstance(error, AuthenticationError | EndpointMissingError | QuotaExhaustedError):
        return True
    status = error.status
    if status in (408, 409, 429):  # a timeout, a conflict, too many requests
        return False
    return status is not None and 400 <= status < 500


def poll_delay_s(started_at: datetime) -> float:
    """Return the seconds until a batch is polled again; older batches are polled less often."""
    age_s = (now() - started_at).total_seconds()
    for min_age_s, interval_s in _POLL_INTERVALS:
        if age_s >= min_age_s:
            return interval_s
    return _FIRST_POLL_INTERVAL_S
