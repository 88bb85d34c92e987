"""The fields of an answer: their JSON Schema, their values, and where a document says so.

For a document, the model names with each value the words that say so, and their page. Neither is
believed: the words are looked up in the document, and their place there counts. If they are not
there, the page counts if the document has it.
"""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

from desktop_app.domain.answering.answer_form import AnswerSchema
from desktop_app.domain.conversations.message_parts import DocumentPart
from desktop_app.domain.documents.document_sections import find_sections, unit_of
from desktop_app.domain.documents.passage_matching import Letters, letters_of
from desktop_app.domain.error_note import ErrorNote
from desktop_app.i18n.translation import N_
from desktop_app.tables.table import CellValue, Citation, Field, FieldType
from desktop_app.tables.values import Value, ValueType, read_date, read_number, read_yes
from desktop_app.tools.schema_check import decode, json_of_answer

_MIN_QUOTE_LETTERS: Final = 8
_MAX_QUOTE_CHARS: Final = 1_000
_MAX_WRAPPERS: Final = 2
_TYPES: Final[Mapping[FieldType, str]] = {
    FieldType.TEXT: "string",
    FieldType.NUMBER: "number",
    FieldType.INTEGER: "integer",
    FieldType.YES_NO: "boolean",
    FieldType.DATE: "string",
    FieldType.CHOICE: "string",
}
_PAGE_MARK: Final = re.compile(r"\[(?:page|slide|sheet|chapter)s? ([0-9]{1,6})\]", re.IGNORECASE)
CITE_PAGES: Final = "After each statement, name the {unit} that it is from in the form [{unit} 3]."


class ReadDocument:
    """A document of a row, with its text, in which quotations are looked up."""

    def __init__(self, part: DocumentPart, text: str) -> None:
        self.part = part
        self.text = text
        self.unit = unit_of(part)
        self._sections = find_sections(text, self.unit) if self.unit else []
        self._starts = [section.start for section in self._sections]
        self._letters: Letters | None = None

    def page_at(self, offset: int) -> int | None:
        """Return the number of the page at an offset of the text; None without pages."""
        index = bisect_right(self._starts, offset) - 1
        return self._sections[index].number if index >= 0 else None

    def has_page(self, page: int) -> bool:
        """Return True if the document has a page and it was sent."""
        chosen = self.part.chosen
        return 1 <= page <= (self.part.pages or 0) and (chosen is None or page in chosen)

    def find(self, quote: str, page: int | None) -> Citation | None:
        """Return the place of quoted words, the nearest to a page; None if they are not there.

        Only letters and digits are compared: models change spaces, hyphens and quotation marks.
        """
        sought = letters_of(quote)
        if len(sought) < _MIN_QUOTE_LETTERS and not self.text.count(quote):
            return None
        if self._letters is None:
            self._letters = Letters(enumerate(self.text))
        letters = self._letters
        found: list[tuple[int, int]] = []
        at = letters.text.find(sought)
        while at >= 0 and sought and len(found) < 100:
            start = letters.positions[at]
            end = letters.positions[at + len(sought) - 1] + 1
            if (place := self.page_at(start)) is None or self.has_page(place):
                found.append((start, end))
            at = letters.text.find(sought, at + 1)
        if not found:
            return None
        start, end = next((each for each in found if self.page_at(each[0]) == page), found[0])
        return Citation(self.part.sha256, self.page_at(start), quote[:_MAX_QUOTE_CHARS], start, end)


def schema_of(fields: Sequence[Field], unit: str | None) -> AnswerSchema:
    """Return the schema of an answer with these fields.

    Args:
        unit: of the pages of a document that the values are from; "" for one without pages, None
            without a document.
    """
    properties: dict[str, Any] = {}
    for field in fields:
        value = _value_schema(field)
        if unit is not None:
            cited: dict[str, Any] = {
                "value": value,
                "quote": {
                    "type": ["string", "null"],
                    "description": "The words of the document that say so, copied exactly.",
                },
            }
            if unit:
                cited["page"] = {
                    "type": ["integer", "null"],
                    "description": f"The number of the {unit} with these words.",
                }
            value = _object(cited)
        properties[field.name] = value
    return AnswerSchema("row", _object(properties))


def _object(properties: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def _value_schema(field: Field) -> dict[str, Any]:
    description = field.description
    if field.type is FieldType.LIST:
        schema: dict[str, Any] = {"type": "array", "items": {"type": "string"}}
    else:
        schema = {"type": [_TYPES[field.type], "null"]}
    if field.type is FieldType.CHOICE:
        schema["enum"] = [*field.choices, None]
    if field.type is FieldType.DATE:
        description = f"{description} As YYYY-MM-DD.".strip()
    return {**schema, "description": description} if description else schema


class ParsedAnswer(NamedTuple):
    """The values of an answer, and why it does not follow its fields; None if it does."""

    values: Mapping[str, CellValue]
    error: ErrorNote | None


def parse_answer(
    fields: Sequence[Field], answer: str, documents: Sequence[ReadDocument]
) -> ParsedAnswer:
    """Return the values of an answer. Takes a while: call it in a thread.

    Servers without schemas get it in words, which small models follow in their own form: keys in
    other case, an object around them, a sentence before. A value of the wrong type is converted if
    that loses nothing ("12" to a number), and else left empty, as one whose key is missing; the
    error names the first of them.
    """
    found = _object_of(fields, answer)
    if found is None:
        return ParsedAnswer({}, ErrorNote(N_("The response isn’t the JSON that the fields need.")))
    folded = {_folded(key): value for key, value in found.items()}
    values: dict[str, CellValue] = {}
    errors: list[ErrorNote] = []
    for field in fields:
        params = {"name": field.name}
        if field.name not in found and _folded(field.name) not in folded:
            errors.append(ErrorNote(N_("The response lacks “{name}”."), params=params))
            continue
        value = found.get(field.name, folded.get(_folded(field.name)))
        citations: tuple[Citation, ...] = ()
        if isinstance(value, dict) and "value" in (cited := {_folded(k): value[k] for k in value}):
            value = cited["value"]
            if documents and value not in (None, "", []):
                citations = _citations(cited, documents)
        read = value_in(field, value)
        if read is None:
            note = N_("The response has no valid value for “{name}”.")
            errors.append(ErrorNote(note, params=params))
        values[field.name] = CellValue.of(read or Value(""), citations)
    return ParsedAnswer(values, errors[0] if errors else None)


def _object_of(fields: Sequence[Field], answer: str) -> dict[str, Any] | None:
    """Return the object with the fields in an answer; None if there is none."""
    names = {_folded(field.name) for field in fields}
    for text in (json_of_answer(answer), *_objects_in(answer)):
        try:
            found = decode(text)
        except (ValueError, RecursionError):
            continue
        for _ in range(_MAX_WRAPPERS):
            if isinstance(found, dict) and names.isdisjoint(map(_folded, found)):
                found = list(found.values())
            if not isinstance(found, list) or len(found) != 1 or not isinstance(found[0], dict):
                break
            found = found[0]
        if isinstance(found, dict):
            return found
    return None


def _objects_in(answer: str) -> Iterator[str]:
    """Yield the text from the first brace to the last, without what a model says around it."""
    start, end = answer.find("{"), answer.rfind("}")
    if 0 <= start < end:
        yield answer[start : end + 1]


def _folded(name: str) -> str:
    return " ".join(re.split(r"[\s_-]+", name.casefold())).strip()


def value_in(field: Field, given: Any) -> Value | None:
    """Return the value of a field, empty for none; None if it is not of the field's type.

    Words that mean a number or a day are taken: "$1,250", "25%", "30 November 2026".
    """
    if given is None or (isinstance(given, str) and not given.strip()):
        return Value("")
    if isinstance(given, float) and given.is_integer() and abs(given) < 10**15:
        given = int(given)
    text = given if isinstance(given, str) else json.dumps(given, ensure_ascii=False)
    match field.type:
        case FieldType.LIST:
            items = given if isinstance(given, list) else str(given).split("\n")
            if not all(isinstance(item, str | int | float) for item in items):
                return None
            return Value("\n".join(" ".join(str(item).split()) for item in items))
        case FieldType.YES_NO:
            return read_yes(text)
        case FieldType.NUMBER | FieldType.INTEGER:
            found = None if isinstance(given, list | dict | bool) else read_number(text)
            if found is None and isinstance(given, int) and not isinstance(given, bool):
                return Value(text, ValueType.NUMBER, "0")
            is_whole = found is None or found.number is None or found.number.is_integer()
            return found if is_whole or field.type is FieldType.NUMBER else None
        case FieldType.DATE:
            return read_date(text)
        case FieldType.CHOICE:
            alike = (each for each in field.choices if each.casefold() == text.strip().casefold())
            choice = text.strip() if text.strip() in field.choices else next(alike, None)
            return None if choice is None else Value(choice)
    return Value(text)


def _citations(value: Mapping[str, Any], documents: Sequence[ReadDocument]) -> tuple[Citation, ...]:
    """Return the place that a value names, if it is in one of the documents."""
    quote, page = value.get("quote"), value.get("page")
    quote = quote.strip() if isinstance(quote, str) else ""
    page = page if isinstance(page, int) and not isinstance(page, bool) else None
    for document in documents:
        if quote and (found := document.find(quote, page)) is not None:
            return (found,)
    if page is not None and len(documents) == 1 and documents[0].has_page(page):
        return (Citation(documents[0].part.sha256, page, quote[:_MAX_QUOTE_CHARS]),)
    return ()


def cited_pages(answer: str, documents: Sequence[ReadDocument]) -> tuple[Citation, ...]:
    """Return the pages that an answer without fields names, such as "[page 3]", each once."""
    if len(documents) != 1:
        return ()
    pages = dict.fromkeys(int(match[1]) for match in _PAGE_MARK.finditer(answer))
    document = documents[0]
    return tuple(Citation(document.part.sha256, page) for page in pages if document.has_page(page))
