"""Index words of passages: equal for a text and a question with other word forms."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desktop_app.domain.documents.letter_folding import fold, fold_places
from desktop_app.domain.documents.passage_words import index_terms, question_terms, terms


@pytest.mark.parametrize(
    ("text", "question"),
    [
        ("Kündigungsfristen", "gekündigt"),
        ("Unter zehn Grad besteht Westenpflicht.", "Schwimmweste"),
        ("The tenant may be evicted", "eviction"),
        ("Łódź", "lodz"),
        ("返却が十日以上遅れる", "遅れたとき"),
        ("Dogs and cats", "a dog"),
        ("Straße", "STRASSEN"),
        ("naïve résumés", "resume"),
    ],
)
def test_other_forms_of_a_word_share_a_term(text: str, question: str) -> None:
    assert set(question_terms(question)) & set(terms(text))


def test_words_of_every_question_are_left_out() -> None:
    assert question_terms("What is the notice period?") == question_terms("notice period")
    assert question_terms("Wie lange ist die Frist?") == question_terms("lange Frist")


def test_terms_of_unspaced_scripts_are_signs_and_pairs() -> None:
    assert list(terms("返却です")) == ["返", "却", "で", "す", "返却", "却で"]


@pytest.mark.parametrize(
    ("text", "places"),
    [("Aß c", [0, 1, 1, 2, 3]), ("Abc", [0, 1, 2]), ("ﬁé\u0301x", [0, 0, 1, 3]), ("", [])],
)
def test_folded_letters_have_their_place(text: str, places: list[int]) -> None:
    assert list(fold_places(text)) == places
    assert len(fold(text)) == len(places)


def test_a_question_of_stop_words_keeps_them() -> None:
    assert question_terms("Who are you?") == ["who", "are", "you"]


@given(st.text())
def test_any_text_makes_terms_that_an_index_accepts(text: str) -> None:
    made = question_terms(text)
    assert len(set(made)) == len(made)
    assert all(word and not set(word) & set('" \n*^') for word in made)
    assert index_terms(text) == " ".join(terms(text))
