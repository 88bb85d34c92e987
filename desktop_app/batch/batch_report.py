"""Reports of a batch job: a CSV table, or Markdown with a heading for each file."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final

from desktop_app.batch.batch_wording import item_error_text
from desktop_app.domain.answering.answer_form import FormSource
from desktop_app.domain.batch_jobs import BatchItem, BatchJob
from desktop_app.domain.conversations.message_facts import other_model_fact
from desktop_app.domain.json_table import MAX_COLUMNS, row_of
from desktop_app.exchange.csv_cell import escape_cell
from desktop_app.i18n.formatting import exact_money, moment, money
from desktop_app.i18n.translation import tr, tr_plural
from desktop_app.markdown.parsing.parser import parser

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
