"""Places of passages, as they are stored and as users see them."""

from __future__ import annotations

import pytest

from desktop_app.domain.documents.passage_place import place_text


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
