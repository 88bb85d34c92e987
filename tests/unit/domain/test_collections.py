"""Passages in messages: numbered, cited, and kept as JSON."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desktop_app.domain.bounds import MAX_COUNT
from desktop_app.domain.conversations.conversation import Draft, SearchHit, next_passage_number
from desktop_app.domain.conversations.message_parts import (
    ChosenPages,
    CollectionPart,
    DocumentPart,
    ImagePart,
    PageImage,
    PassagesPart,
    TextPart,
    parts_from_json,
    parts_to_json,
)
from desktop_app.domain.documents.collections import Passage, passage_link, passage_number
from tests.unit.storage.samples import a_conversation, a_question

COLLECTION = CollectionPart("c" * 32, "Contracts")
PICTURE = ImagePart("b" * 64, "door.png", "image/png", 9)


def a_passage(number: int = 1, sha256: str = "a" * 64, **changes: object) -> Passage:
    made = Passage(number, "c" * 32, sha256, "lease.pdf", 3, "page 3", 10, 20, "The door.")
    return replace(made, **changes)  # type: ignore[arg-type]


counts = st.integers(0, MAX_COUNT)


@given(
    st.builds(
        PassagesPart,
        st.text(),
        st.text(),
        st.lists(
            st.builds(
                Passage,
                st.integers(1, MAX_COUNT),
                st.text(),
                st.just("0" * 64),
                st.text(),
                st.none() | counts,
                st.text(),
                counts,
                counts,
                st.text(),
            )
        ).map(tuple),
        st.lists(counts).map(tuple),
    )
)
def test_found_passages_survive_their_json_form(part: PassagesPart) -> None:
    kept = (part, COLLECTION, TextPart("?"))
    assert parts_from_json(json.loads(json.dumps(parts_to_json(kept)))) == kept


@pytest.mark.parametrize(
    "link",
    ["repartee:passage/", "repartee:passage/0", "repartee:passage/3/", "repartee:passage/3 ", ""],
)
def test_no_other_link_is_a_citation(link: str) -> None:
    assert passage_number(link) is None


@given(st.integers(1, 10**8))
def test_a_link_leads_to_its_number(number: int) -> None:
    assert passage_number(passage_link(number)) == number


def test_passages_are_numbered_along_the_path() -> None:
    conversation = a_conversation()
    first = a_question(conversation, "?")
    assert next_passage_number([]) == next_passage_number([first]) == 1
    found = PassagesPart("c" * 32, "Contracts", (a_passage(1), a_passage(2)))
    nothing = PassagesPart("c" * 32, "Contracts")
    path = [replace(first, parts=(found,)), replace(first, parts=(nothing, TextPart("?")))]
    assert next_passage_number(path) == 3


def test_a_collection_stays_in_the_prompt_but_is_not_a_question() -> None:
    document = DocumentPart("d" * 64, "a.pdf", "application/pdf", 9)
    draft = Draft("Why?", (document, COLLECTION, PICTURE))
    assert draft.after_sending == Draft("", (COLLECTION,))
    assert draft.question_attachments == (document, PICTURE)
    assert not draft.after_sending.has_question
    assert draft.has_question


def test_a_draft_survives_its_json_form() -> None:
    draft = Draft("Why?", (PICTURE, COLLECTION), "t")
    assert Draft.from_json(json.loads(json.dumps(draft.to_json()))) == draft
    assert Draft.from_json({"text": "a", "attachments": []}) == Draft("a")
    assert not Draft().has_question
    assert Draft("", (PICTURE,)).has_question


@pytest.mark.parametrize(
    ("page", "place", "source"),
    [
        (3, "page 3", "lease.pdf, page 3"),
        (None, "Deposit", "lease.pdf, Deposit"),
        (None, "", "lease.pdf"),
    ],
)
def test_a_citation_names_document_and_place(page: int | None, place: str, source: str) -> None:
    passage = a_passage(page=page, place=place)
    assert passage.source == source
    assert passage.text_key == ("a" * 64, 10, 20)


@pytest.mark.parametrize(
    ("snippet", "match"), [("a \2b c\3 d \2e\3", "b c"), ("a", ""), ("\2a", "a")]
)
def test_the_first_match_of_a_hit_is_known(snippet: str, match: str) -> None:
    hit = SearchHit("c", "Title", None, snippet, datetime(2026, 1, 1, tzinfo=UTC))
    assert hit.first_match == match


@pytest.mark.parametrize(
    ("changes", "pages"),
    [
        ({}, [2, 3]),
        ({"detail": "text"}, []),
        ({"again_as": "a"}, []),
        ({"by_tools": True}, []),
        ({"chosen": ChosenPages("page", ((3, 4),), 5)}, [3]),
        ({"pictured": ()}, []),
    ],
)
def test_pages_are_sent_as_images_once(changes: dict[str, Any], pages: list[int]) -> None:
    pictured = (PageImage(2, 9, 9), PageImage(3, 9, 9))
    part = DocumentPart("d" * 64, "a.pdf", "application/pdf", 9, 5, pictured=pictured)
    assert [page.number for page in replace(part, **changes).image_pages] == pages


def test_an_edited_question_searches_its_collections_again() -> None:
    question = a_question(a_conversation(), "Why?")
    found = PassagesPart(COLLECTION.collection_id, COLLECTION.name, (a_passage(),))
    question = replace(question, parts=(PICTURE, found, *question.parts))
    assert question.as_draft == Draft("Why?", (PICTURE, COLLECTION))
    assert question.file_hashes == (PICTURE.sha256, "a" * 64)
