"""Tools that read the user's data (library, documents, collections, tables), and Python."""

from __future__ import annotations

import asyncio
import json
import re
from asyncio.subprocess import PIPE
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from itertools import islice
from typing import Any, Final, NamedTuple

from desktop_app import sandbox
from desktop_app.child_processes import child_command, start_child
from desktop_app.domain.conversations.conversation import SearchHit
from desktop_app.domain.conversations.message_parts import DocumentPart, PassagesPart
from desktop_app.domain.documents.document_sections import find_sections, unit_of
from desktop_app.domain.error_note import ErrorNote
from desktop_app.domain.tools.tool import (
    NOTHING_FOUND,
    PYTHON_TOOL,
    SEARCH_TOOL,
    ToolContext,
    ToolDefinition,
    ToolError,
)
from desktop_app.i18n.translation import N_
from desktop_app.tools.built_in.built_in import (
    BuiltInTool,
    arguments_schema,
    optional_number_schema,
    text_schema,
)

MAX_JOBS: Final = 4
"""Confined processes at the same time: each may take 512 MB."""
MAX_RUN_S: Final = 110.0
"""Less than the time limit of `query_table`, so that its error names the reason."""
_PIECE_BYTES: Final = 1 << 16
MAX_ANSWER_BYTES: Final = 3 << 20  # in JSON, a character has up to 12 bytes
MAX_HITS: Final = 20
MAX_PASSAGE_TOKENS: Final = 4000
MAX_PAGES: Final = 20
CHARS_PER_PAGE: Final = 4000
"""The characters of a page of a document that has no pages of its own."""
_CONTEXT_CHARS: Final = 300
"""The characters of an excerpt before a word that was found, and from the word on."""
_MATCH_MARKS: Final = {0x02: None, 0x03: None}
"""The characters around matches in a snippet, for `str.translate` to delete."""
_MAX_LISTED_NAMES: Final = 100

SEARCH_LIBRARY: Final = ToolDefinition(
    SEARCH_TOOL,
    "Searches the user’s earlier conversations for words. Returns titles, dates and snippets.",
    arguments_schema(words=text_schema("Words that must all occur")),
    touches=N_("Searches all conversations in the library."),
)
SEARCH_DOCUMENTS: Final = ToolDefinition(
    "search_documents",
    "Searches the documents attached to this conversation and in its projects. Returns passages "
    "with their document and page.",
    arguments_schema(words=text_schema("Words to look for")),
    touches=N_("Searches the files of this conversation and its project."),
)
READ_PAGES: Final = ToolDefinition(
    "read_pages",
    "Reads pages, sheets or sections of a document attached to this conversation, or in one of "
    "its projects.",
    arguments_schema(
        document=text_schema("The name of the document"),
        first=optional_number_schema("The first page, from 1; null for 1"),
        last=optional_number_schema("The last page; null for the first alone"),
    ),
    touches=N_("Reads the files of this conversation and its project."),
)
QUERY_TABLE: Final = ToolDefinition(
    "query_table",
    "Runs one SQL SELECT statement (SQLite) over the CSV files and spreadsheets attached to this "
    "conversation. Tables have the name of the file without its ending, or of the sheet. To see "
    "tables and columns: SELECT name, sql FROM sqlite_schema.",
    arguments_schema(sql=text_schema("A SELECT statement")),
    touches=N_("Reads the tables of this conversation in a confined process."),
    timeout_s=120,
)
PYTHON: Final = ToolDefinition(
    PYTHON_TOOL,
    "Runs Python code without network and files, and returns what it prints. Only the standard "
    "library is certain.",
    arguments_schema(code=text_schema("Python code that prints its results")),
    touches=N_("Runs Python code that can’t use the network or open your files."),
)


Retrieve = Callable[[Sequence[str], str, int], Awaitable[Sequence[PassagesPart]]]
"""Called with the ids of collections, a question, and the largest number of tokens."""


class DocumentTools:
    """The tools that read the user’s data, and Python.

    Args:
        search_library: returns the best texts of conversations with every word, given their
            largest number.
        retrieve: returns the best passages of collections.
        documents_in: returns the documents of the collections with these ids.
        text_of: returns the text of a collection's document with this hash.
    """

    def __init__(
        self,
        search_library: Callable[[str, int], Awaitable[Sequence[SearchHit]]],
        retrieve: Retrieve,
        documents_in: Callable[[Sequence[str]], Awaitable[Sequence[DocumentPart]]],
        text_of: Callable[[str], Awaitable[str]],
    ) -> None:
        self._find_in_library = search_library
        self._retrieve = retrieve
        self._documents_in = documents_in
        self._text_of = text_of
        self._job_slots = asyncio.Semaphore(MAX_JOBS)

    def tools(self) -> list[BuiltInTool]:
        return [
            BuiltInTool(SEARCH_LIBRARY, self._search_library),
            BuiltInTool(SEARCH_DOCUMENTS, self._search_documents),
            BuiltInTool(READ_PAGES, self._read_pages),
            BuiltInTool(QUERY_TABLE, self._query_table, missing_sandbox),
            BuiltInTool(PYTHON, self._run_python, missing_sandbox),
        ]

    async def _search_library(self, arguments: Mapping[str, Any], _context: ToolContext) -> str:
        hits = await self._find_in_library(arguments["words"], MAX_HITS)
        return "\n".join(map(_line_of_hit, hits)) or NOTHING_FOUND

    async def _search_documents(self, arguments: Mapping[str, Any], context: ToolContext) -> str:
        words = arguments["words"]
        excerpts: list[str] = []
        collection_ids = _collections_of(context)
        if collection_ids:
            for part in await self._retrieve(collection_ids, words, MAX_PASSAGE_TOKENS):
                excerpts += [f"[{p.source}]\n{p.text}" for p in part.passages]
        for name, document in _named_documents(documents_of(context)).items():
            text = await context.text_of(document.text_key)
            excerpts += await asyncio.to_thread(_find_passages, name, document, text, words)
        return "\n\n".join(excerpts[:MAX_HITS]) or NOTHING_FOUND

    async def _read_pages(self, arguments: Mapping[str, Any], context: ToolContext) -> str:
        attached_documents = documents_of(context)
        attached_names = {document.sha256: document.name for document in attached_documents}
        collection_documents: Sequence[DocumentPart] = ()
        collection_ids = _collections_of(context)
        if collection_ids:
            collection_documents = await self._documents_in(collection_ids)
        # A document that is both attached and in a collection is listed once, unless it has another
        # name there.
        other_documents = [
            document
            for document in collection_documents
            if attached_names.get(document.sha256) != document.name
        ]
        documents = _named_documents([*attached_documents, *other_documents])
        requested_name = arguments["document"].casefold()
        name = next((n for n in documents if n.casefold() == requested_name), None)
        if name is None:
            known_names = ", ".join(islice(documents, _MAX_LISTED_NAMES)) or "none"
            raise ToolError(f"There is no such document. Documents: {known_names}")
        document = documents[name]
        first_page = arguments["first"] or 1
        last_page = arguments["last"] or first_page
        if not 1 <= first_page <= last_page or last_page - first_page >= MAX_PAGES:
            raise ToolError(f"Choose pages from 1 on, at most {MAX_PAGES} at once.")
        if document.sha256 in attached_names:
            text = await context.text_of(document.text_key)
        else:
            text = await self._text_of(document.sha256)
        pages = await asyncio.to_thread(_split_pages, document, text)
        chosen_pages = pages[first_page - 1 : last_page]
        if not chosen_pages:
            raise ToolError(f"The document has {len(pages)} pages.")
        heading = (
            f"{name}, pages {first_page} to {first_page + len(chosen_pages) - 1} of {len(pages)}"
        )
        folded = document.name.casefold()
        others = [n for n, d in documents.items() if n != name and d.name.casefold() == folded]
        if others:
            heading += f" (others of this name: {', '.join(others[:_MAX_LISTED_NAMES])})"
        return f"{heading}\n\n" + "\n\n".join(chosen_pages)

    async def _query_table(self, arguments: Mapping[str, Any], context: ToolContext) -> str:
        async with self._job_slots:
            documents = [
                {
                    "name": d.name,
                    "media_type": d.media_type,
                    "text": await context.text_of(d.text_key),
                }
                for d in documents_of(context)
            ]
            return await run_job({"kind": "query", "documents": documents, "sql": arguments["sql"]})

    async def _run_python(self, arguments: Mapping[str, Any], _context: ToolContext) -> str:
        async with self._job_slots:
            return await run_job({"kind": "python", "code": arguments["code"]})


def _line_of_hit(hit: SearchHit) -> str:
    """Return the title, date, document and snippet of a hit, on one line."""
    line = f"{hit.title} ({hit.date:%Y-%m-%d}): "
    if hit.document:
        line += f"{hit.document}: "
    if not hit.is_title:  # the snippet would repeat it
        line += hit.snippet.translate(_MATCH_MARKS)
    return " ".join(line.split())


def documents_of(context: ToolContext) -> list[DocumentPart]:
    """Return the documents of a conversation, each once."""
    documents_by_hash = {
        part.sha256: part
        for message in context.messages
        for part in message.sent_parts
        if isinstance(part, DocumentPart)
    }
    return list(documents_by_hash.values())


def _collections_of(context: ToolContext) -> list[str]:
    """Return the ids of the collections whose passages a conversation has, each once."""
    parts = [part for message in context.messages for part in message.passage_parts]
    return list(dict.fromkeys(part.collection_id for part in parts))


def _named_documents(documents: Iterable[DocumentPart]) -> dict[str, DocumentPart]:
    """Return documents by their names; the second “a.pdf” is “a.pdf (2)”."""
    documents_by_name: dict[str, DocumentPart] = {}
    taken_names: set[str] = set()
    # The numbers tried so far. Beginning again is slow for thousands of documents of one name.
    tried_counts: Counter[str] = Counter()
    for document in documents:
        name = document.name
        folded_name = name.casefold()
        while name.casefold() in taken_names:
            tried_counts[folded_name] += 1
            name = f"{document.name} ({tried_counts[folded_name] + 1})"
        taken_names.add(name.casefold())
        documents_by_name[name] = document
    return documents_by_name


def _split_pages(document: DocumentPart, text: str) -> list[str]:
    """Return a document’s pages, sheets or slides, or equal pages if it has none."""
    unit = unit_of(document)
    sections = find_sections(text, unit) if unit else []
    if sections:
        starts = [section.start for section in sections]
        ends = [*starts[1:], len(text)]
        return [text[start:end].strip() for start, end in zip(starts, ends, strict=True)]
    size = CHARS_PER_PAGE
    return [text[start : start + size] for start in range(0, len(text), size)] or [""]


class _Page(NamedTuple):
    """A page of a document, with its number from 1."""

    number: int
    text: str
    folded_text: str


def _find_passages(name: str, document: DocumentPart, text: str, words: str) -> list[str]:
    """Return excerpts of the pages with all words, or with any if no page has all."""
    folded_words = [word.casefold() for word in re.findall(r"\w+", words)]
    if not folded_words:
        return []
    pages = [
        _Page(number, page_text, page_text.casefold())
        for number, page_text in enumerate(_split_pages(document, text), 1)
    ]
    matches = [page for page in pages if all(word in page.folded_text for word in folded_words)]
    if not matches:
        matches = [page for page in pages if any(word in page.folded_text for word in folded_words)]
    excerpts = []
    for page in matches[:MAX_HITS]:
        positions = (page.folded_text.find(w) for w in folded_words if w in page.folded_text)
        # Nearly that in the text itself: folding lengthens few letters (ß is ss).
        position = min(positions)
        excerpt = page.text[max(0, position - _CONTEXT_CHARS) : position + _CONTEXT_CHARS].strip()
        excerpts.append(f"[{name}, page {page.number}]\n{excerpt}")
    return excerpts


def missing_sandbox() -> ErrorNote | None:
    """Return the first reason why this computer cannot confine a process; None if it can."""
    return next(map(ErrorNote, sandbox.detect_mechanisms().missing), None)


async def run_job(job: dict[str, Any]) -> str:
    """Return the result of a job, as described in tool_process.py.

    Raises:
        ToolError: it failed, took too long, or used up its memory.
    """
    data = await asyncio.to_thread(lambda: json.dumps(job).encode())
    try:
        process = await start_child(
            child_command("tool"), stdin=PIPE, stdout=PIPE, stderr=asyncio.subprocess.DEVNULL
        )
    except OSError as error:
        raise ToolError("The confined process could not be started.") from error
    try:
        async with asyncio.timeout(MAX_RUN_S):
            answer = await _exchange(process, data)
            await process.wait()
    except TimeoutError as error:
        raise ToolError(f"It took longer than {MAX_RUN_S:.0f} s and was stopped.") from error
    finally:
        if process.returncode is None:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()
    return _parse_answer(answer)


async def _exchange(process: asyncio.subprocess.Process, job: bytes) -> bytes:
    assert process.stdin is not None
    assert process.stdout is not None
    with suppress(ConnectionError):
        # In pieces, because the transport copies all bytes that do not fit into the pipe.
        for offset in range(0, len(job), _PIECE_BYTES):
            process.stdin.write(job[offset : offset + _PIECE_BYTES])
            await process.stdin.drain()
        process.stdin.close()
    answer = b""
    while piece := await process.stdout.read(_PIECE_BYTES):
        answer += piece
        if len(answer) > MAX_ANSWER_BYTES:
            raise ToolError("The output is too long.")
    return answer


def _parse_answer(answer: bytes) -> str:
    """Return the result in an answer, which the untrusted code may have written itself."""
    try:
        reply = json.loads(answer)
    except (ValueError, RecursionError) as error:
        raise ToolError(
            "It ended without a result. It may have used too much memory or processor time."
        ) from error
    result = reply.get("result") if isinstance(reply, dict) else None
    if isinstance(result, str):
        return result
    problem = reply.get("error") if isinstance(reply, dict) else None
    raise ToolError(problem if isinstance(problem, str) else "It failed.")
