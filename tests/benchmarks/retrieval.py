"""Retrieval quality of variants of the passage index on a set of questions.

`tests/data/retrieval` holds texts in English, German and Japanese. Its questions use different
words than the texts. Each question names the words with which its answer begins. The texts share a
collection with other documents of the suite. The figures of each variant are:

- recall at 5 and at 1: the share of questions whose answer is in the first five passages, or in the
  first. Recall at 5 is also given by language.
- recall within 1,500 and 4,000 tokens, which does not favor long passages. A question sends up to
  4,000 tokens.

The name of a variant is its difference from the default.

`--embeddings PROFILE` also measures the vectors of a provider's model, alone and combined with the
default. PROFILE is the id of a provider in the settings or the environment:

    OPENAI_API_KEY=… .venv/bin/python -m tests.benchmarks retrieval --embeddings env-openai

The model is the one that the window uses, at OpenAI text-embedding-3-small. A
model of its family is asked for 512 dimensions, any other for all dimensions. The texts and
questions are sent: about 11,000 tokens in four requests of at most 48 texts, for about $0.0002. The
last two lines of the output are the results, with the tokens billed. Nothing is stored, and the
ledger has no entry of it.
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

from desktop_app.backend.backend import Backend
from desktop_app.collections.collection_service import FUSION_K, MAX_FOUND_PASSAGES
from desktop_app.collections.collection_store import TITLE_WEIGHT
from desktop_app.collections.embedding_service import MAX_TEXTS_PER_CALL, embedding_model
from desktop_app.documents.index.chunks import PASSAGE_TOKENS, passages
from desktop_app.documents.index.token_count import count_tokens
from desktop_app.domain.documents import passage_words
from desktop_app.domain.documents.letter_folding import fold, unspaced_run
from desktop_app.providers.jobs.vectors import Vector

DATA: Final = Path(__file__).parents[1] / "data"
TOP: Final = 5
BUDGETS: Final = (1_500, 4_000)
_WORD: Final = re.compile(r"[^\W_]+")

Words = Callable[[str], list[str]]


@dataclass(frozen=True)
class Question:
    """A question, with the document and the position where its answer begins."""

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
    """A way to build and query an index."""

    name: str
    words: Words
    tokens: int = PASSAGE_TOKENS
    title_weight: float = TITLE_WEIGHT
    feedback: int = 0
    tokenizer: str = "unicode61"


def word_splitter(
    of_word: Callable[[str], list[str]], *, unspaced: str = "both", drops_stop_words: bool = True
) -> Words:
    """Return a function that splits a text into words.

    Words of scripts with spaces are split by `of_word`. Text of other scripts becomes whole runs,
    single characters, pairs, or both singles and pairs, as `unspaced` says.
    """

    def words(text: str) -> list[str]:
        folded, at, found = fold(text), 0, []
        for run in [*unspaced_run().finditer(folded), None]:
            for match in _WORD.finditer(folded[at : run.start() if run else len(folded)]):
                if not drops_stop_words or match[0] not in passage_words.STOP_WORDS:
                    found += of_word(match[0])
            if run is not None:
                found += _unspaced(run[0], unspaced, drops_stop_words)
                at = run.end()
        return found

    return words


def _unspaced(run: str, how: str, drops_stop_words: bool) -> list[str]:
    pairs = [run[at : at + 2] for at in range(len(run) - 1)]
    kept = [pair for pair in pairs if not drops_stop_words or pair not in passage_words.STOP_PAIRS]
    return {"run": [run], "singles": [*run], "pairs": kept or [run], "both": [*run, *kept]}[how]


def whole(word: str) -> list[str]:
    """Return the word unchanged."""
    return [word]


def cut(letters: int) -> Callable[[str], list[str]]:
    """Return a function that keeps the first letters: a stem without a dictionary."""
    return lambda word: [word[:letters]]


def runs(letters: int) -> Callable[[str], list[str]]:
    """Return a function that splits a word into all runs of `letters` letters."""
    return lambda word: [word[n : n + letters] for n in range(max(1, len(word) - letters + 1))]


def as_default(word: str) -> list[str]:
    """Split a word as the program does."""
    return list(passage_words._runs_of(word))


def default_words(text: str) -> list[str]:
    """Return the words that the program indexes."""
    return list(passage_words.terms(text))


VARIANTS: Final = (
    Variant("default: runs of 4 letters, 320 tokens", default_words),
    *(Variant(f"passages of {n} tokens", default_words, tokens=n) for n in (96, 160, 256, 448)),
    Variant("words as they stand", word_splitter(whole)),
    Variant("Porter's English stems", word_splitter(whole), tokenizer="porter unicode61"),
    *(Variant(f"first {n} letters", word_splitter(cut(n))) for n in (4, 5, 6)),
    *(Variant(f"runs of {n} letters alone", word_splitter(runs(n))) for n in (3, 4, 5)),
    Variant("stop words kept", word_splitter(as_default, drops_stop_words=False)),
    Variant("scripts without spaces as they stand", word_splitter(as_default, unspaced="run")),
    Variant("scripts without spaces in pairs", word_splitter(as_default, unspaced="pairs")),
    Variant(
        "scripts without spaces in single characters", word_splitter(as_default, unspaced="singles")
    ),
    Variant("titles left out", default_words, title_weight=0.0),
    Variant("titles count as text", default_words, title_weight=1.0),
    Variant("asked again with words of the first 3 passages", default_words, feedback=3),
)


@cache
def corpus() -> dict[str, str]:
    """Return the texts by name: those that the questions are about, then the others."""
    own = {
        str(path.relative_to(DATA / "retrieval")): path for path in _texts("retrieval", "*/*.md")
    }
    others = {f"other/{path.name}": path for path in _texts("corpus/expected", "*.txt")}
    return {name: path.read_text("utf-8") for name, path in {**own, **others}.items()}


def _texts(folder: str, pattern: str) -> list[Path]:
    return sorted((DATA / folder).glob(pattern))


@cache
def questions() -> tuple[Question, ...]:
    """Return all questions."""
    lines = (DATA / "retrieval/questions.tsv").read_text("utf-8").splitlines()
    rows = [line.split("\t") for line in lines]
    return tuple(
        Question(language, document, corpus()[document].index(quote), text)
        for language, document, quote, text in rows
    )


@cache
def pieces(tokens: int) -> tuple[Piece, ...]:
    """Split the corpus into passages of at most `tokens` tokens."""
    return tuple(
        Piece(
            name, found.start, found.end, found.tokens, found.title, text[found.start : found.end]
        )
        for name, text in corpus().items()
        for found in passages(text, name, "text/markdown", count_tokens, tokens)
    )


Rank = Callable[[str], Sequence[int]]
"""A function from a question to the numbers of pieces, best first."""


def build_rank(variant: Variant) -> Rank:
    """Return a function that queries an index built for `variant`."""
    connection = sqlite3.connect(":memory:")
    connection.execute(
        "CREATE VIRTUAL TABLE i USING fts5 (\n            title, words, "
        f"tokenize=\"{variant.tokenizer} remove_diacritics 0 categories 'L* N* Mn Mc Co'\")"
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
    """Return the figures of a variant."""
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
    """The rank of the answer's passage, from 0, and the tokens of all passages up to it."""

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


def main(embeddings: str = "", variants: int = len(VARIANTS)) -> Iterator[dict[str, Any]]:
    """Yield the figures of the first variants. `embeddings` names a provider's profile."""
    for variant in VARIANTS[:variants]:
        yield measured(variant.name, build_rank(variant), variant.tokens)
    if embeddings:
        vectors, model, tokens = asyncio.run(_vectors(embeddings))
        near = _by_vectors(vectors)
        words = build_rank(VARIANTS[0])
        billed = {"tokens_billed": tokens}
        yield measured(f"vectors by {model}", near, PASSAGE_TOKENS) | billed
        both = measured("default and vectors together", _fused(words, near), PASSAGE_TOKENS)
        yield both | billed


async def _vectors(profile_name: str) -> tuple[dict[str, Vector], str, int]:
    """Return the vector of each passage and question by its text; the model; the billed tokens.

    Raises:
        SystemExit: no such profile exists.
        UserFacingError: the provider failed.
    """
    backend = Backend()
    await backend.database.open()
    try:
        profiles = await backend.providers.profiles()
        found = [p for p in profiles if profile_name in (p.id, p.kind.value)]
        if not found:
            known = ", ".join(profile.id for profile in profiles)
            raise SystemExit(f"There is no profile {profile_name}. There are: {known}.")
        model = embedding_model(backend.listings.known_listing(found[0]))
        client = await backend.gateway.provider(found[0])
        texts = [piece.text for piece in pieces(PASSAGE_TOKENS)] + [q.text for q in questions()]
        made: dict[str, Vector] = {}
        billed = 0
        for at in range(0, len(texts), MAX_TEXTS_PER_CALL):
            some = texts[at : at + MAX_TEXTS_PER_CALL]
            vectors, tokens = await client.embed(model, some)
            made |= dict(zip(some, vectors, strict=True))
            billed += tokens or 0
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
        for order in (words(question)[:MAX_FOUND_PASSAGES], near(question)[:MAX_FOUND_PASSAGES]):
            for at, number in enumerate(order, 1):
                scores[number] = scores.get(number, 0.0) + 1 / (FUSION_K + at)
        return sorted(scores, key=lambda number: -scores[number])

    return rank
