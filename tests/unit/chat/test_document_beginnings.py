"""Documents of which only the beginning is sent, because tools read the rest."""

from __future__ import annotations

from dataclasses import replace

import pytest

from desktop_app.chat.attachments.document_beginnings import (
    FIRST_CHARS,
    beginning,
    beginning_notice,
    can_send_beginning,
    names_of_beginnings,
    require_reading_tools,
)
from desktop_app.chat.cost_estimate import Estimator
from desktop_app.chat.prompt_assembly import document_block
from desktop_app.chat.send_context import SendContext
from desktop_app.domain.answering.chat_request import ProviderKind, ProviderProfile
from desktop_app.domain.conversations.conversation import Draft
from desktop_app.domain.conversations.message_parts import DocumentPart
from desktop_app.domain.conversations.notices import NoticeCode, notice
from desktop_app.domain.errors import DocumentDoesNotFitError, IllegalChoiceError
from desktop_app.domain.models.model_catalog import ModelInfo
from desktop_app.domain.prompt_delimiter import SAMPLE_DELIMITER
from desktop_app.providers.models.choice_resolution import ResolvedChoice
from tests.helpers.scripted_provider import WordCounter
from tests.unit.storage.samples import a_conversation, a_question

CSV = DocumentPart("0" * 64, "sales.csv", "text/csv", 9, by_tools=True)
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
SHEETS = replace(CSV, name="t.xlsx", media_type=XLSX)
PDF = replace(CSV, name="a.pdf", media_type="application/pdf", pages=300)
MODEL = ModelInfo("m", "M")


def sent(part: DocumentPart, text: str) -> str:
    return document_block(part, text, SAMPLE_DELIMITER)


def test_the_beginning_of_other_documents_is_their_first_text() -> None:
    found = sent(PDF, "a" * 100_000)
    assert "read_pages" in found
    assert "query_table" not in found
    assert found.count("a" * FIRST_CHARS) == 1
    assert len(found) < FIRST_CHARS + 500


@pytest.mark.parametrize(
    ("part", "tools", "can"),
    [
        (CSV, ("query_table",), True),
        (CSV, ("calculator",), False),
        (SHEETS, ("search_documents",), True),
    ],
)
def test_only_documents_that_a_chosen_tool_reads_are_reduced(
    part: DocumentPart, tools: tuple[str, ...], can: bool
) -> None:
    whole = replace(part, by_tools=False)
    assert can_send_beginning(whole, tools, MODEL) is can
    assert not can_send_beginning(whole, tools, replace(MODEL, takes_tools=False))
    if can:
        require_reading_tools([part], tools)
    else:
        with pytest.raises(IllegalChoiceError, match="only the beginning of"):
            require_reading_tools([part], tools)


TABLES = "These tools read the rest of it: query_table, read_pages, search_documents)\n\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "Table “sales”: empty"),
        ("a", "Table “sales”: about 0 rows. Columns: a (text)\nFirst rows:"),
        (
            "a,,c\n1,x,-2.5\n3,,\n,y",
            "Table “sales”: about 3 rows. Columns: a (number); column_2 (text); c (number)\n"
            "First rows:\n1 | x | -2.5\n3 |  | \n | y",
        ),
        (  # the last row is cut where the sample ends
            "a,b\n" + f"1,{'b' * 90_000}\n" * 3,
            "Table “sales”: about 3 rows. Columns: a (number); b (text)\nFirst rows:"
            + f"\n1 | {'b' * 99}…" * 2,
        ),
        (
            f"{'a' * 100},{'b' * 101}\n",
            f"Table “sales”: about 0 rows. Columns: {'a' * 100} (text); {'b' * 99}… (text)\n"
            "First rows:",
        ),
        (
            ",".join(["a"] * 102),
            "Table “sales”: about 0 rows. Columns: "
            + "; ".join(["a (text)"] * 100)
            + "; and 2 more\nFirst rows:",
        ),
    ],
)
def test_the_beginning_of_a_table_names_its_columns_and_first_rows(
    text: str, expected: str
) -> None:
    assert beginning(CSV, text).partition(TABLES)[2] == expected
    dotted = beginning(replace(CSV, name="sales.2025.csv"), text)
    assert dotted.partition(TABLES)[2] == expected.replace("sales", "sales.2025")


def test_the_beginning_of_a_workbook_describes_twenty_sheets() -> None:
    sheet = "## {n}\n\n|a \\| b | c|\n| :--- | ---: |\n|1  | x|\n\n"
    text = "".join(sheet.format(n=n) for n in range(1, 22))
    described = "Table “{n}”: 1 rows. Columns: a | b (number); c (text)\nFirst rows:\n1 | x"
    found = beginning(SHEETS, text).partition(TABLES)[2].split("\n\n")
    assert found == [described.format(n=n) for n in range(1, 21)] + ["(1 more sheets)"]
    found = beginning(SHEETS, text[: text.index("## 21")]).partition(TABLES)[2].split("\n\n")
    assert found == [described.format(n=n) for n in range(1, 21)]
    assert "Table “Two”: empty\n\nTable “Three”: 2 rows. " in beginning(
        SHEETS, "## One\n\n## Two\n\n## Three\n\n|a|\n|---|\n|1|\n|2|"
    )
    assert "Table “One”: 0 rows. " in beginning(SHEETS, "## One\n\n|a|\n|---|\n")


def test_the_documents_that_are_reduced_are_named_once() -> None:
    question = a_question(a_conversation(), "Why?")
    first = replace(question, parts=(CSV, PDF, CSV))
    second = replace(question, parts=(PDF, replace(CSV, name="whole.csv", by_tools=False)))
    told = notice(NoticeCode.BEGINNING_SENT, names="sales.csv, a.pdf")
    assert beginning_notice([first, second]) == told
    assert beginning_notice([question]) == ""


class Texts:
    """The texts of documents, by their hash."""

    def __init__(self, **texts: str) -> None:
        self._texts = texts

    async def text(self, sha256: str) -> str:
        return self._texts[sha256]

    async def bytes(self, sha256: str) -> bytes:
        return self._texts[sha256].encode()


@pytest.mark.parametrize(
    ("limit", "tools", "names"),
    [
        (7_000, ("read_pages",), ["b"]),
        (2_000, ("read_pages",), ["a", "b"]),
        (400, ("read_pages",), None),
        (7_000, ("query_table",), None),
    ],
)
async def test_the_largest_documents_are_reduced_until_all_fit(
    limit: int, tools: tuple[str, ...], names: list[str] | None
) -> None:
    sizes = {"a": 3_000, "b": 5_000, "c": 100}
    texts = Texts(**{name: "nine-char " * size for name, size in sizes.items()})
    parts = [
        DocumentPart("a", "a", "application/pdf", 1, 1, 3_000),
        DocumentPart("b", "b", "application/pdf", 5_000, 1),  # not counted: its bytes
        DocumentPart("c", "c", "application/pdf", 9_000, 1, 100),
    ]
    profile = ProviderProfile("own", "Own", ProviderKind.COMPATIBLE, "http://127.0.0.1:1/v1")
    resolved = ResolvedChoice(profile, replace(MODEL, max_input=limit), None, None)
    estimator, draft = Estimator(WordCounter(), texts), Draft("Why?", tuple(parts))
    if names is None:
        with pytest.raises(DocumentDoesNotFitError):
            await estimator.reduce_to_beginnings(SendContext([], resolved), draft, tools)
        return
    reduced = await estimator.reduce_to_beginnings(SendContext([], resolved), draft, tools)
    assert names_of_beginnings(reduced.attachments) == names
    assert reduced.attachments == tuple(
        replace(part, by_tools=part.name in names) for part in parts
    )
