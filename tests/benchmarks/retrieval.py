"""How well passages are found: the variants of the index on a set of questions.

`tests/data/retrieval` holds texts in English, German and Japanese, and questions in other words than
theirs, each with the words that begin what answers it. The texts lie in one collection, between other
documents of the suite. One line of JSON for each variant: recall at 5 and at 1 (the share of questions
whose answer stands in the first five passages, or in the first), by language too, and the recall within
1,500 and 4,000 tokens, which does not favour long passages; 4,000 are what a question takes along. The variants differ from the default in what their
names say.

`--embeddings PROFILE` measures the vectors of a provider's model as well, alone and together with the
default. PROFILE is a provider of the settings, by its id, or one of the environment:

    OPENAI_API_KEY=… .venv/bin/python -m tests.benchmarks retrieval --embeddings env-openai

The model is the one of Settings › Library (text-embedding-3-small, unless another is set there; of that
family 512 dimensions are asked for, of others all that they have). The texts and the questions are sent,
about 11,000 tokens in four requests of at most 48 texts, which costs about $0.0002; the last two lines
of the output are its figures, with the tokens that were billed. Nothing is kept or entered in the ledger.
"""

from __future__ import annotations

import asyncio
import re
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

from desktop_app.backend.backend import build_backend
from desktop_app.documents.index.passage_index import PASSAGE_TOKENS, passages
from desktop_app.documents.index.token_count import count_tokens
from desktop_app.domain.documents import passage_words
from desktop_app.domain.documents.letter_folding import dense_run, fold
from desktop_app.domain.documents.vectors import Vector
from desktop_app.services.collections.collection_service import FUSION, MOST_FOUND
from desktop_app.services.collections.embedding_service import AT_ONCE
from desktop_app.storage.documents.collection_store import TITLE_WEIGHT

DATA: Final = Path(__file__).parent.parent / "data"
TOP: Final = 5
BUDGETS: Final = (1_500, 4_000)
_WORD: Final = re.compile(r"[^\W_]+")

Words = Callable[[str], list[str]]


@dataclass(frozen=True)
class Question:
    """A question, and where in which document the words begin that answer it."""

    language: str
    document: str
    at: int
    text: str


@dataclass(frozen=True)
class Piece:
    """A passage of the corpus."""

    document: str
    start: int
    end: int
    tokens: int
    title: str
    text: str


@dataclass(frozen=True)
class Variant:
    """A way to make and to ask an index."""

    name: str
    words: Words
    tokens: int = PASSAGE_TOKENS
    title_weight: float = TITLE_WEIGHT
    feedback: int = 0
    tokenizer: str = "unicode61"


def spaced(of_word: Callable[[str], list[str]], *, dense: str = "both", stop: bool = True) -> Words:
    """Words of scripts with spaces by `of_word`; of the others runs, singles, pairs or both."""

    def words(text: str) -> list[str]:
        folded, at, found = fold(text), 0, []
        for run in [*dense_run().finditer(folded), None]:
            for match in _WORD.finditer(folded[at : run.start() if run else len(folded)]):
                if not stop or match[0] not in passage_words.STOP_WORDS:
                    found += of_word(match[0])
            if run is not None:
                found += _dense(run[0], dense, stop)
                at = run.end()
        return found

    return words


def _dense(run: str, how: str, stop: bool) -> list[str]:
    pairs = [run[at : at + 2] for at in range(len(run) - 1)]
    kept = [pair for pair in pairs if not stop or pair not in passage_words.STOP_PAIRS]
    return {"run": [run], "singles": [*run], "pairs": kept or [run], "both": [*run, *kept]}[how]


def whole(word: str) -> list[str]:
    """A word as it is."""
    return [word]


def cut(letters: int) -> Callable[[str], list[str]]:
    """The first letters of a word: a stem without a dictionary."""
    return lambda word: [word[:letters]]


def runs(letters: int) -> Callable[[str], list[str]]:
    """All runs of so many letters."""
    return lambda word: [word[n : n + letters] for n in range(max(1, len(word) - letters + 1))]


def as_default(word: str) -> list[str]:
    """A word as the program takes it apart."""
    return list(passage_words._runs_of(word))


def default_words(text: str) -> list[str]:
    """As the program makes them."""
    return list(passage_words.words(text))


VARIANTS: Final = (
    Variant("default: runs of 4 letters, 320 tokens", default_words),
    *(Variant(f"passages of {n} tokens", default_words, tokens=n) for n in (96, 160, 256, 448)),
    Variant("words as they stand", spaced(whole)),
    Variant("Porter's English stems", spaced(whole), tokenizer="porter unicode61"),
    *(Variant(f"first {n} letters", spaced(cut(n))) for n in (4, 5, 6)),
    *(Variant(f"runs of {n} letters alone", spaced(runs(n))) for n in (3, 4, 5)),
    Variant("stop words kept", spaced(as_default, stop=False)),
    Variant("scripts without spaces as they stand", spaced(as_default, dense="run")),
    Variant("scripts without spaces in pairs", spaced(as_default, dense="pairs")),
    Variant("scripts without spaces in single characters", spaced(as_default, dense="singles")),
    Variant("titles left out", default_words, title_weight=0.0),
    Variant("titles count as text", default_words, title_weight=1.0),
    Variant("asked again with words of the first 3 passages", default_words, feedback=3),
)


@cache
def corpus() -> dict[str, str]:
    """The texts by name: those that are asked, then others around them."""
    own = {
        str(path.relative_to(DATA / "retrieval")): path for path in _texts("retrieval", "*/*.md")
    }
    others = {f"other/{path.name}": path for path in _texts("corpus/expected", "*.txt")}
    return {name: path.read_text("utf-8") for name, path in {**own, **others}.items()}


def _texts(folder: str, pattern: str) -> list[Path]:
    return sorted((DATA / folder).glob(pattern))


@cache
def questions() -> tuple[Question, ...]:
    """All questions."""
    lines = (DATA / "retrieval/questions.tsv").read_text("utf-8").splitlines()
    rows = [line.split("\t") for line in lines]
    return tuple(
        Question(language, document, corpus()[document].index(quote), text)
        for language, document, quote, text in rows
    )


@cache
def pieces(tokens: int) -> tuple[Piece, ...]:
    """The corpus in passages of at most so many tokens."""
    return tuple(
        Piece(
            name, found.start, found.end, found.tokens, found.title, text[found.start : found.end]
        )
        for name, text in corpus().items()
        for found in passages(text, name, "text/markdown", count_tokens, tokens)
    )


Rank = Callable[[str], Sequence[int]]
"""A question to the numbers of pieces, the best first."""


def ranked(variant: Variant) -> Rank:
    """Asks an index that is made as `variant` says."""
    connection = sqlite3.connect(":memory:")
    connection.execute(
        f"""CREATE VIRTUAL TABLE i USING fts5 (
            title, words, tokenize="{variant.tokenizer} remove_diacritics 0 categories 'L* N* Mn Mc Co'")"""
    )
    rows = [
        (number, " ".join(variant.words(piece.title)), " ".join(variant.words(piece.text)))
        for number, piece in enumerate(pieces(variant.tokens))
    ]
    connection.executemany("INSERT INTO i (rowid, title, words) VALUES (?, ?, ?)", rows)
    sql = f"""SELECT rowid FROM i WHERE i MATCH ?
        ORDER BY bm25(i, {variant.title_weight}, 1.0) LIMIT 40"""

    def best(words: list[str]) -> list[int]:
        asked = " OR ".join(f'"{word}"' for word in dict.fromkeys(words))
        return [row[0] for row in connection.execute(sql, (asked,))] if asked else []

    def rank(question: str) -> list[int]:
        words = variant.words(question)
        found = best(words)
        if variant.feedback:
            found = best(words + _common([rows[n][2].split() for n in found[: variant.feedback]]))
        return found

    return rank


def _common(texts: list[list[str]]) -> list[str]:
    counts: dict[str, int] = {}
    for words in texts:
        for word in set(words):
            counts[word] = counts.get(word, 0) + 1
    return [word for word, count in sorted(counts.items(), key=lambda each: -each[1]) if count > 1][
        :8
    ]


def measured(name: str, rank: Rank, tokens: int) -> dict[str, Any]:
    """The figures of one variant."""
    made = pieces(tokens)
    places = [_place(rank(q.text), q, made) for q in questions()]
    return {
        "benchmark": "retrieval",
        "variant": name,
        "questions": len(places),
        "passages": len(made),
        "recall_at_5": _share(place.number < TOP for place in places),
        "recall_at_1": _share(place.number < 1 for place in places),
        **{
            f"recall_within_{budget}_tokens": _share(place.tokens <= budget for place in places)
            for budget in BUDGETS
        },
        **{
            f"recall_at_5_{language}": _share(
                place.number < TOP
                for place, q in zip(places, questions(), strict=True)
                if q.language == language
            )
            for language in sorted({q.language for q in questions()})
        },
    }


@dataclass(frozen=True)
class Place:
    """Where the answer stood among the passages found, from 0, and the tokens up to its end."""

    number: int
    tokens: int


def _place(found: Sequence[int], question: Question, made: Sequence[Piece]) -> Place:
    used = 0
    for number, index in enumerate(found):
        piece = made[index]
        used += piece.tokens
        if piece.document == question.document and piece.start <= question.at < piece.end:
            return Place(number, used)
    return Place(1 << 30, 1 << 30)


def _share(hits: Iterator[bool]) -> float:
    counted = list(hits)
    return round(sum(counted) / len(counted), 3)


def main(embeddings: str = "") -> Iterator[dict[str, Any]]:
    """A line for each variant; `embeddings` names a provider's profile."""
    for variant in VARIANTS:
        yield measured(variant.name, ranked(variant), variant.tokens)
    if embeddings:
        vectors, model, tokens = asyncio.run(_vectors(embeddings))
        near = _by_vectors(vectors)
        words = ranked(VARIANTS[0])
        billed = {"tokens_billed": tokens}
        yield measured(f"vectors by {model}", near, PASSAGE_TOKENS) | billed
        both = measured("default and vectors together", _fused(words, near), PASSAGE_TOKENS)
        yield both | billed


async def _vectors(profile_name: str) -> tuple[dict[str, Vector], str, int]:
    """A vector for every passage and every question, by their texts; the model, the tokens billed.

    Raises:
        SystemExit: there is no such profile.
        UserFacingError: the provider failed.
    """
    backend = build_backend()
    await backend.database.open()
    try:
        found = [p for p in await backend.profiles() if profile_name in (p.id, p.kind.value)]
        if not found:
            known = ", ".join(profile.id for profile in await backend.profiles())
            raise SystemExit(f"There is no profile {profile_name}. There are: {known}.")
        model = str((await backend.values())["library.embedding_model"])
        client = await backend.gateway.provider(found[0])
        texts = [piece.text for piece in pieces(PASSAGE_TOKENS)] + [q.text for q in questions()]
        made: dict[str, Vector] = {}
        billed = 0
        for at in range(0, len(texts), AT_ONCE):
            some = texts[at : at + AT_ONCE]
            vectors, tokens = await client.embed(model, some)
            made |= dict(zip(some, vectors, strict=True))
            billed += tokens
    finally:
        await backend.aclose()
    return made, model, billed


def _by_vectors(vectors: dict[str, Vector]) -> Rank:
    kept = [vectors[piece.text] for piece in pieces(PASSAGE_TOKENS)]

    def rank(question: str) -> list[int]:
        asked = vectors[question]
        return sorted(range(len(kept)), key=lambda n: -asked.cosine_to(kept[n]))[:40]

    return rank


def _fused(words: Rank, near: Rank) -> Rank:
    def rank(question: str) -> list[int]:
        scores: dict[int, float] = {}
        for order in (words(question)[:MOST_FOUND], near(question)[:MOST_FOUND]):
            for at, number in enumerate(order, 1):
                scores[number] = scores.get(number, 0.0) + 1 / (FUSION + at)
        return sorted(scores, key=lambda number: -scores[number])

    return rank
