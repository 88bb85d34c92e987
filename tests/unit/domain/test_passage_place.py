"""Places of passages, as they are stored and as users see them."""

from __future__ import annotations

import pytest

from desktop_app.domain.documents.collections import place_code, place_text


@pytest.mark.parametrize(
    ("code", "place"),
    [
        ("page 3", ("page", 3, 3)),
        ("pages 3–5", ("page", 3, 5)),
        ("slide 3", ("slide", 3, 3)),
        ("slides 3–5", ("slide", 3, 5)),
        ("chapter 3", ("chapter", 3, 3)),
        ("chapters 3–5", ("chapter", 3, 5)),
        ("sheet Costs", ("sheet", 1, 1, "Costs")),
    ],
)
def test_a_place_has_a_code_with_its_words(
    code: str, place: tuple[str, int, int] | tuple[str, int, int, str]
) -> None:
    assert place_code(*place) == code
    assert place_text(code) == code


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("page 3", "Seite 3"),
        ("pages 3–5", "Seiten 3–5"),
        ("slide 3", "Folie 3"),
        ("slides 3–5", "Folien 3–5"),
        ("chapter 3", "Kapitel 3"),
        ("chapters 3–5", "Kapitel 3–5"),
        ("sheet Costs", "Tabellenblatt Costs"),
        ("line 3", "line 3"),
        ("", ""),
    ],
)
@pytest.mark.usefixtures("german_language")
def test_places_are_shown_in_the_language_of_the_user(code: str, words: str) -> None:
    assert place_text(code) == words
