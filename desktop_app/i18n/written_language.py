"""The language of a text, by its frequent words and its script."""

from __future__ import annotations

import re
from collections import Counter
from typing import Final

# The most frequent words, and the letters, of languages in the Latin script. Several share
# some, so that none wins because of those. py3langid would add 4.6 MB and numpy.
_FREQUENT: Final = {
    "cs": "a v je na se že to s z do pro o jako za by ale jsou který nebo jeho po být není ten "
    "ě ř ů ý",
    "de": "der die und das ist nicht in den zu ein eine mit auf für von sich auch wird dem des "
    "es sie ich wenn werden oder im sind als bei einen einer nach kann aus wie haben dort "
    "ä ö ü ß",
    "en": "the and of to in is that it for you with on are this be as have not or from was can "
    "will an by your at if but which",
    "es": "de la que el en y los se del las un por con no una su para es al lo como más pero "
    "sus le ya o este sí porque esta entre cuando muy sin sobre también hay está puede ñ "
    "¿ ¡",
    "fr": "de la le et les des en un du une que est pour qui dans a par plus pas au sur ne se "
    "il ce avec sont vous je ou cette aux mais nous être votre peut ces œ ê",
    "it": "di e il che la è per un in non una del sono le con si della i da come al lo dei nel "
    "alla più anche questo gli delle ma ha ho se o quando puoi essere ò ù ì",
    "nb": "og i det er på som en til av for at ikke med har den jeg vi kan om fra de et eller "
    "du å også men seg skal hvis dette æ ø",
    "nl": "de het een van en in is dat op te zijn voor met die niet er aan om als ook door naar "
    "uit maar bij wordt je of kan worden deze heeft",
    "pl": "w i na z się nie do to że jest o jak ale za od po są dla przez co czy lub tylko może "
    "oraz ten tym jego być jeśli które ł ż ś ć ź ą ę ń",
    "pt": "de a o que e do da em um para com não uma os no se na por mais as dos como mas ao "
    "ele das à seu sua ou quando muito nos já também são você isso pelo está ã õ",
    "sv": "och i att det som en på är av för med till den har de inte om ett men var jag från "
    "kan eller du så ska detta ä å",
}
_LANGUAGES_OF_WORD: Final[dict[str, set[str]]] = {}
for _language, _words in _FREQUENT.items():
    for _word in _words.split():
        _LANGUAGES_OF_WORD.setdefault(_word, set()).add(_language)
_LEAD: Final = 2
"""The frequent words by which another language must lead the default."""
_SCRIPTS: Final = (
    ("ja", re.compile(r"[\u3040-\u30ff]")),
    ("ko", re.compile(r"[\uac00-\ud7a3]")),
    ("zh", re.compile(r"[\u4e00-\u9fff]")),
    ("uk", re.compile(r"[іїєґ]")),
    ("ru", re.compile(r"[\u0400-\u04ff]")),
    ("el", re.compile(r"[\u0370-\u03ff]")),
    ("he", re.compile(r"[\u0590-\u05ff]")),
    ("ar", re.compile(r"[\u0600-\u06ff]")),
)
_SEEN_CHARS: Final = 2_000  # of a text, for its language


def language_of(text: str, default: str) -> str:
    """Return the language of a text by ISO 639-1: the default unless another clearly wins."""
    text = text[:_SEEN_CHARS].lower()
    letters = sum(map(str.isalpha, text))
    for language, script in _SCRIPTS:
        if letters and len(script.findall(text)) * 4 >= letters:
            return language
    counts = Counter(
        language
        for word in (*re.findall(r"\w+", text), *re.findall(r"[¿¡]|(?!\w\b)[^\W\x00-\x7f]", text))
        for language in _LANGUAGES_OF_WORD.get(word, ())
    )
    best = max(counts, key=lambda language: counts[language], default=default)
    return best if counts[best] >= counts[default] + _LEAD else default
