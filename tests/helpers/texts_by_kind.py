"""Long texts of the kinds that tokenizers treat differently; the same on every run."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
_JAPANESE: Final = (
    ("会議", "契約", "工場", "大学", "市役所", "図書館", "研究所", "鉄道"),
    ("新しい計画", "予算の変更", "安全な手順", "住民の意見", "昨年の結果", "設備の点検"),
    ("を発表した", "について話し合った", "を三月までに決める", "を見直すことにした"),
)
_ARABIC: Final = (
    ("أعلنت المدينة", "وافق المجلس", "ناقشت الشركة", "قدم المهندس", "كتبت الجامعة", "زار الوزير"),
    ("خطة جديدة للمياه", "ميزانية العام القادم", "تقريرا عن المدارس", "مشروع السكك الحديدية"),
    ("بعد أشهر من العمل", "في الاجتماع الأخير", "رغم ارتفاع الأسعار", "بطلب من السكان"),
)


def _prose(_chance: random.Random) -> str:
    files = sorted((ROOT / "tests/data/retrieval/en").glob("*.md"))
    return "\n\n".join(file.read_text("utf-8") for file in files)


def _figures(chance: random.Random) -> str:
    lines = ["date;account;amount;balance"]
    for n in range(2_000):
        day = f"2025-{n % 12 + 1:02}-{n % 28 + 1:02}"
        amount = chance.randint(100, 9_999_999) / 100
        lines.append(f"{day};{chance.randint(10**7, 10**8)};{amount};{chance.randint(1, 10**6)}")
    return "\n".join(lines) + "\n"


def _code(_chance: random.Random) -> str:
    files = sorted((ROOT / "desktop_app/rendering/markdown").glob("*.py"))
    return "\n\n".join(file.read_text("utf-8") for file in files)


def _sentences(words: tuple[tuple[str, ...], ...], joint: str, end: str) -> str:
    chance = random.Random(7)
    lines = []
    for n in range(900):
        said = joint.join(chance.choice(column) for column in words)
        lines.append(f"{said}{end}" + ("\n\n" if n % 5 == 4 else joint and " "))
    return "".join(lines)


KINDS: Final[Mapping[str, Callable[[random.Random], str]]] = {
    "prose": _prose,
    "figures": _figures,
    "code": _code,
    "japanese": lambda _: _sentences(_JAPANESE, "", "。"),
    "arabic": lambda _: _sentences(_ARABIC, " ", "."),
}


def text_of(kind: str, characters: int) -> str:
    """Return a text of a kind in KINDS; longer ones repeat it in numbered chapters."""
    whole = KINDS[kind](random.Random(3))
    made, chapter = "", 1
    while len(made) < characters:
        made += f"{'' if chapter == 1 else chr(10) * 2}# {chapter}\n\n{whole}"
        chapter += 1
    return made[:characters]
