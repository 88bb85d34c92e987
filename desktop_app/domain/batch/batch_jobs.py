"""Batch jobs: one question asked of each of many files, at half price, within a day.

A job is a row of items, one for each file, and goes to its provider in one batch or, where it is too
large for one, in several uploads. What the provider answers is matched by `custom_id`, never by order.
The states of an upload are the provider's own; those of a job are the same and three of ours.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Final, NamedTuple

from desktop_app.domain.conversations.chat_request import ProviderKind, ProviderProfile
from desktop_app.domain.conversations.conversation import ModelChoice
from desktop_app.domain.conversations.generation import GenerationParameters
from desktop_app.domain.conversations.message_parts import DocumentPart, ImagePart
from desktop_app.domain.models.model_catalog import Api, ModelInfo
from desktop_app.domain.spending.cost import Price, Usage

TIER: Final = "batch"
"""What the catalogue of models calls the price of batches."""
MOST_REQUESTS: Final = 50_000
MOST_BYTES: Final = 200_000_000
"""What one upload may hold. Source: OpenAI's guide to the Batch API."""
USUAL_ANSWER: Final = 1000
"""Tokens that an answer is reckoned at, with its reasoning: nobody knows them before."""


class BatchStatus(StrEnum):
    """How far a job, or one of its uploads, has come.

    PREPARING: its files are being read. READY: all are, and the person is asked; nothing was sent.
    UPLOADING: on its way. The others are the provider's.
    """

    PREPARING = "preparing"
    READY = "ready"
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
        """Whether nothing more happens."""
        return self in ENDED

    @property
    def was_sent(self) -> bool:
        """Whether the person has said yes."""
        return self not in (BatchStatus.PREPARING, BatchStatus.READY)


ENDED: Final = frozenset(
    {BatchStatus.COMPLETED, BatchStatus.FAILED, BatchStatus.EXPIRED, BatchStatus.CANCELLED}
)
# Least far first: a job is as far as the upload that is furthest behind.
_ORDER: Final = tuple(BatchStatus)


class ItemStatus(StrEnum):
    """How a file of a job stands.

    UNREAD: not read yet. READ: it will be sent. LEFT_OUT: it could not be read or does not fit, and
    is never sent. SENT: it waits for its answer. ANSWERED. FAILED: the provider refused it, or what
    it sent cannot be used. UNANSWERED: the batch ended without a word on it; nothing is billed.
    """

    UNREAD = "unread"
    READ = "read"
    LEFT_OUT = "left_out"
    SENT = "sent"
    ANSWERED = "answered"
    FAILED = "failed"
    UNANSWERED = "unanswered"


AGAIN: Final = (ItemStatus.FAILED, ItemStatus.UNANSWERED)
"""What "run the rest again" takes into a new job."""


@dataclass(frozen=True)
class BatchEstimate:
    """What a job would take.

    Attributes:
        files: how many are sent; `left_out` are not.
        input_tokens: about, of all files.
        input_cost: US dollars at the batch's price; None where it is not known.
        cost: with the answers, reckoned at `USUAL_ANSWER` tokens each.
        ordinary_cost: what the same would cost as ordinary questions.
    """

    files: int = 0
    left_out: int = 0
    input_tokens: int = 0
    input_cost: Decimal | None = None
    cost: Decimal | None = None
    ordinary_cost: Decimal | None = None


def estimated(
    tokens: Iterable[int], left_out: int, batch: Price | None, ordinary: Price | None
) -> BatchEstimate:
    """The estimate for files of so many tokens each."""
    counts = list(tokens)
    sent = Usage(input_tokens=sum(counts))
    whole = sent + Usage(output_tokens=USUAL_ANSWER * len(counts))
    return BatchEstimate(
        len(counts),
        left_out,
        sent.input_tokens,
        None if batch is None else batch.of(sent),
        None if batch is None else batch.of(whole),
        None if ordinary is None else ordinary.of(whole),
    )


@dataclass(frozen=True)
class BatchUpload:
    """One of a job's batches at the provider.

    Attributes:
        is_uploading, is_creating: a request for the file or the batch was on its way when this was
            written: whether it arrived is to be asked before another.
        input_file_id, batch_id: the provider's names, "" until it has given them.
        total, completed, failed: the provider's counts.
        is_fetched: its results are in the store.
    """

    job_id: str
    number: int
    status: BatchStatus = BatchStatus.UPLOADING
    is_uploading: bool = False
    is_creating: bool = False
    input_file_id: str = ""
    batch_id: str = ""
    output_file_id: str = ""
    error_file_id: str = ""
    total: int = 0
    completed: int = 0
    failed: int = 0
    is_fetched: bool = False

    @property
    def name(self) -> str:
        """By which the upload and the batch are found again at the provider."""
        return f"repartee-{self.job_id}-{self.number}"


@dataclass(frozen=True)
class BatchCounts:
    """How many files of a job stand how, and what their answers took."""

    total: int = 0
    waiting: int = 0
    left_out: int = 0
    answered: int = 0
    failed: int = 0
    unanswered: int = 0
    usage: Usage = field(default_factory=Usage)
    cost: Decimal = Decimal(0)
    uncounted: int = 0

    @property
    def done(self) -> int:
        """Of those that were sent, how many have their end."""
        return self.answered + self.failed + self.unanswered


@dataclass(frozen=True)
class BatchJob:
    """One job.

    Attributes:
        choice: who was chosen; `model` is the id that is sent, `effort` in `choice` the one sent.
        base_url: where it runs: a provider that was moved does not know it.
        title: of the prompt, or the first words of the task.
        task: what is asked of each file.
        error: why it stands still or failed, in sentences; "" where all is well.
        is_cancelled: the person has cancelled it; results that came so far are still fetched.
        held: US dollars of input that count against the monthly cap while it runs.
    """

    id: str
    choice: ModelChoice
    title: str
    task: str
    created_at: datetime
    status: BatchStatus = BatchStatus.PREPARING
    base_url: str = ""
    api: Api = Api.RESPONSES
    instructions: str = ""
    parameters: GenerationParameters = field(default_factory=GenerationParameters)
    started_at: datetime | None = None
    ended_at: datetime | None = None
    estimate: BatchEstimate = field(default_factory=BatchEstimate)
    error: str = ""
    is_cancelled: bool = False
    held: Decimal | None = None
    uploads: tuple[BatchUpload, ...] = ()
    counts: BatchCounts = field(default_factory=BatchCounts)


@dataclass(frozen=True)
class BatchItem:
    """One file of a job.

    Attributes:
        number: its place, from 1.
        path: where it was read from; "" where it was taken over from another job.
        part: what stands in the attachment store; None until it is read.
        tokens: of the request, about.
        upload: the number of the upload it went with, 0 before.
        error: a sentence, "" where there is none; of an answer that is not whole, too.
        conversation_id: of the conversation that it was opened as, "" where it was not.
    """

    job_id: str
    number: int
    name: str
    path: str = ""
    status: ItemStatus = ItemStatus.UNREAD
    part: DocumentPart | ImagePart | None = None
    tokens: int = 0
    upload: int = 0
    answer: str = ""
    error: str = ""
    usage: Usage | None = None
    cost: Decimal | None = None
    conversation_id: str = ""

    @property
    def custom_id(self) -> str:
        """By which its answer is found."""
        return custom_id(self.job_id, self.number)

    @property
    def sha256(self) -> str:
        """Of its bytes, "" until they are read."""
        return "" if self.part is None else self.part.sha256


class BatchLine(NamedTuple):
    """What is listed of a file: `tokens` as reckoned, or as used once there is an answer."""

    number: int
    name: str
    status: ItemStatus
    tokens: int
    cost: Decimal | None
    error: str


def custom_id(job_id: str, number: int) -> str:
    """The name of a request in its batch: unique among all of this store."""
    return f"{job_id}-{number}"


def number_of(job_id: str, given: str) -> int | None:
    """The reverse of `custom_id`; None where the name is none of this job's."""
    mark, _, number = given.rpartition("-")
    plain = number.isascii() and number.isdigit() and len(number) <= 9
    if mark != job_id or not plain or str(int(number)) != number:
        return None
    return int(number)


@dataclass(frozen=True)
class BatchResult:
    """What the provider says of one request.

    Attributes:
        status: ANSWERED, FAILED or UNANSWERED.
        error: a sentence; of an answer that is not whole, too.
    """

    custom_id: str
    status: ItemStatus
    answer: str = ""
    error: str = ""
    usage: Usage | None = None


@dataclass(frozen=True)
class RemoteBatch:
    """A batch as the provider describes it.

    Attributes:
        status: None where it is none that is known.
        name: the `BatchUpload.name` that it was given, "" where it is none of ours.
        errors: why it failed as a whole, each with the line of the upload that is meant, 0 for none.
    """

    id: str
    status: BatchStatus | None
    input_file_id: str = ""
    output_file_id: str = ""
    error_file_id: str = ""
    name: str = ""
    total: int = 0
    completed: int = 0
    failed: int = 0
    errors: tuple[tuple[int, str], ...] = ()


def joined_status(uploads: Iterable[BatchUpload]) -> BatchStatus:
    """How far a job is whose uploads stand so: as far as the last of them; when all have ended, as
    well as the best."""
    states = {upload.status for upload in uploads}
    if running := [state for state in states if not state.is_over]:
        return min(running, key=_ORDER.index)
    return min(states, key=_ORDER.index, default=BatchStatus.UPLOADING)


def refusal(profile: ProviderProfile, info: ModelInfo | None = None) -> str:
    """Why no batch can be sent there, or to that model, in a sentence; "" where one can."""
    name = profile.name
    if profile.kind is ProviderKind.ON_DEVICE:
        return (
            "The model on this computer answers one question at a time; batches are a provider's."
        )
    if not profile.has_batches:
        if profile.kind is ProviderKind.COMETAPI:
            return f"{name} offers no batches: its API is chat, responses and models alone."
        return (
            f"{name} is not known to offer batches; if it does, switch them on in "
            "Settings › Provider."
        )
    if info is not None and info.takes_batches is False:
        return f"{info.name} is not offered in batches."
    return ""
