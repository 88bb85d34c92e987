"""What a model wrote in place of a passage: whether it fits, and which changes it makes."""

from __future__ import annotations

import re
from collections import Counter
from enum import Enum, auto
from typing import Final, NamedTuple

from desktop_app.texts.text_edits import (
    PassageError,
    Replacement,
    find_once,
    likeness,
    with_typography_of,
    word_edits,
    words_of,
)

_TAG: Final = re.compile(r"</?[a-z]+-\d{12}\b[^>\n]*>\n?")
"""A tag of `PromptDelimiter`."""
_FENCED: Final = re.compile(
    r"(?P<before>(?:(?!^(?:```|~~~)).)*)^(?P<mark>```+|~~~+)[^\n`]*\n"
    r"(?P<text>.*?)\n?^(?P=mark)[ \t]*$(?P<after>(?:(?!^(?:```|~~~)).)*)",
    re.DOTALL | re.MULTILINE,
)
_QUOTES: Final = {
    '"': '"',
    "“": "”",
    "„": "“”",
    "«": "»",
    "»": "«",
    "‘": "’",
    "'": "'",
    "「": "」",
    "『": "』",
}
_ANSWER_WORDS: Final = (
    r"Sure(?: thing)?|Certainly|Of course|Absolutely|Okay|OK|Got it|Natürlich|Gern|Gerne|Klar|"
    r"Selbstverständlich|Claro(?: que s[ií])?|Por supuesto|Desde luego|Con gusto|Bien sûr|"
    r"Certainement|Avec plaisir|D['’]accord|Certo|Certamente|Volentieri|Selvfølgelig|Gjerne|"
    r"Natuurlijk|Zeker|Graag|Oczywiście|Jasne|Com certeza|Com prazer|בטח|כמובן|בוודאי|בשמחה"
)
_ANNOUNCEMENTS: Final = (
    r"Here(?:['’]s| is| are)|Below is|Hier (?:ist|sind|is|zijn|volgt)|Aquí (?:está|tienes?|va)|"
    r"Voici|Voilà|Ecco|Di seguito|Her (?:er|kommer)|Oto|Poniżej|Aqui (?:está|vai)|Segue|הנה|להלן"
)
_CJK_ANSWER_WORDS: Final = (
    "もちろん(?:です)?|はい|承知(?:しま|いたしま)した|了解(?:しま)?した|"
    "かしこまりました|当然(?:可以)?|好的|没问题"
)
_CJK_ANNOUNCEMENTS: Final = "こちらが|以下が|以下は|以下に|以下是|这是|下面是"
_SURE: Final = rf"(?:(?:{_ANSWER_WORDS})\b|{_CJK_ANSWER_WORDS})"
_HERE: Final = rf"(?:(?:{_ANNOUNCEMENTS})\b|{_CJK_ANNOUNCEMENTS})"
_OPENING: Final = re.compile(
    rf"[*_¡]*(?:(?:{_SURE}[!.,;、。！，\s]*)?{_HERE}[^\n:：]{{0,150}}[:：][*_]*\s+"
    rf"|{_SURE}[^\n]{{0,200}}(?:[:：][ \t]*\n|\n[ \t]*\n)\s*)",
    re.IGNORECASE,
)
"""A sentence with which models begin, in the languages of the window."""
_CLOSING_WORDS: Final = (
    r"(?:Please )?let me know (?:if|whether|how) |(?:I )?hope (?:this|that|it) helps\b|"
    r"(?:Is|Was) there anything else\b|Would you like me to\b|"
    r"Feel free to (?:ask|tell me|let me know)\b|If you(?:['’]d| would) like,? (?:me to|I can)\b|"
    r"(?:Lass|Lassen Sie) (?:es )?mich (?:gern |gerne )?wissen\b|"
    r"Sag(?:en Sie)? (?:mir )?(?:gern |gerne |einfach )?Bescheid\b|"
    r"Gib mir (?:gern |gerne )?Bescheid\b|"
    r"Ich hoffe, (?:das|dies) hilft\b|(?:Möchtest du|Möchten Sie), dass ich\b|"
    r"Soll ich (?:noch|auch)\b|"
    r"Wenn (?:du|Sie) (?:möchtest|möchten|willst|wollen), kann ich\b|"
    r"Av[ií]same si\b|Avíseme si\b|(?:Házmelo|Hágamelo) saber\b|D[ií]me si\b|"
    r"Espero que (?:esto )?(?:te |le )?(?:ayude|sirva|sea útil)\b|"
    r"(?:Quieres|Quiere|Te gustaría) que\b|Si (?:quieres|quiere|lo deseas), puedo\b|"
    r"N['’]hésitez? pas à me (?:dire|demander|faire savoir)\b|(?:Dis|Dites)-moi si\b|"
    r"(?:Fais|Faites)-(?:le-)?moi savoir\b|J['’]espère que (?:cela|ça) (?:vous |t['’])?aide\b|"
    r"(?:Souhaitez-vous|Voulez-vous|Veux-tu) que je\b|"
    r"Si (?:vous le souhaitez|vous voulez|tu veux), je peux\b|"
    r"(?:Fammi|Mi faccia) sapere se\b|Spero (?:che )?(?:questo |ti |le )?(?:aiuti|sia utile)\b|"
    r"(?:Vuoi|Vuole|Desideri) che (?:io )?\b|Se (?:vuoi|vuole|desideri), posso\b|"
    r"Gi meg (?:gjerne )?beskjed (?:hvis|om|dersom)\b|Si (?:gjerne )?i?fra (?:hvis|om|dersom)\b|"
    r"(?:Jeg )?håper dette hjelper\b|Vil du at jeg skal\b|Hvis du (?:vil|ønsker), kan jeg\b|"
    r"Laat (?:het )?me (?:het )?(?:gerust )?weten (?:als|of)\b|"
    r"(?:Ik hoop dat dit|Hopelijk) helpt\b|"
    r"(?:Wil je|Wilt u) dat ik\b|Als (?:je wilt|u wilt), kan ik\b|"
    r"Daj (?:mi )?znać,? (?:jeśli|jeżeli|czy)\b|Proszę dać (?:mi )?znać\b|"
    r"Mam nadzieję, że to pomoże\b|Czy (?:chcesz|chciałbyś|chciałabyś), (?:że|a)bym\b|"
    r"(?:Jeśli|Jeżeli) chcesz, mogę\b|"
    r"Me avise se\b|Avise-me se\b|(?:Me diga|Diga-me) se\b|"
    r"Espero que (?:isso|isto) (?:te )?ajude\b|Espero ter ajudado\b|(?:Quer|Gostaria) que eu\b|"
    r"Se (?:quiser|desejar), posso\b|"
    r"אשמח לדעת אם|(?:ספר|ספרי|תגיד|תגידי) לי אם|(?:תודיע|תודיעי|תודיעו|הודיעו) לי אם|"
    r"(?:אני )?מקווה שזה (?:עוזר|עזר|יעזור)|האם (?:תרצה|תרצי|תרצו) ש|אם (?:תרצה|תרצי|תרצו), אוכל|"
    r"(?:他に|さらに|もし|修正|調整|変更)[^\n]{0,40}(?:お知らせ|お申し付け|教えて)ください|"
    r"(?:お役に立てば|ご参考になれば)幸いです|"
    r"如果(?:您|你)?(?:还|需要|想|希望|有)[^\n]{0,40}(?:告诉我|告知我)|请(?:随时)?告诉我|"
    r"希望(?:这|对)[^\n]{0,10}帮助|需要我[^\n]{0,30}吗"
)
_CLOSING: Final = re.compile(
    r"\n[ \t]*\n(?:[ \t]*(?:-{3,}|\*{3,}|_{3,})[ \t]*\n\s*)?"
    rf"[*_(¿]*(?:{_CLOSING_WORDS})[^\n]{{0,300}}\s*\Z",
    re.IGNORECASE,
)
"""A last paragraph in which models offer more, in the same languages."""
_REFUSAL: Final = re.compile(
    r"\W*(?:(?:I['’]m|I am)(?: very| so)? sorry|Sorry\b|"
    r"I (?:can['’]?t|cannot|won['’]t|am unable)\b|I['’]m (?:unable|not able)|"
    r"Unfortunately\b|As an AI\b|(?:Es )?tut mir leid|Leider\b|"
    r"Ich kann\b.{0,40}\bnicht\b|Entschuldigung\b|Lo siento|Lamento\b|No puedo\b|Je suis désolé|"
    r"Désolé|Je ne peux pas|Je regrette|Malheureusement|Mi dispiace|Spiacente|Non posso\b|Beklager|"
    r"Jeg kan\b.{0,20}\bikke\b|Dessverre|Het spijt me|Helaas\b|Ik kan\b.{0,40}\bniet\b|Przepraszam|"
    r"Przykro mi|Niestety|Nie mogę|Desculpe|Sinto muito|Infelizmente|Não posso\b|(?:אני )?מצטער|"
    r"סליחה|איני יכול|אני לא יכול|申し訳|すみません|ごめんなさい|残念ながら|"
    r"很?抱歉|对不起|我无法|我不能)",
    re.IGNORECASE,
)
_ALIKE: Final = 0.3
"""A likeness of words from which on an apology belongs to the text."""
_MIN_WORDS: Final = 8
"""Of a passage that no change leaves without any of its words, unless it translates it."""


def cleaned_reply(passage: str, reply: str) -> str:
    """Return what a model wrote for a passage, without outer white space and what it put around it.

    What the passage did not have is taken off: the program's tags, a code fence and what is outside
    of it, an opening sentence, a closing paragraph, quotation marks around the whole.
    """
    text = _TAG.sub(lambda tag: tag[0] if tag[0].strip() in passage else "", reply).strip()
    fenced = None if "```" in passage or "~~~" in passage else _FENCED.fullmatch(text)
    if fenced:
        words = words_of(passage)
        of_text, of_before = (words_of(fenced[part]) for part in ("text", "before"))
        if likeness(of_text, words) >= likeness(of_before, words):
            text = fenced["text"].strip()
    opening = _OPENING.match(text)
    if opening and opening.end() < len(text) and not _OPENING.match(f"{passage.lstrip()}\n\n"):
        text = text[opening.end() :].strip()
    closing = _CLOSING.search(text)
    if closing and not _CLOSING.search(f"\n\n{passage.strip()}"):
        text = text[: closing.start()].strip()
    return _without_quotes(passage.strip(), text)


def with_outer_space(passage: str, text: str) -> str:
    """Return a text with the outer white space that a passage has; "" stays empty."""
    if not text or not passage.strip():
        return text
    start, end = len(passage) - len(passage.lstrip()), len(passage.rstrip())
    return f"{passage[:start]}{text}{passage[end:]}"


def _without_quotes(passage: str, text: str) -> str:
    """Return a text without quotation marks around it that the passage does not have."""
    if len(text) < 3 or text[-1] not in _QUOTES.get(text[0], "") or passage[:1] in _QUOTES:
        return text
    if passage and any(passage[-1] in ends for ends in _QUOTES.values()):
        return text
    inner, marks = text[1:-1], {text[0], text[-1]}
    count = sum(Counter(inner)[mark] for mark in marks)
    return inner.strip() if count <= sum(Counter(passage)[mark] for mark in marks) else text


def is_refusal(passage: str, reply: str) -> bool:
    """Return True if a model apologizes instead of changing a passage."""
    is_apology = _REFUSAL.match(reply) and not _REFUSAL.match(passage)
    return bool(is_apology) and likeness(words_of(passage), words_of(reply)) < _ALIKE


def is_about_something_else(passage: str, reply: str) -> bool:
    """Return True if a reply has no word of a longer passage, as its translation has none."""
    words = words_of(passage)
    return len(words) >= _MIN_WORDS and words.isdisjoint(words_of(reply))


class Change(NamedTuple):
    """A change that a model wants: a passage, and what replaces it."""

    old: str
    new: str


class Plan(NamedTuple):
    """A change in its place.

    Attributes:
        start: the place of the passage in the text.
        passage: as the text has it.
        groups: the replacements of each change that the user decides on, within the passage.
    """

    start: int
    passage: str
    groups: list[list[Replacement]]


class Problem(Enum):
    """Why a change cannot be proposed."""

    ABSENT = auto()
    AMBIGUOUS = auto()
    UNCHANGED = auto()
    REFUSAL = auto()


class Refusal(NamedTuple):
    """Why a change cannot be proposed, with what the model may have meant, "" if unknown."""

    problem: Problem
    nearest: str = ""


def plan_change(text: str, change: Change) -> Plan | Refusal:
    """Return a change in its place, or why it has none.

    Takes up to half a second for 20,000 words: call it in a thread.
    """
    try:
        start, end = find_once(text, change.old)
    except PassageError as error:
        return Refusal(Problem.AMBIGUOUS if error.count else Problem.ABSENT)
    passage = text[start:end]
    if is_refusal(passage, change.new):
        return Refusal(Problem.REFUSAL)
    if passage != change.old:
        groups = reply_edits(passage, change.new)
    else:
        new = cleaned_reply(passage, change.new)
        is_clean = new == change.new.strip()
        new = change.new if is_clean else with_outer_space(passage, new)
        groups = [[edit] for edit in word_edits(passage, new)]
    return Plan(start, passage, groups) if groups else Refusal(Problem.UNCHANGED)


def reply_edits(passage: str, reply: str) -> list[list[Replacement]]:
    """Return the replacements that a model's reply makes in a passage, by decision.

    The outer white space of the passage stays, and its typography where no word changes.
    """
    new = with_outer_space(passage, cleaned_reply(passage, reply))
    return [[edit] for edit in word_edits(passage, with_typography_of(passage, new))]
