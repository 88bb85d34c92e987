"""Texts that describe batch jobs and their files to the user."""

from __future__ import annotations

from desktop_app.domain.conversations.message_facts import image_pages_fact
from desktop_app.domain.conversations.message_parts import DocumentPart
from desktop_app.i18n import formatting
from desktop_app.i18n.translation import paragraph, tr, tr_plural
from desktop_app.providers.jobs import batch_jobs


def estimate_text(estimate: batch_jobs.BatchEstimate) -> str:
    """Describe the size and cost of a job before anything is sent."""
    tokens = formatting.tokens(estimate.input_tokens)
    sentences = [
        tr_plural(
            "{count} file with about {tokens} input tokens.",
            "{count} files with about {tokens} input tokens.",
            estimate.files,
            tokens=tokens,
        )
    ]
    if estimate.left_out:
        sentences.append(
            tr_plural("{count} file skipped.", "{count} files skipped.", estimate.left_out)
        )
    if estimate.image_pages:
        sentences.append(_scan_text(estimate))
    if estimate.cost is None or estimate.ordinary_cost is None:
        sentences.append(tr("The batch price of this model is unknown."))
    elif estimate.files:
        # The ordinary price stands in for an unknown batch price.
        is_upper_bound = estimate.cost == estimate.ordinary_cost != 0
        cost = formatting.money(estimate.cost)
        sentences.append(
            tr(
                "Estimated cost at most {cost}: the batch price of this model is unknown.",
                cost=cost,
            )
            if is_upper_bound
            else tr(
                "Estimated cost {cost} ({saving} less than without batch).",
                cost=cost,
                saving=formatting.money(estimate.ordinary_cost - estimate.cost),
            )
        )
        sentences.append(tr("Responses arrive within 24 hours."))
    return paragraph(*sentences)


def _scan_text(estimate: batch_jobs.BatchEstimate) -> str:
    """Describe the pages that are sent as images, and their share of the cost."""
    tokens = formatting.tokens(estimate.image_tokens)
    if estimate.image_cost is None:
        return tr_plural(
            "{count} page without text is sent as an image: about {tokens} of these tokens.",
            "{count} pages without text are sent as images: about {tokens} of these tokens.",
            estimate.image_pages,
            tokens=tokens,
        )
    return tr_plural(
        "{count} page without text is sent as an image: about {tokens} of these tokens ({cost}).",
        "{count} pages without text are sent as images: about {tokens} of these tokens ({cost}).",
        estimate.image_pages,
        tokens=tokens,
        cost=formatting.money(estimate.image_cost),
    )


def item_scan_text(item: batch_jobs.BatchItem) -> str:
    """Describe a file's image pages, as sent or skipped; "" for none."""
    return image_pages_fact(item.part) if isinstance(item.part, DocumentPart) else ""


def job_progress_text(job: batch_jobs.BatchJob) -> str:
    """Describe a job's progress in one line."""
    counts = job.counts
    is_running = job.status.was_sent and not job.status.is_over
    status = batch_jobs.BatchStatus.CANCELLING if job.is_cancelled and is_running else job.status
    pieces = [tr(status.text)]
    if not job.status.was_sent:
        files = counts.total - counts.left_out
        return " · ".join((*pieces, tr_plural("{count} file", "{count} files", files)))
    sent_count = counts.total - counts.left_out
    if not job.status.is_over:
        pieces.append(tr("{done} of {total} done", done=job.done, total=sent_count))
        return " · ".join(pieces)
    pieces.append(tr("{answered} of {total} answered", answered=counts.answered, total=sent_count))
    if counts.refused:
        pieces.append(tr_plural("{count} declined", "{count} declined", counts.refused))
    if counts.failed:
        pieces.append(tr_plural("{count} failed", "{count} failed", counts.failed))
    if counts.unanswered:
        pieces.append(
            tr_plural("{count} without a response", "{count} without a response", counts.unanswered)
        )
    if counts.left_out:
        pieces.append(tr_plural("{count} skipped", "{count} skipped", counts.left_out))
    return " · ".join(pieces)


def item_error_text(item: batch_jobs.BatchItem) -> str:
    """Return why a file has no complete answer; "" if it has one, or if the reason is unknown.

    The remedy follows if the file was left out.
    """
    if item.error is None:
        return ""
    is_left_out = item.status is batch_jobs.ItemStatus.LEFT_OUT
    return item.error.sentences if is_left_out else item.error.what_happened


def job_result_text(job: batch_jobs.BatchJob) -> str:
    """Return the announcement that a job has ended."""
    progress = job_progress_text(job)
    if job.counts.cost:
        cost = formatting.money(job.counts.cost)
        return tr(
            "Batch job “{title}” finished ({cost}): {progress}",
            title=job.title,
            cost=cost,
            progress=progress,
        )
    return tr("Batch job “{title}” finished: {progress}", title=job.title, progress=progress)
