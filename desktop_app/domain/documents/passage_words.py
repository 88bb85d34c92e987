"""Splits text into the search terms of passages: runs of four letters.

A question often has a word in another form than the document, or shares only a part of a compound
with it: a question about a “Schwimmweste” is answered by a sentence on “Westenpflicht”. So words
are folded (case, accents) and split into all runs of four letters, here "west" and "este" in both.
This needs no dictionary and works in any language. Short words are also found by their beginning: a
question with "dogs" finds "dog". Text in an unspaced script, such as Chinese, is split into
characters and pairs of characters (see `letter_folding.unspaced_run`).
Question words and the like ("what", "wie", "est-ce") are left out.

`python -m tests.benchmarks retrieval` measures the variants; `tests/data/retrieval/README.md` has
the figures. The index deletes a passage by recomputing its terms, so any change needs a migration
that empties the index and marks every file of a collection as waiting.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Final

from desktop_app.domain.documents.letter_folding import former_fold, unspaced_run

# The number of letters of a run. A shorter word is a term as a whole.
RUN_LENGTH: Final = 4
# A word of three letters has these lengths with an ending ("bus", "buses"). So words of these
# lengths are also found by their first three letters.
SHORT_WORD_LENGTHS: Final = range(4, 7)
PREFIX_LENGTH: Final = 3

_WORD: Final = re.compile(r"[^\W_]+")

# Question words, pronouns, articles and the like, folded.
STOP_WORDS: Final = frozenset(
    """
    a about after all also am an and any are as at be been being but by can could did do does doing
    for from had has have having he her here him his how i if in into is it its just many may me
    might more most much must my no not of on one only or our out over own shall she should so some
    such than that the their them then there these they this those to too under until up us very was
    we were what when where which while who whom whose why will with would you your
    aber alle allem allen aller alles als also am an auch auf aus bei beim bin bis bist da damit
    dann das dass dem den denn der des dessen die dies diese diesem diesen dieser dieses doch dort
    du durch ein eine einem einen einer eines er es etwa fur gibt hab habe haben hat hatte hier ich
    ihm ihn ihr ihre ihrem ihren im in ins ist ja jede jedem jeden jeder jedes jemand kann kein
    keine keinen konnen man mein meine meinem meinen mich mir mit muss mussen nach nicht noch nun
    nur ob oder ohne sein seine seinem seinen seiner sich sie sind so soll sollen sollte uber um und
    uns unser unsere unter vom von vor wann war waren warum was welche welchem welchen welcher
    welches wem wen wenn wer werden wessen wie wird wo wofur woher wohin womit worden wozu wurde
    wurden zu zum zur
    a ai ainsi alors apres au aucun aussi autre aux avec avoir c car ce cela ces cet cette ceux
    chaque comme comment d dans de depuis des dois doit donc dont du elle elles en est et etait ete
    etre eu faire faut fois il ils j je l la laquelle le lequel les leur leurs lors lui m ma mais me
    meme mes moi mon n ne ni nos notre nous on ont ou par pas pendant peut peux plus pour pourquoi
    puis qu quand que quel quelle quelles quels qui quoi s sa sans se sera ses si soit son sont sous
    sur t ta te tes toi ton tous tout toute toutes tres tu un une vers vos votre vous y
    """.split()
)
# Frequent pairs of Japanese and Chinese function words.
STOP_PAIRS: Final = frozenset(
    """
    です ます でし まし した する して され ださ くだ さい てい いる
    ある から まで どの どこ いつ なに なぜ だれ どう なん 何で 何を ので のは には
    とは では ても であ こと ため もの 什么 怎么 如何 哪里 多少 是否 可以
    """.split()
)


def terms(text: str) -> Iterator[str]:
    """Yield the search terms of `text`, in order."""
    folded = former_fold(text)  # as the words that are in the index
    end = 0
    for unspaced in unspaced_run().finditer(folded):
        yield from _spaced_terms(folded[end : unspaced.start()])
        yield from _unspaced_terms(unspaced.group())
        end = unspaced.end()
    yield from _spaced_terms(folded[end:])


def index_terms(text: str) -> str:
    """Return the search terms of `text`, separated by spaces."""
    return " ".join(terms(text))


def question_terms(text: str) -> list[str]:
    """Return the distinct terms of a question; if it has stop words only, their terms."""
    distinct = dict.fromkeys(terms(text))
    if not distinct:
        words = _WORD.findall(former_fold(text))
        distinct = dict.fromkeys(run for word in words for run in _runs_of(word))
    return list(distinct)


def _spaced_terms(text: str) -> Iterator[str]:
    for match in _WORD.finditer(text):
        word = match.group()
        if word not in STOP_WORDS:
            yield from _runs_of(word)


@lru_cache(20_000)  # words repeat: 300,000 characters take 0.19 s, not 0.35 s
def _runs_of(word: str) -> tuple[str, ...]:
    if len(word) < RUN_LENGTH:
        return (word,)
    run_count = len(word) - RUN_LENGTH + 1
    runs = tuple(word[start : start + RUN_LENGTH] for start in range(run_count))
    if len(word) in SHORT_WORD_LENGTHS:
        return (*runs, word[:PREFIX_LENGTH])
    return runs


def _unspaced_terms(text: str) -> Iterator[str]:
    yield from text
    for index in range(len(text) - 1):
        pair = text[index : index + 2]
        if pair not in STOP_PAIRS:
            yield pair
