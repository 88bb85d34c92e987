"""Texts that describe batch jobs and their files to the user."""

from __future__ import annotations

from typing import Final

from desktop_app.domain.batch.batch_jobs import (
    USUAL_ANSWER,
    BatchEstimate,
    BatchItem,
    BatchJob,
    BatchLine,
    BatchStatus,
    ItemStatus,
)
from desktop_app.domain.spending.cost import format_money, format_tokens

STATUS_WORDS: Final = {
    BatchStatus.PREPARING: "Reading the files",
    BatchStatus.READY: "Ready to start",
    BatchStatus.UPLOADING: "Uploading",
    BatchStatus.VALIDATING: "Being checked by the provider",
    BatchStatus.IN_PROGRESS: "In progress",
    BatchStatus.FINALIZING: "Results being gathered",
    BatchStatus.COMPLETED: "Completed",
    BatchStatus.FAILED: "Failed",
    BatchStatus.EXPIRED: "Expired",
    BatchStatus.CANCELLING: "Being cancelled",
    BatchStatus.CANCELLED: "Cancelled",
}
ITEM_WORDS: Final = {
    ItemStatus.UNREAD: "not read yet",
    ItemStatus.READ: "ready",
    ItemStatus.LEFT_OUT: "left out",
    ItemStatus.SENT: "waiting",
    ItemStatus.ANSWERED: "answered",
    ItemStatus.FAILED: "failed",
    ItemStatus.UNANSWERED: "not answered",
}


def counted(number: int, what: str) -> str:
    """Return a number with its noun: `1 file`, `2 files`.

    >>> [counted(1, "file"), counted(1200, "file")]
    ['1 file', '1,200 files']
    """
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def estimate_words(estimate: BatchEstimate) -> str:
    """Describe the size and cost of a job before anything is sent."""
    left_out = f", {estimate.left_out:,} left out" if estimate.left_out else ""
    words = (
        f"{counted(estimate.files, 'file')}{left_out}: "
        f"about {format_tokens(estimate.input_tokens)} tokens of input."
    )
    if estimate.cost is None or estimate.input_cost is None or estimate.ordinary_cost is None:
        return f"{words} What a batch costs with this model is not known."
    if not estimate.files:
        return words
    saving = estimate.ordinary_cost - estimate.cost
    return (
        f"{words} About {format_money(estimate.cost)} as a batch instead of "
        f"{format_money(estimate.ordinary_cost)}: {format_money(saving)} are saved. "
        f"Input {format_money(estimate.input_cost)}; the answers are reckoned at "
        f"{USUAL_ANSWER:,} tokens each. Answers come within 24 hours."
    )


def progress_words(job: BatchJob) -> str:
    """Describe a job's progress in one line."""
    counts = job.counts
    if job.status is BatchStatus.PREPARING:
        return f"{STATUS_WORDS[job.status]} ({counts.total:,})"
    if not job.status.was_sent:
        return f"{STATUS_WORDS[job.status]} · {counted(job.estimate.files, 'file')}"
    sent = counts.total - counts.left_out
    if job.status.is_over:
        pieces = [STATUS_WORDS[job.status], f"{counts.answered:,} of {sent:,} answered"]
        pieces += [f"{counts.failed:,} failed"] if counts.failed else []
        pieces += [f"{counts.unanswered:,} not answered"] if counts.unanswered else []
        pieces += [f"{counts.left_out:,} left out"] if counts.left_out else []
        return " · ".join(pieces)
    done = sum(upload.completed + upload.failed for upload in job.uploads)
    status = "Being cancelled" if job.is_cancelled else STATUS_WORDS[job.status]
    return f"{status} · {max(done, counts.done):,} of {sent:,} done"


def job_error_text(job: BatchJob) -> str:
    """Return why a job is stuck or failed; "" if it is not."""
    return job.error.sentences if job.error else ""


def item_error_text(item: BatchItem | BatchLine) -> str:
    """Return why a file has no whole answer, with the way out of one that was left out."""
    if item.error is None:
        return ""
    is_left_out = item.status is ItemStatus.LEFT_OUT
    return item.error.sentences if is_left_out else item.error.what_happened


def result_words(job: BatchJob) -> str:
    """Return the announcement that a job has ended."""
    cost = f" for {format_money(job.counts.cost)}" if job.counts.cost else ""
    return f"The batch job “{job.title}” has ended{cost}: {progress_words(job)}."
