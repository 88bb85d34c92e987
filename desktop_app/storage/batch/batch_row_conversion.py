"""Converts batch jobs and their files to rows of the store, and back."""

from __future__ import annotations

import json
from dataclasses import asdict
from decimal import Decimal
from typing import Any, Final

from desktop_app.domain.answering.generation import PARAMETER_NAMES, Overrides
from desktop_app.domain.batch.batch_jobs import (
    BatchCounts,
    BatchEstimate,
    BatchItem,
    BatchJob,
    BatchStatus,
    ItemStatus,
)
from desktop_app.domain.conversations.message_parts import (
    DocumentPart,
    ImagePart,
    TextPart,
    parts_from_json,
    parts_to_json,
)
from desktop_app.domain.models.model_catalog import Api
from desktop_app.domain.spending.cost import Usage
from desktop_app.domain.spending.spending_report import Purpose
from desktop_app.storage.conversations.row_conversion import (
    Cells,
    choice_from_row,
    choice_to_row,
    error_from_text,
    error_to_text,
    from_micros,
    to_json,
    to_micros,
    to_text,
    usage_from_row,
)
from desktop_app.storage.database.row_writing import Row

ESTIMATE_AMOUNTS: Final = ("input_cost", "cost", "ordinary_cost", "image_cost")
"""The fields of a BatchEstimate that are US dollars."""


def job_to_row(job: BatchJob) -> Row:
    """Return all columns of `batch_jobs` except the sums and the owner."""
    overrides = Overrides(job.instructions, job.parameters, PARAMETER_NAMES, job.examples)
    details = {
        "api": job.api.value,
        "template_id": job.template_id,
        "purpose": job.purpose.value,
        "settings": overrides.to_json(),
        "estimate": {
            name: str(value) if isinstance(value, Decimal) else value
            for name, value in asdict(job.estimate).items()
        },
    }
    return {
        "id": job.id,
        "created_at": to_micros(job.created_at),
        "status": job.status.value,
        "base_url": to_text(job.base_url),
        **choice_to_row(job.choice),
        "title": to_text(job.title),
        "task": to_text(job.task),
        "details": to_json(details),
        "started_at": None if job.started_at is None else to_micros(job.started_at),
        "ended_at": None if job.ended_at is None else to_micros(job.ended_at),
        "error": error_to_text(job.error),
        "is_cancelled": int(job.is_cancelled),
        "held": None if job.held is None else str(job.held),
        "input_file_id": job.input_file_id,
        "batch_id": job.batch_id,
        "remote_done": job.remote_done,
    }


def job_from_row(row: Cells) -> BatchJob:
    """Return the job in a row; of the counts, only the usage and the costs."""
    choice = choice_from_row(row)
    assert choice is not None  # every job has a provider
    details = json.loads(row["details"])
    overrides = Overrides.from_json(details["settings"])
    estimate: dict[str, Any] = details["estimate"]
    for name in ESTIMATE_AMOUNTS:
        amount = estimate[name]
        estimate[name] = None if amount is None else Decimal(amount)
    return BatchJob(
        id=row["id"],
        choice=choice,
        title=row["title"],
        task=row["task"],
        template_id=details["template_id"],
        created_at=from_micros(row["created_at"]),
        status=BatchStatus(row["status"]),
        base_url=row["base_url"],
        api=Api(details["api"]),
        instructions=overrides.instructions or "",
        parameters=overrides.parameters,
        started_at=None if row["started_at"] is None else from_micros(row["started_at"]),
        ended_at=None if row["ended_at"] is None else from_micros(row["ended_at"]),
        estimate=BatchEstimate(**estimate),
        error=error_from_text(row["error"]),
        is_cancelled=bool(row["is_cancelled"]),
        examples=overrides.examples,
        purpose=Purpose(details["purpose"]),
        held=None if row["held"] is None else Decimal(row["held"]),
        input_file_id=row["input_file_id"],
        batch_id=row["batch_id"],
        remote_done=row["remote_done"],
        counts=BatchCounts(
            usage=usage_from_row(row) or Usage(),
            cost=Decimal(row["cost"]),
            uncounted=row["uncounted"],
        ),
    )


def item_to_row(item: BatchItem) -> Row:
    """Return all columns of `batch_items` except the id, the usage and the cost."""
    prompts = [TextPart(item.prompt)] if item.prompt else []
    attachments = [] if item.part is None else [item.part]
    return {
        "job_id": item.job_id,
        "number": item.number,
        "status": item.status.value,
        "tokens": item.tokens,
        "sha256": item.sha256 or None,
        "name": to_text(item.name),
        "path": to_text(item.path),
        "part": to_json(parts_to_json([*prompts, *attachments])),
        "error": error_to_text(item.error),
        "conversation_id": item.conversation_id,
        "answered_by": to_text(item.answered_by),
        "answer": to_text(item.answer),
    }


def item_from_row(row: Cells) -> BatchItem:
    """Return the item in a row; `answer` is "" if the row was read without it."""
    stored_parts = parts_from_json(json.loads(row["part"]))
    parts = [part for part in stored_parts if isinstance(part, DocumentPart | ImagePart)]
    prompts = [part.text for part in stored_parts if isinstance(part, TextPart)]
    return BatchItem(
        job_id=row["job_id"],
        number=row["number"],
        name=row["name"],
        path=row["path"],
        status=ItemStatus(row["status"]),
        part=parts[0] if parts else None,
        tokens=row["tokens"],
        answer=row["answer"],
        error=error_from_text(row["error"]),
        usage=usage_from_row(row),
        cost=None if row["cost"] is None else Decimal(row["cost"]),
        conversation_id=row["conversation_id"],
        prompt=prompts[0] if prompts else "",
        answered_by=row["answered_by"],
    )
