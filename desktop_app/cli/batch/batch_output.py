"""The results of a batch job, as a report in a file and as JSON."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from desktop_app.cli.export_command import unfinished, unwritable
from desktop_app.domain.batch.batch_wording import item_error_text, job_error_text
from desktop_app.domain.conversations.notices import NoticeCode, notice
from desktop_app.domain.error_note import ErrorNote
from desktop_app.domain.models.parameter_notices import api_notices, model_notices
from desktop_app.exchange.writers.batch_report import csv_report, markdown_report
from desktop_app.i18n.translation import in_english

if TYPE_CHECKING:
    from desktop_app.backend.backend import Backend
    from desktop_app.domain.batch.batch_jobs import BatchItem, BatchJob
    from desktop_app.domain.conversations.notices import NoticeText
    from desktop_app.services.chat.chat_service import AskSettings
    from desktop_app.services.chat.choice_resolution import ResolvedChoice

UTF8_MARK: Final = "\ufeff"
"""The byte order mark: without it, spreadsheets assume the system's legacy encoding."""


async def write_report(backend: Backend, job: BatchJob, format_: str, target: Path) -> None:
    """Write a job's report, "markdown" or "csv", to a file.

    Raises:
        StorageError: it cannot be written there.
    """
    try:
        with (
            unfinished(target) as file,
            file.open("w", encoding="utf-8", errors="replace", newline="") as stream,
        ):
            if format_ == "csv" and not await _is_plain(backend, job):
                stream.write(UTF8_MARK)
            async for piece in report_pieces(backend, job, format_):
                await asyncio.to_thread(stream.write, piece)
    except OSError as exc:
        raise unwritable(target, exc) from exc


async def _is_plain(backend: Backend, job: BatchJob) -> bool:
    """Return True if a report is ASCII and needs no byte order mark."""
    async for piece in report_pieces(backend, job, "csv"):
        if not piece.isascii():
            return False
    return True


async def report_pieces(
    backend: Backend, job: BatchJob, format_: str, named: Callable[[str], str] = str
) -> AsyncIterator[str]:
    """Yield the text of a report, some files at a time.

    Args:
        backend: provides the store.
        job: the job.
        format_: "markdown" or "csv".
        named: makes names and errors safe to display.
    """
    job = replace(job, title=named(job.title))
    behind = 0
    head = True
    while head or behind:
        page = await backend.batch_store.page(job.id, behind)
        with in_english():
            items = [
                replace(
                    item,
                    name=named(item.name),
                    error=_named(item, named),
                    answered_by=named(item.answered_by),
                )
                for item in page
            ]
            pieces = _written(backend, job, items, format_)
            first = next(pieces)
            text = (first if head else "") + "".join(pieces)
        yield text
        behind, head = (items[-1].number if items else 0), False


def _named(item: BatchItem, named: Callable[[str], str]) -> ErrorNote | None:
    return ErrorNote(named(item_error_text(item))) if item.error else None


def _written(
    backend: Backend, job: BatchJob, items: list[BatchItem], format_: str
) -> Iterator[str]:
    """Yield the head of a report, then these files."""
    if format_ == "csv":
        return csv_report(job, items)
    return markdown_report(job, items, lambda model: backend.catalog.info(model).name)


def facts(job: BatchJob) -> dict[str, Any]:
    """Return a job for JSON."""
    choice, counts, estimate = job.choice, job.counts, job.estimate
    return {
        "id": job.id,
        "title": job.title,
        "status": job.status.value,
        "provider": choice.provider_id,
        "model": choice.model,
        "variant": choice.variant.value if choice.variant else None,
        "effort": choice.effort.value if choice.effort else None,
        "files": counts.total,
        "answered": counts.answered,
        "refused": counts.refused,
        "failed": counts.failed,
        "unanswered": counts.unanswered,
        "left_out": counts.left_out,
        "waiting": counts.waiting,
        "input_tokens": counts.usage.input_tokens,
        "output_tokens": counts.usage.output_tokens,
        "cost_usd": str(counts.cost),
        "estimate_usd": None if estimate.cost is None else str(estimate.cost),
        "error": job_error_text(job) or None,
        "created_at": job.created_at.isoformat(),
        "started_at": job.started_at.isoformat() if job.started_at else None,
        "ended_at": job.ended_at.isoformat() if job.ended_at else None,
        "batch_ids": [upload.batch_id for upload in job.uploads if upload.batch_id],
    }


async def with_items(backend: Backend, job: BatchJob) -> dict[str, Any]:
    """Return a job with its files for JSON."""
    items: list[dict[str, Any]] = []
    while page := await backend.batch_store.page(job.id, len(items)):
        items += [_item_facts(job, item) for item in page]
    return {**facts(job), "items": items}


def _parsed(job: BatchJob, item: BatchItem) -> Any:
    """Return the value of an answer that matches the job's schema; else None."""
    if not job.parameters.form or item.error or not item.answer:
        return None
    try:
        return json.loads(item.answer)
    except (ValueError, RecursionError):
        return None


def _item_facts(job: BatchJob, item: BatchItem) -> dict[str, Any]:
    return {
        "name": item.name,
        "status": item.status.value,
        "answered_by": item.answered_by or None,
        "answer": item.answer,
        "parsed": _parsed(job, item),
        "error": item_error_text(item) or None,
        "usage": asdict(item.usage) if item.usage else None,
        "cost_usd": None if item.cost is None else str(item.cost),
    }


def job_notices(asked: AskSettings, resolved: ResolvedChoice, job: BatchJob) -> list[NoticeText]:
    """Return what the job is sent without, or with another value."""
    told: list[NoticeText] = [resolved.notice] if resolved.notice else []
    choice = (resolved.profile, resolved.model, resolved.effort)
    sent = job.parameters
    told += model_notices(sent, sent, asked.requested, *choice)
    told += api_notices(sent, asked.requested, *choice, job.api)
    if asked.parameters.candidates > 1:
        told.append(notice(NoticeCode.SETTING_NOT_IN_API, setting="n", api="Batch API"))
    return told
