"""The words that passages are found by.

A question is asked in other words, and in other forms of the words, than those that answer it. So
words are folded (case, accents) and cut to their first letters, which takes the endings off in every
language that grows them there; scripts without spaces are taken in pairs of characters. Words that
stand in every question ("what", "wie", "est-ce") are left out.

Which of this pays was measured: `python -m tests.benchmarks retrieval` prints the variants.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Final

from desktop_app.domain.letters import dense_run, fold

# Letters of a word that count.
STEM: Final = 6

_WORD: Final = re.compile(r"[^\W_]+")

# Question words, pronouns, articles and the like, as they are folded.
STOP_WORDS: Final = frozenset(
    """
    a about after all also am an and any are as at be been being but by can could did do does doing
    for from had has have having he her here him his how i if in into is it its just many may me
    might more most much must my no not of on one only or our out over own shall she should so some
    such than that the their them then there these they this those to too under until up us very was
    we were what when where which while who whom whose why will with would you your
    aber alle allem allen aller alles als also am an auch auf aus bei beim bin bis bist da damit dann
    das dass dem den denn der des dessen die dies diese diesem diesen dieser dieses doch dort du
    durch ein eine einem einen einer eines er es etwa fur gibt hab habe haben hat hatte hier ich ihm
    ihn ihr ihre ihrem ihren im in ins ist ja jede jedem jeden jeder jedes jemand kann kein keine
    keinen konnen man mein meine meinem meinen mich mir mit muss mussen nach nicht noch nun nur ob
    oder ohne sein seine seinem seinen seiner sich sie sind so soll sollen sollte uber um und uns
    unser unsere unter vom von vor wann war waren warum was welche welchem welchen welcher welches
    wem wen wenn wer werden wessen wie wird wo wofur woher wohin womit worden wozu wurde wurden zu
    zum zur
    a ai ainsi alors apres au aucun aussi autre aux avec avoir c car ce cela ces cet cette ceux
    chaque comme comment d dans de depuis des dois doit donc dont du elle elles en est et etait ete
    etre eu faire faut fois il ils j je l la laquelle le lequel les leur leurs lors lui m ma mais me
    meme mes moi mon n ne ni nos notre nous on ont ou par pas pendant peut peux plus pour pourquoi
    puis qu quand que quel quelle quelles quels qui quoi s sa sans se sera ses si soit son sont sous
    sur t ta te tes toi ton tous tout toute toutes tres tu un une vers vos votre vous y
    """.split()
)
# Pairs that Japanese and Chinese sentences and questions are held together with.
STOP_PAIRS: Final = frozenset(
    """
    です ます でし まし した した。 する して され ださ くだ さい ている てい いる ある から まで どの どこ
    いつ なに なぜ だれ どう なん 何で 何を ので のは には とは では ても であ であり こと ため もの
    什么 怎么 如何 哪里 多少 是否 可以
    """.split()
)


def words(text: str) -> Iterator[str]:
    """The words of `text` as they stand in the index, in order."""
    folded = fold(text)
    at = 0
    for run in dense_run().finditer(folded):
        yield from _spaced(folded[at : run.start()])
        yield from _pairs(run.group())
        at = run.end()
    yield from _spaced(folded[at:])


def index_words(text: str) -> str:
    """The words of `text` for the index."""
    return " ".join(words(text))


def question_words(text: str) -> list[str]:
    """What is looked for of a question, each word once; all of its words where no other is left."""
    found = dict.fromkeys(words(text))
    return list(found) or list(dict.fromkeys(_WORD.findall(fold(text))))


def _spaced(text: str) -> Iterator[str]:
    for match in _WORD.finditer(text):
        word = _stem(match.group())
        if word:
            yield word


@lru_cache(50_000)
def _stem(word: str) -> str:
    """A folded word as it is looked for; "" for one that says nothing."""
    return "" if word in STOP_WORDS else word[:STEM]


def _pairs(run: str) -> Iterator[str]:
    if len(run) == 1:
        yield run
    for at in range(len(run) - 1):
        pair = run[at : at + 2]
        if pair not in STOP_PAIRS:
            yield pair
