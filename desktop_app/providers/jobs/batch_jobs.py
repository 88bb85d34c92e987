"""Batch jobs: a question about each of many files, answered at half price within a day.

A job is a list of items, one for each file. It is sent as one file of requests, from which the
provider makes one batch. Results are matched by `custom_id`, never by order.
"""

from __future__ import annotations

import os
import re
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Final, NamedTuple
from urllib.parse import unquote_to_bytes

from msgspec import field

from desktop_app.domain import hints
from desktop_app.domain.answering.chat_request import ProviderKind, ProviderProfile
from desktop_app.domain.answering.generation import GenerationParameters
from desktop_app.domain.conversations.conversation import ModelChoice, now
from desktop_app.domain.conversations.message_parts import DocumentPart, ImagePart
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
from desktop_app.domain.text_enum import TextEnum
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


class BatchStatus(TextEnum):
    """The state of a job.

    PREPARING: its files are being read. READY: all are read; the job waits for the user's
    confirmation. UPLOADING: it is being sent. All others are states of the provider's batch.
    """

    PREPARING = "preparing", N_("Reading files")
    READY = "ready", N_("Ready to start")
    UPLOADING = "uploading", N_("Uploading")
    VALIDATING = "validating", N_("Validating")
    IN_PROGRESS = "in_progress", N_("In progress")
    FINALIZING = "finalizing", N_("Collecting results")
    COMPLETED = "completed", N_("Completed")
    FAILED = "failed", N_("Failed")
    EXPIRED = "expired", N_("Expired")
    CANCELLING = "cancelling", N_("Canceling")
    CANCELLED = "cancelled", N_("Canceled")

    @property
    def is_over(self) -> bool:
        return self in FINAL_STATUSES

    @property
    def was_sent(self) -> bool:
        """Return False while files are being read, or the user has to confirm the job."""
        return self not in (BatchStatus.PREPARING, BatchStatus.READY)


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


class ItemStatus(TextEnum):
    """The state of a file of a job.

    UNREAD: not read yet. READ: it will be sent. LEFT_OUT: it cannot be read or is too large, and is
    not sent. SENT: it waits for its answer. ANSWERED: it has one. REFUSED: the model declined, or
    the provider's filter stopped it. FAILED: the provider rejected the request, or its result is
    unusable. UNANSWERED: the batch ended without a result for it; nothing is billed.
    """

    UNREAD = "unread", N_("Not read yet")
    READ = "read", N_("Ready to send")
    LEFT_OUT = "left_out", N_("Skipped")
    SENT = "sent", N_("Waiting")
    ANSWERED = "answered", N_("Answered")
    REFUSED = "refused", N_("Declined")
    FAILED = "failed", N_("Failed")
    UNANSWERED = "unanswered", N_("No response")


class BatchEstimate(Value, frozen=True):
    """The estimated size and cost of a job.

    Attributes:
        files: the number of files that are sent.
        left_out: the number of files that are not sent.
        input_tokens: of all files, estimated.
        cost: US dollars that answers usually cost at the batch price, else the ordinary one; None
            if unknown.
        ordinary_cost: the cost of the same files as ordinary questions.
        image_pages: the number of pages that are sent as images.
        image_tokens, image_cost: of the image pages; included in `input_tokens` and the costs.
    """

    files: int = 0
    left_out: int = 0
    input_tokens: int = 0
    cost: Decimal | None = None
    ordinary_cost: Decimal | None = None
    image_pages: int = 0
    image_tokens: int = 0
    image_cost: Decimal | None = None


class BatchCounts(Value, frozen=True):
    """The number of a job's files per state, and the usage and cost of their answers.

    Attributes:
        cost: US dollars, of the results whose cost is known.
        uncounted: the number of billed results of unknown cost.
    """

    total: int = 0
    waiting: int = 0
    left_out: int = 0
    answered: int = 0
    refused: int = 0
    failed: int = 0
    unanswered: int = 0
    usage: Usage = field(default_factory=Usage)
    cost: Decimal = Decimal(0)
    uncounted: int = 0

    @property
    def unsuccessful(self) -> int:
        """Return the number of sent files that ended without an answer."""
        return self.refused + self.failed + self.unanswered

    @property
    def done(self) -> int:
        """Return the number of sent files that have a final state."""
        return self.answered + self.unsuccessful


class BatchJob(Value, frozen=True):
    """A batch job.

    Attributes:
        choice: the user's choice, with the model and the effort that are sent.
        title: of the prompt, or the beginning of the task.
        task: the question about each file.
        error: why it cannot continue, or failed; None if neither.
        is_cancelled: the user has canceled it; finished results are still fetched.
        batch_ids: the provider's ids of its batches.
        remote_done: the number of finished requests by the provider's count.
    """

    id: str
    choice: ModelChoice
    title: str
    task: str
    created_at: datetime
    status: BatchStatus = BatchStatus.PREPARING
    parameters: GenerationParameters = field(default_factory=GenerationParameters)
    started_at: datetime | None = None
    ended_at: datetime | None = None
    estimate: BatchEstimate = field(default_factory=BatchEstimate)
    error: ErrorNote | None = None
    is_cancelled: bool = False
    batch_ids: tuple[str, ...] = ()
    remote_done: int = 0
    counts: BatchCounts = field(default_factory=BatchCounts)

    @property
    def done(self) -> int:
        """Return the number of finished files, as stored or by the provider's count: the larger."""
        return max(self.remote_done, self.counts.done)


class BatchFile(NamedTuple):
    """A file for a new job, with its path as of `BatchItem`."""

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


class BatchItem(Value, frozen=True):
    """A file of a job.

    Attributes:
        number: grows in the order of the files.
        path: absolute; a file URI if the path is no UTF-8, which a database cannot store.
        part: its entry in the attachment store; None until it is read.
        error: why it has no complete answer; None before its end, or if it has one.
        answered_by: the model that the result names; "" if it names none.
    """

    job_id: str
    number: int
    name: str
    path: str
    status: ItemStatus = ItemStatus.UNREAD
    part: DocumentPart | ImagePart | None = None
    answer: str = ""
    error: ErrorNote | None = None
    usage: Usage | None = None
    cost: Decimal | None = None
    answered_by: str = ""


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
