"""Two texts as a Word document with tracked changes: accepted and rejected as Word does it."""

from __future__ import annotations

import io
import random
from datetime import datetime
from typing import TYPE_CHECKING, Any

import docx
from docx.oxml.ns import qn
from hypothesis import example, given, settings
from hypothesis import strategies as st

from desktop_app.documents.extract import extract_bytes
from desktop_app.documents.office.word_text import read_text
from desktop_app.documents.worker.protocol import Limits
from desktop_app.writers.office.docx_file import word_with_changes
from tests.helpers.examples import examples
from tests.helpers.nested_markdown import sources

if TYPE_CHECKING:
    from docx.document import Document

BEFORE = """\
# Plan

Do **this** with `code` and [a link](https://example.org).

- first
- second item of them

A paragraph that goes.

| Item | Price |
|------|------:|
| Tea  | 12.50 |
| Milk | 1 |

Last words.
"""
AFTER = """\
## Plan

Do **that** with `code` and [a link](https://example.org) again.

- first
- second item of those
- third

> said

| Item | Price |
|------|------:|
| Tea  | 13.50 |
| Coffee | 2 |
"""
AT = datetime(2026, 11, 29, 8, 5)  # noqa: DTZ001 -- Word has no time zones


def changed(before: str, after: str) -> Document:
    return docx.Document(io.BytesIO(word_with_changes(before, after, "Ann", AT)))


def resolve(document: Document, keep: str, drop: str) -> None:
    """Accept ("w:ins", "w:del") or reject ("w:del", "w:ins") all changes: ISO 29500-1, 17.13.5."""
    body = document.element.body
    for row in body.xpath(f".//w:tr[w:trPr/{drop}]"):
        row.getparent().remove(row)
    for table in body.xpath("./w:tbl[not(w:tr)]"):
        body.remove(table)
    for run in body.xpath(f".//{drop}[w:r]"):
        run.getparent().remove(run)
    for run in body.xpath(f".//{keep}/w:r"):
        run.getparent().addprevious(run)
        for text in run.xpath("./w:delText"):
            text.tag = qn("w:t")
    for paragraph in body.xpath(f"./w:p[w:pPr/w:rPr/{drop}]"):
        assert not paragraph.xpath(".//w:r")  # else it would be joined to the next one
        assert paragraph.getnext().tag != qn("w:sectPr")
        body.remove(paragraph)
    for change in body.xpath(".//w:pPrChange"):
        properties = change.getparent()
        if keep == "w:del":
            properties.getparent().replace(properties, change[0])
        else:
            properties.remove(change)


def content(document: Document) -> list[Any]:
    """Return paragraphs as their format and formatted texts, and tables as such rows."""

    def paragraph(element: Any) -> Any:
        runs: list[list[Any]] = []
        for run in element.xpath("./w:r | ./w:hyperlink/w:r"):
            link = run.getparent().get(qn("r:id"))
            target = document.part.rels[link].target_ref if link else None
            marks = [mark.tag for mark in run.rPr] if run.rPr is not None else []
            if runs and runs[-1][1:] == [marks, target]:
                runs[-1][0] += run.text
            elif run.text:
                runs.append([run.text, marks, target])
        shape = element.pPr if element.pPr is not None else []
        shapes = [(each.tag, dict(each.attrib)) for each in shape if each.tag != qn("w:rPr")]
        return [shapes, runs] if runs else None

    found: list[Any] = []
    for element in document.element.body[:-1]:
        if element.tag == qn("w:p"):
            found.append(paragraph(element))
        else:
            rows = [[paragraph(cell.p_lst[0]) for cell in row.tc_lst] for row in element.tr_lst]
            found.append(rows)
    return found


def plain(text: str) -> list[Any]:
    return content(changed(text, text))


def test_changes_name_their_author_and_time_and_leave_the_rest_alone() -> None:
    body = changed(BEFORE, AFTER).element.body
    marks = body.xpath(".//w:ins | .//w:del | .//w:pPrChange")
    stated = {(mark.get(qn("w:author")), mark.get(qn("w:date"))) for mark in marks}
    assert stated == {("Ann", "2026-11-29T08:05:00Z")}
    ids = [mark.get(qn("w:id")) for mark in marks]
    assert len(ids) == len(set(ids))
    deleted = ["".join(mark.itertext()) for mark in body.xpath(".//w:del[w:r]")]
    assert deleted == ["this", "them", "A paragraph that goes.", "12", "Milk", "1", "Last words."]
    assert len(body.xpath(".//w:tr[w:trPr/w:ins]")) == len(body.xpath(".//w:tr[w:trPr/w:del]")) == 1


def test_our_own_reader_reads_the_later_text() -> None:
    files = [word_with_changes(text, AFTER, "Ann", AT) for text in (BEFORE, AFTER)]
    changed_text, text = (extract_bytes("a.docx", each, Limits(), print).text for each in files)
    assert changed_text == text


EDITS = ["", "word ", "**bold** ", "\n\n", "# ", "- ", "| x | y |\n", "שלום ", "字", "\x01", "`c`"]


@st.composite
def edited(draw: st.DrawFn) -> tuple[str, str]:
    """Return Markdown before and after edits at random places."""
    before = "\n\n".join(draw(st.lists(sources, max_size=4)))
    after = before
    for seed, piece in draw(
        st.lists(st.tuples(st.integers(0, 2**32), st.sampled_from(EDITS)), max_size=5)
    ):
        chance = random.Random(seed)
        start = chance.randint(0, len(after))
        end = min(len(after), start + chance.choice((0, 1, 5, 40)))
        after = after[:start] + piece + after[end:]
    return before, after


@settings(max_examples=examples(60))
@given(edited())
@example((BEFORE, AFTER))
@example(("", "words"))
@example(("| a |\n|---|\n| 1 |", ""))
@example(("| a |\n|---|\n| 1 |", "| a | b |\n|---|---|\n| 1 | 2 |"))
@example(("see [x](https://a.org)", "see [x](https://b.org)"))
def test_accepting_gives_the_later_text_and_rejecting_the_earlier(pair: tuple[str, str]) -> None:
    before, after = pair
    for text, *marks in ((after, "w:ins", "w:del"), (before, "w:del", "w:ins")):
        document = changed(before, after)
        resolve(document, *marks)
        found = content(document)
        expected = plain(text)
        assert found in (expected, [*expected, None])
        assert not document.element.body.xpath(".//w:delText")


TEXT = """\
# One

See[^a] it.

3. third
4. fourth
   - inner
   - last

## Two

1. first

Again[^b].

[^a]: Note *one*.

[^b]: Note two.
"""


def test_a_text_has_the_headings_lists_and_footnotes_of_word() -> None:
    data = word_with_changes(TEXT, TEXT, "Ann", AT)
    read = read_text("a.docx", data, Limits()).text
    assert read == TEXT.replace("[^a]", "[^1]").replace("[^b]", "[^2]").rstrip()
    document = docx.Document(io.BytesIO(data))
    levels = {p.text: p._p.xpath("./w:pPr/w:numPr/w:ilvl/@w:val") for p in document.paragraphs}
    assert [levels[text] for text in ("third", "fourth", "inner", "first")] == [
        ["0"],
        ["0"],
        ["1"],
        ["0"],
    ]
    lists = document.element.xpath(".//w:numPr/w:numId/@w:val")
    assert lists[0] == lists[1] != lists[-1]  # each list counts from its own beginning


def test_a_footnote_that_changes_or_goes_is_a_tracked_change() -> None:
    later = TEXT.replace("Note two", "Note three").replace("See[^a]", "See")
    body = changed(TEXT, later).element.body
    for mark, count in (("w:del", 2), ("w:ins", 1)):
        assert len(body.xpath(f".//{mark}//w:footnoteReference")) == count
