"""The results of a batch job: a CSV table, Markdown with a heading for each file, or JSON."""

from __future__ import annotations

import asyncio
import csv
import io
import json
import re
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, Final

from desktop_app.batch.batch_jobs import BatchJobs
from desktop_app.batch.batch_wording import item_error_text
from desktop_app.chat.send_context import AskSettings
from desktop_app.cli.output_file import partial_file, unwritable_error
from desktop_app.domain.answering.answer_form import FormSource
from desktop_app.domain.conversations.message_facts import other_model_fact
from desktop_app.domain.conversations.notices import NoticeCode, NoticeText, notice
from desktop_app.domain.csv_cell import escape_cell
from desktop_app.domain.json_table import MAX_COLUMNS, row_of
from desktop_app.domain.models.model_catalog import Api, ModelCatalog
from desktop_app.domain.models.parameter_support import api_notices, model_notices
from desktop_app.i18n.formatting import exact_money, moment, money
from desktop_app.i18n.translation import in_english, tr, tr_plural
from desktop_app.markdown.parsing.parser import parser
from desktop_app.providers.jobs.batch_jobs import BatchItem, BatchJob
from desktop_app.providers.models.choice_resolution import ResolvedChoice


async def write_report(
    jobs: BatchJobs, catalog: ModelCatalog, job: BatchJob, format_: str, target: Path
) -> None:
    """Write a job's report, "markdown" or "csv", to a file.

    Raises:
        StorageError: the report cannot be written there.
    """
    # Without the byte order mark, spreadsheets assume the system's legacy encoding.
    encoding = "utf-8-sig" if format_ == "csv" else "utf-8"
    try:
        with (
            partial_file(target) as file,
            file.open("w", encoding=encoding, errors="replace", newline="") as stream,
        ):
            async for piece in report_pieces(jobs, catalog, job, format_):
                await asyncio.to_thread(stream.write, piece)
    except OSError as exc:
        raise unwritable_error(target, exc) from exc


async def report_pieces(
    jobs: BatchJobs,
    catalog: ModelCatalog,
    job: BatchJob,
    format_: str,
    escape: Callable[[str], str] = str,
) -> AsyncIterator[str]:
    """Yield the text of a report: its head, then a page of items at a time.

    A report is in English on every system, so that scripts can read it.

    Args:
        format_: "markdown" or "csv".
        escape: makes the title, names, models and errors safe to display. The default leaves them
            as they are, for a file.
    """
    job = replace(job, title=escape(job.title))

    def parts(items: list[BatchItem]) -> Iterator[str]:
        """Yield the head of the report, then the text of these items."""

        def error_text(item: BatchItem) -> str:
            return escape(item_error_text(item))

        if format_ == "csv":
            return csv_report(job, items, error_text)
        return markdown_report(job, items, lambda model: catalog.info(model).name, error_text)

    with in_english():  # not around a `yield`, whose caller uses the user's language
        head = "".join(parts([]))
    yield head
    last_number = 0
    while page := await jobs.page(job, last_number):
        last_number = page[-1].number
        with in_english():
            _head, *item_texts = parts(
                [
                    replace(item, name=escape(item.name), answered_by=escape(item.answered_by))
                    for item in page
                ]
            )
        yield "".join(item_texts)


def job_json(job: BatchJob) -> dict[str, Any]:
    """Return a job, without its files, as JSON values."""
    choice = job.choice
    counts = job.counts
    estimate = job.estimate
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
        "cost_usd": f"{counts.cost:f}",
        "estimate_usd": None if estimate.cost is None else f"{estimate.cost:f}",
        "error": job.error.sentences if job.error else None,
        "created_at": job.created_at.isoformat(),
        "started_at": job.started_at.isoformat() if job.started_at else None,
        "ended_at": job.ended_at.isoformat() if job.ended_at else None,
        "batch_ids": [*job.batch_ids],
    }


async def job_and_items_json(jobs: BatchJobs, job: BatchJob) -> dict[str, Any]:
    """Return a job with its files (its items) as JSON values."""
    items: list[dict[str, Any]] = []
    last_number = 0
    while page := await jobs.page(job, last_number):
        last_number = page[-1].number
        items += [_item_json(job, item) for item in page]
    return {**job_json(job), "items": items}


def _parsed_answer(job: BatchJob, item: BatchItem) -> Any:
    """Return the JSON value of an answer, if the job has a schema; else None."""
    if not job.parameters.form or item.error or not item.answer:
        return None
    try:
        return json.loads(item.answer)
    except (ValueError, RecursionError):  # "answer" has the text all the same
        return None


def _item_json(job: BatchJob, item: BatchItem) -> dict[str, Any]:
    return {
        "name": item.name,
        "status": item.status.value,
        "answered_by": item.answered_by or None,
        "answer": item.answer,
        "parsed": _parsed_answer(job, item),
        "error": item_error_text(item) or None,
        "usage": asdict(item.usage) if item.usage else None,
        "cost_usd": None if item.cost is None else f"{item.cost:f}",
    }


def job_notices(settings: AskSettings, resolved: ResolvedChoice, api: Api) -> list[NoticeText]:
    """Return the notices on settings that the job leaves out or changes."""
    notices: list[NoticeText] = [resolved.notice] if resolved.notice else []
    notices += model_notices(
        parameters=settings.parameters,
        accepted=settings.parameters,
        requested=settings.requested,
        profile=resolved.profile,
        info=resolved.model,
        effort=resolved.effort,
    )
    notices += api_notices(
        parameters=settings.parameters,
        requested=settings.requested,
        profile=resolved.profile,
        info=resolved.model,
        effort=resolved.effort,
        api=api,
    )
    if settings.parameters.candidates > 1:
        notices.append(notice(NoticeCode.SETTING_NOT_IN_API, setting="n", api="Batch API"))
    return notices


_HEADING: Final = re.compile(r"^ {0,3}(?:#|=+[ \t\r]*$|-+[ \t\r]*$)", re.MULTILINE)
_LINE_END: Final = re.compile(r"\r\n?|\n")
COLUMNS: Final = (
    "name",
    "status",
    "answer",
    "error",
    "input_tokens",
    "output_tokens",
    "cost_usd",
    "answered_by",
)


def answer_fields(job: BatchJob) -> tuple[str, ...]:
    """Return the names of the answers' fields by the job's schema; () without a schema."""
    source = FormSource.from_setting(job.parameters.form)
    try:
        schema = {} if source is None else json.loads(source.text)
    except (ValueError, RecursionError):
        return ()
    properties = schema.get("properties") if isinstance(schema, dict) else None
    return tuple(properties)[:MAX_COLUMNS] if isinstance(properties, dict) else ()


def _field_cells(item: BatchItem, names: Sequence[str]) -> tuple[str, ...]:
    """Return the cells of a file's answer, one for each field; "" for a missing field."""
    if not names:
        return ()
    try:
        value = json.loads(item.answer) if item.answer else {}
        return row_of(value if isinstance(value, dict) else {}, names)
    except (ValueError, RecursionError):  # a value that can just be read is too deep to be written
        return ("",) * len(names)


def csv_report(
    job: BatchJob,
    items: Iterable[BatchItem],
    error_text: Callable[[BatchItem], str] = item_error_text,
) -> Iterator[str]:
    """Yield the headings, then a row for each file (RFC 4180).

    If the job has a schema, a column for each of its fields follows.
    """
    names = answer_fields(job)
    yield _csv_line((*COLUMNS, *(f"answer.{name}" for name in names)))
    for item in items:
        usage = item.usage
        yield _csv_line(
            (
                item.name,
                item.status.value,
                item.answer,
                error_text(item),
                "" if usage is None else str(usage.input_tokens),
                "" if usage is None else str(usage.output_tokens),
                "" if item.cost is None else f"{item.cost:f}",
                item.answered_by,
                *_field_cells(item, names),
            )
        )


def _csv_line(cells: Iterable[str]) -> str:
    line = io.StringIO()
    csv.writer(line).writerow([escape_cell(cell) for cell in cells])
    return line.getvalue()


def markdown_report(
    job: BatchJob,
    items: Iterable[BatchItem],
    name_of_model: Callable[[str], str],
    error_text: Callable[[BatchItem], str] = item_error_text,
) -> Iterator[str]:
    """Yield the job, then each file under a heading."""
    task = "\n".join(f"> {line}".rstrip() for line in job.task.strip().splitlines())
    yield f"# {_one_line(job.title)}\n\n{_job_facts(job, name_of_model)}\n\n{task}\n"
    for item in items:
        yield f"\n## {_one_line(item.name)}\n\n{_item_facts(job, item)}\n"
        if item.error:
            yield f"\n*{_one_line(error_text(item))}*\n"
        if item.answer:
            yield f"\n{_demote_headings(item.answer.strip())}\n"


def _job_facts(job: BatchJob, name_of_model: Callable[[str], str]) -> str:
    counts = job.counts
    effort = job.choice.effort
    model = name_of_model(job.choice.model)
    facts = [
        tr(job.status.text),
        tr("{answered} of {total} answered", answered=counts.answered, total=counts.total),
        tr("{model}, {effort}", model=model, effort=tr(effort.label)) if effort else model,
        tr_plural(
            "{count} token",
            "{count} tokens",
            counts.usage.input_tokens + counts.usage.output_tokens,
        ),
        money(counts.cost),
        moment(job.started_at or job.created_at),
    ]
    return " · ".join(facts)


def _item_facts(job: BatchJob, item: BatchItem) -> str:
    facts = [tr(item.status.text)]
    if model_fact := other_model_fact(job.choice, item.answered_by):
        facts.append(model_fact)
    if item.usage is not None:
        tokens = item.usage.input_tokens + item.usage.output_tokens
        facts.append(tr_plural("{count} token", "{count} tokens", tokens))
    if item.cost is not None:
        facts.append(exact_money(item.cost))
    return " · ".join(facts)


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _demote_headings(markdown: str) -> str:
    """Lower headings outside lists and quotes by two levels, below that of the file."""
    if not _HEADING.search(markdown):
        return markdown
    lines = _LINE_END.split(markdown)
    for token in parser().parse(markdown, {}):
        if token.type != "heading_open" or token.level or token.map is None:
            continue
        first, end = token.map
        signs = "#" * min(int(token.tag.removeprefix("h")) + 2, 6)
        if token.markup.startswith("#"):
            lines[first] = lines[first].replace(token.markup, signs, 1)
        else:  # underlined
            text = " ".join(map(str.strip, lines[first : end - 1]))
            lines[first:end] = [f"{signs} {text}", *[""] * (end - first - 1)]
    return "\n".join(lines)
