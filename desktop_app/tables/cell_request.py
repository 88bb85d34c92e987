"""The request of a cell: its prompt with the row's values, its documents, and its settings.

Both ways of asking make requests here, now and by batch, and both store an answer as it is read
here.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from functools import lru_cache
from math import ceil
from typing import Final

from desktop_app.chat.attachments.image_attachments import attached_image_tokens, page_tokens
from desktop_app.chat.cost_estimate import MESSAGE_OVERHEAD, usable_input
from desktop_app.chat.passage_context import passages_block
from desktop_app.chat.send_context import AskSettings
from desktop_app.documents.token_counting import ProviderTokenCounter
from desktop_app.domain import hints
from desktop_app.domain.answering.answer_form import (
    AnswerSchema,
    FormKind,
    FormSource,
    SchemaFormat,
)
from desktop_app.domain.conversations.conversation import REFUSED, Draft, MessageStatus
from desktop_app.domain.conversations.message_parts import DocumentPart, ImagePart
from desktop_app.domain.error_note import ErrorNote, error_from_note
from desktop_app.domain.errors import AttachmentMissingError, IllegalChoiceError
from desktop_app.domain.graphemes import shorten
from desktop_app.domain.models.model_catalog import ModelInfo
from desktop_app.domain.models.token_counts import MAX_GUESSED_CHARACTERS, guessed_tokens
from desktop_app.domain.prompt_delimiter import SAMPLE_DELIMITER
from desktop_app.domain.value import Value
from desktop_app.i18n.translation import N_
from desktop_app.providers.jobs.batch_jobs import SCHEMA_PROBLEM
from desktop_app.providers.models.choice_resolution import ResolvedChoice
from desktop_app.providers.ports import AttachmentSource
from desktop_app.tables.answer_fields import (
    CITE_PAGES,
    ReadDocument,
    cited_pages,
    parse_answer,
    schema_of,
)
from desktop_app.tables.asked import asked_hash
from desktop_app.tables.checks import FILLED, JUDGE, failure_of
from desktop_app.tables.stored_cells import CellId, StoredAnswer
from desktop_app.tables.table import (
    WHOLE,
    Cell,
    CellState,
    CellValue,
    Check,
    Column,
    Question,
    Row,
    Table,
)
from desktop_app.tables.template import asks_about_document, filled, find_reference, words
from desktop_app.tools.schema_check import check_answer

_BLOCK_TOKENS: Final = 60
"""Tokens around the text of a document: its name, its pages, the explanation of its tags."""
_KEPT_DOCUMENTS: Final = 8
EMPTY_RESPONSE: Final = "empty_response"
"""The code of the error of a cell whose answer has no text."""
DECLINED: Final = ErrorNote(N_("The model declined."), code=REFUSED)
_DECLINED_FOR: Final = ErrorNote(N_("The model declined: {words}"))
_MAX_REASON_CHARS: Final = 300


class CellRequest(Value, frozen=True):
    """What is asked of a cell.

    Attributes:
        conversation_id: names the tags around documents, and the provider's cache: cells about the
            same documents begin with the same bytes.
        documents: those that are sent as text, in which citations are looked up.
        checks: those of the column and of the row, with the row's values.
        asked: the hash of all that is asked: see `asked`.
    """

    cell: CellId
    question: Question
    draft: Draft
    settings: AskSettings
    conversation_id: str
    documents: tuple[DocumentPart, ...]
    checks: tuple[Check, ...]
    asked: str


def cell_request(table: Table, column: Column, row: Row, cells: Mapping[str, Cell]) -> CellRequest:
    """Return the request of a cell.

    Args:
        cells: those of the row, with whole values, by column id.

    Raises:
        IllegalChoiceError: a column that the prompt names has no answer in this row, the row's
            document cannot be read, or there is nothing to ask.
    """
    question = column.question
    assert question is not None
    parts: tuple[DocumentPart | ImagePart, ...] = ()
    data = ""
    is_whole = question.is_literal or question.sends_documents
    if asks_about_document(table, question):
        if row.error is not None:
            raise error_from_note(row.error)
        parts = row.parts
        # Each row would be asked the same otherwise.
        data = "" if parts or is_whole else _data_of(table, cells)
    prompt = question.prompt.strip()
    texts = [check.value for check in question.checks if check.kind in FILLED]
    texts += [] if question.is_literal else [prompt]
    values = {word: _value_of(table, word, row, cells) for text in texts for word in words(text)}
    prompt = prompt if question.is_literal else filled(prompt, values)
    if not prompt.strip() and not (parts and question.sends_documents):
        raise IllegalChoiceError(N_("The question is empty in this row."))
    if data:
        prompt = f"{prompt}\n\n{data}"
    documents = tuple(part for part in parts if isinstance(part, DocumentPart))
    unit = _unit_of(documents)
    form = question.overrides.parameters.form
    if unit and not question.fields and not form and not is_whole:
        prompt = f"{prompt}\n\n{CITE_PAGES.format(unit=unit)}"
    overrides = question.overrides
    schema = _own_schema(form)
    if question.fields:
        schema = schema_of(question.fields, unit if documents else None)
    if schema is not None:
        form = ""
    settings = AskSettings(
        instructions=overrides.instructions or "",
        parameters=replace(overrides.parameters, tools=(), form=form, candidates=1),
        examples=overrides.examples,
        requested=overrides.names,
        schema=schema,
    )
    checks = tuple(_filled_check(check, values) for check in question.checks)
    return CellRequest(
        CellId(row.id, column.id),
        question,
        Draft(prompt, parts),
        settings,
        _conversation_id(settings, parts, column),
        documents,
        (*checks, *row.checks),
        asked_hash(table, column, row, cells),
    )


@lru_cache(maxsize=4)
def _own_schema(form: str) -> AnswerSchema | None:
    """Return the schema in a setting, which was checked when it was set; None if there is none."""
    source = FormSource.from_setting(form)
    if source is None or source.kind is not FormKind.SCHEMA:
        return None
    return AnswerSchema(source.answer_name, json.loads(source.text))


def for_model(request: CellRequest, model: ModelInfo) -> CellRequest:
    """Return the request for a model; one that takes no schema gets it in words."""
    schema = request.settings.schema
    if schema is None or model.takes_schema is not False:
        return request
    words = replace(schema, strictest=SchemaFormat.PROMPT).prompt
    return replace(request, draft=replace(request.draft, text=f"{request.draft.text}\n\n{words}"))


def _value_of(table: Table, word: str, row: Row, cells: Mapping[str, Cell]) -> str:
    found = find_reference(table, word)
    if found is None:
        if not row.parts:
            raise IllegalChoiceError(N_("This row has no document."))
        return ", ".join(f"“{part.name}”" for part in row.parts)
    cell = cells.get(found.column.id)
    parts = found.column.parts
    if found.column.question and not any(part in parts for part in (cell.values if cell else ())):
        raise IllegalChoiceError(
            N_("Column “{name}” has no answer in this row."), name=found.column.name
        )
    if cell is None:
        return ""
    if found.part is not None:
        return cell.text(found.part)
    return "\n".join(f"{part}: {cell.text(part)}" for part in found.column.parts)


def _data_of(table: Table, cells: Mapping[str, Cell]) -> str:
    """Return the data of a row: a line for each column that has a value."""
    data = {c.name: cells[c.id].text() for c in table.columns if not c.question and c.id in cells}
    return "\n".join(f"{name}: {text}" for name, text in data.items() if text)


def _filled_check(check: Check, values: Mapping[str, str]) -> Check:
    if check.kind in FILLED:
        return replace(check, value=filled(check.value, values))
    return check


def _unit_of(documents: Sequence[DocumentPart]) -> str:
    """Return the unit of the pages that an answer cites; "" if it cites none."""
    from desktop_app.domain.documents.document_sections import unit_of

    return unit_of(documents[0]) if len(documents) == 1 else ""


def _conversation_id(
    settings: AskSettings, parts: Sequence[DocumentPart | ImagePart], column: Column
) -> str:
    hashes = [part.sha256 for part in parts]
    content = json.dumps([settings.counted_instructions, hashes or column.id])
    return hashlib.sha256(content.encode("utf-8", "surrogatepass")).hexdigest()[:32]


# ------------------------------------------------------------------ size


def likely_tokens(
    request: CellRequest, resolved: ResolvedChoice, counter: ProviderTokenCounter
) -> tuple[int, int]:
    """Return about how many tokens a request has, without counting its text, and the most.

    A token of text has a byte at least.
    """
    rate = counter.tokenizer_rate(resolved.profile, resolved.model.id) or 1
    schema = request.settings.schema
    texts = [request.draft.text, request.settings.counted_instructions]
    texts += [schema.sent_text] if schema else []
    texts += [passages_block(part, SAMPLE_DELIMITER) for part in request.question.passages]
    likely = sum(ceil(_guess(text) * rate) for text in texts)
    most = max(likely, sum(len(text.encode("utf-8", "surrogatepass")) for text in texts))
    total = 2 * MESSAGE_OVERHEAD
    for part in request.draft.question_attachments:
        if isinstance(part, ImagePart):
            total += attached_image_tokens(part, resolved.model).tokens
        else:
            total += ceil(_document_tokens(part) * rate) + _BLOCK_TOKENS
            total += page_tokens(part, resolved.model).tokens
    return total + likely, total + most


def _guess(text: str) -> float:
    beginning = text[:MAX_GUESSED_CHARACTERS]
    return guessed_tokens(beginning) * len(text) / max(1, len(beginning))


def _document_tokens(part: DocumentPart) -> int:
    if part.sent_tokens is not None:
        return part.sent_tokens
    tokens = part.size // 4 if part.tokens is None else part.tokens
    return tokens if part.chosen is None else ceil(tokens * part.chosen.count / part.chosen.of)


def require_fit(tokens: int, resolved: ResolvedChoice) -> None:
    """Raise IllegalChoiceError if a request is too large for the model."""
    limit = usable_input(resolved.model)
    if limit is not None and tokens > limit:
        raise IllegalChoiceError(
            N_("Too large: about {tokens} tokens, but {model} accepts {limit}."),
            hint=hints.READ_IN_PARTS,
            tokens=tokens,
            model=resolved.model.name,
            limit=limit,
        )


# ------------------------------------------------------------------ the answer


class RowDocuments:
    """The documents of rows that are being asked, in which citations are looked up."""

    def __init__(self, attachments: AttachmentSource) -> None:
        self._attachments = attachments
        self._read: dict[tuple[str, object], ReadDocument] = {}

    async def of(self, request: CellRequest) -> list[ReadDocument]:
        """Return the documents of a request with their texts, those that are still there.

        Raises:
            StorageError: the store cannot be read.
        """
        found = []
        for part in request.documents:
            key = (part.text_key, part.chosen)
            document = self._read.pop(key, None)
            if document is None:
                try:
                    text = await self._attachments.text(part.text_key)
                except AttachmentMissingError:  # an answer that was paid for is kept without it
                    continue
                document = await asyncio.to_thread(ReadDocument, part, text)
            self._read[key] = document  # the last used is the last
            while len(self._read) > _KEPT_DOCUMENTS:
                del self._read[next(iter(self._read))]
            found.append(document)
        return found


def read_answer(
    request: CellRequest,
    documents: Sequence[ReadDocument],
    text: str,
    status: MessageStatus,
    error: ErrorNote | None,
    cost: Decimal | None = None,
    seconds: float | None = None,
) -> StoredAnswer:
    """Return an answer with its values and checks. Takes a while: call it in a thread.

    An empty answer fails, and is checked nevertheless. A judge's checks are left out, and until
    they are made it is open if the answer passes.
    """
    values: Mapping[str, CellValue] = {}
    is_answer = status in (MessageStatus.COMPLETE, MessageStatus.INCOMPLETE)
    if is_answer and (shown := text.strip()):
        if request.question.fields:
            parsed = parse_answer(request.question.fields, shown, documents)
            values, error = parsed.values, error or parsed.error
        else:
            values = {WHOLE: CellValue.of(shown, cited_pages(shown, documents))}
            error = error or _schema_error(request.settings.schema, shown)
    elif status is MessageStatus.REFUSED:
        words = shorten(" ".join(text.split()), _MAX_REASON_CHARS)
        declined = replace(_DECLINED_FOR, params={"words": words}) if words else DECLINED
        error = replace(error or declined, code=REFUSED)
    else:
        error = error or ErrorNote(N_("The response is empty."), code=EMPTY_RESPONSE)
    failures = []
    checks = [check for check in request.checks if check.kind != JUDGE]
    if is_answer:
        for check in checks:
            value = values.get(check.field)
            checked = text if check.field == WHOLE else value.text if value else ""
            failures.append(failure_of(check, checked, cost, seconds))
    failed = tuple(filter(None, failures))
    has_judge = len(checks) < len(request.checks)
    return StoredAnswer(
        request.cell,
        CellState.DONE if error is None else CellState.FAILED,
        text,
        values or None,
        error=error,
        judge_cost=Decimal(0) if has_judge else None,
        has_passed=not failed if failures and not has_judge else None,
        failures=failed,
        asked=request.asked,
    )


def _schema_error(schema: AnswerSchema | None, text: str) -> ErrorNote | None:
    """Return the first place where an answer does not match a schema; None if it does."""
    problems = check_answer(schema.schema, text).problems if schema is not None else ()
    if not problems:
        return None
    return ErrorNote(
        N_("The response doesn’t match the schema. {path}: {words}"),
        params={"path": problems[0].path, "words": problems[0].reason},
        code=SCHEMA_PROBLEM,
    )


def is_complete(error: ErrorNote | None) -> bool:
    """Return True if an answer came to its end, even if its content is wrong."""
    return error is None or error.code in (SCHEMA_PROBLEM, EMPTY_RESPONSE)


def judged_checks(request: CellRequest) -> list[Check]:
    """Return the checks of a request that a model judges."""
    return [check for check in request.checks if check.kind == JUDGE]
