"""Answers as they are read aloud: sentences, and a few words for what is none."""

from __future__ import annotations

import re
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from desktop_app.i18n.written_language import language_of
from desktop_app.markdown.spoken_text import SpokenText
from tests.helpers.examples import examples


def heard(*pieces: str) -> list[str]:
    sentences = SpokenText()
    said = [words for piece in pieces for words in sentences.feed(piece)]
    return said + sentences.finish()


TABLE = "| a | b |\n|---|---|\n| 1 | 2 |\n| 3 | 4 |\n| 5 | 6 |\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("First:\n\n" + TABLE + "\nThat is it.", ["First:", "Table of 3 rows.", "That is it."]),
        (TABLE, ["Table of 3 rows."]),
        ("a\n" + TABLE + "b", ["a", "Table of 3 rows.", "b"]),
        ("See:\n```python\nx = 1\ny = 2\n```\n", ["See:", "python code, 2 lines"]),
        ("So $x^2$ it is.", ["So x squared it is."]),
        ("$$\n\\sum_{i=1}^n \\frac{a_i + b_i}{c_i} \\cdot \\sqrt{d_i}\n$$\n", ["a formula"]),
        ("Read [the guide](https://a.example/x?y=1) first.", ["Read the guide first."]),
        ("It is at https://www.example.org/a/b?c=d. Go.", ["It is at link to example.org.", "Go."]),
        ("It holds[^1]. Yes.\n\n[^1]: Source: A. B, 2020.\n", ["It holds.", "Yes.", "Footnote 1."]),
        ("Call `foo_bar(x)` or `readAll`.", ["Call foo bar x or read All."]),
        ("Set `x = {'a': [1, 2], 'b': (3, 4), 'c': [5, 6], 'd': 7, 'e': 8}`.", ["Set code."]),
        ("It is <b>bold</b> <span class='x'>here</span>, 1 < 2.", ["It is bold here, 1 < 2."]),
        ("# Head\n\n1. **one**\n2. `two`\n", ["Head", "one", "two"]),
    ],
)
def test_what_is_no_sentence_is_said_in_a_few_words(text: str, expected: list[str]) -> None:
    assert heard(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "Take e.g. Apples, i.e. all. | It is so. | In 2024. | See main.py. | So 3.5 of it. | Done!",
        "Dr. Smith met Mr. J. Doe vs. Acme. | Who? | “Me.” | Yahoo! is one word. | OK…",
        "Das gilt z. B. am 3. Oktober, bzw. Dr. Meier, usw. | Gut so. | Nr. 5 auch nicht! | Ja.",
        "Voir M. Dupont, p. ex. Paris, etc. | Voilà. | « Oui. » | Et la suite ?",
        "Se f.eks. Oslo, bl.a. kl. 3. mars, osv. | Ja. | Det er på. | Slutt.",
        "Zie bijv. Amsterdam, d.w.z. dus Holland! | Sta op. | Klaar.",
        "Np. Warszawa, m.in. Kraków, tzn. Polska. | To nie to. | Dr. Nowak wie. | Tak.",
        "これは一つ。|これは二つ。|そう？|はい。",
    ],
)
def test_sentences_end_where_a_reader_ends_them(text: str) -> None:
    expected = [" ".join(part.split()) for part in text.split("|")]
    source = text.replace(" | ", " ").replace("|", "")
    assert heard(source) == expected
    assert heard(*source) == expected


LINES = st.lists(
    st.sampled_from(
        [
            *(
                "alpha beta. Gamma",
                "delta e.g. epsilon! Zeta",
                "**eta** [theta](https://a.b/c) iota.",
            ),
            *("- kappa", "1. lambda. Mu", "> nu xi.", "# omicron", "", "", "pi 3.5 rho? Sigma"),
            *(
                "`tau` upsilon",
                "これは。phi",
                "chi\\\npsi",
                "| a | b |",
                "|---|---|",
                "omega $x$ end",
            ),
        ]
    ),
    max_size=12,
)


@settings(max_examples=examples(200), deadline=None)
@given(LINES, st.lists(st.integers(0, 200), max_size=8))
def test_words_are_neither_lost_nor_repeated_however_the_stream_is_cut(
    lines: list[str], cuts: list[int]
) -> None:
    text = "\n".join(lines)
    at = sorted({0, *(cut for cut in cuts if cut < len(text)), len(text)})
    said = heard(*(text[a:b] for a, b in pairwise(at)))
    words = re.findall(r"[a-z]{2,}", " ".join(said).lower())
    outside = "\n".join("" if line.startswith("|") else line for line in lines)
    written = re.findall(r"[a-z]{2,}", re.sub(r"\(https[^)]*\)", "", outside).lower())
    summaries = ("table", "of", "row", "rows")
    assert [word for word in words if word not in summaries] == written
    assert said == heard(text), "the same sentences, wherever the text was cut"


TEXTS = {
    "de": ("Öffne die Einstellungen, und wähle dort die Sprache.", "Das ist nicht der Ordner."),
    "en": ("The answer is that you have to open the file.", "Open it, and look at the page."),
    "es": ("Les recomiendo que los niños van al parque.", "La página no está en el disco."),
    "fr": (
        "Les fichiers sont dans le dossier, et cette page est vide.",
        "Il ne faut pas le faire.",
    ),
    "he": ("הקובץ נמצא בתיקייה הזאת.",),
    "it": (
        "Per installare il programma, aprite le impostazioni del sistema.",
        "Non è la pagina che cerco.",
    ),
    "ja": ("これは日本語です。",),
    "nb": ("Det er ikke lett, og jeg vet det.", "Filen er åpen, men du kan ikke lese den."),
    "nl": ("Het bestand is een map, maar niet van deze gebruiker.", "De tekst is niet te lezen."),
    "pl": ("Plik nie jest otwarty, ale to się zmieni.", "To nie jest w tym pliku."),
    "pt": ("As cidades das regiões são muito antigas.", "Você não pode abrir o arquivo."),
    "zh": ("这是中文。",),
    "ru": ("Это русский язык.",),
    "sv": ("Det är inte svårt, och jag vet att du kan.",),
    "cs": ("Soubor je na disku, ale není to ten, který hledám.",),
}


@pytest.mark.parametrize("language", TEXTS)
def test_the_language_of_an_answer_is_found_in_a_window_of_any_language(language: str) -> None:
    for text in TEXTS[language]:
        assert {language_of(text, window) for window in TEXTS} == {language}


@pytest.mark.parametrize(
    "text", ["42!", "Installieren: pip install repartee", "Das Auto: see 漢字"]
)
def test_the_window_language_is_kept_unless_another_clearly_wins(text: str) -> None:
    assert {language_of(text, window) for window in TEXTS} == set(TEXTS)
