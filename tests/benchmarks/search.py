"""Search in 100,000 conversations of 10 messages.

Measures the milliseconds until the hits and their snippets are found, at the 95th percentile, for
each kind of query and over all of them. Generating the library takes four minutes. `--path FILE`
stores the library there, or reuses it.
"""

from __future__ import annotations

import asyncio
import random
import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from desktop_app.domain.conversations.conversation import SearchOrder
from desktop_app.library.search_query import Search
from tests.benchmarks._large_library import VOCABULARY, Words, make_library, open_library


def queries(words: Words, each: int) -> dict[str, list[str]]:
    """Return typical queries by kind. A trailing space means that the last word is complete."""
    pick = random.Random(3)

    def word(most: int, least: int = 0) -> str:
        return words.all[pick.randrange(least, most)]

    return {
        "rare": [f"{word(VOCABULARY, 20_000)} " for _ in range(each)],
        "commonest": [f"{word(20)} " for _ in range(each)],
        "prefix": [word(5000)[:3] for _ in range(each)],
        "phrase": [f'"{word(200)} {word(200)}"' for _ in range(each)],
        "two words": [f"{word(2000)} {word(2000)} " for _ in range(each)],
        "two common words": [f"{word(50)} {word(50)} " for _ in range(each)],
        "japanese": [pick.choice(words.all_japanese[:500]) for _ in range(each)],
    }


def main(
    conversations: int = 100_000, messages: int = 10, each: int = 40, path: str = ""
) -> dict[str, Any]:
    """Return the milliseconds at the 95th percentile, by kind and over all."""
    with tempfile.TemporaryDirectory() as folder:
        store = Path(path) if path else Path(folder) / "library.sqlite3"
        words = Words(7) if store.exists() else make_library(store, conversations, messages)
        taken = asyncio.run(_search(store, queries(words, each)))
        return {
            "benchmark": "search",
            "conversations": conversations,
            "messages": conversations * messages,
            "megabytes": round(store.stat().st_size / 1e6),
            "p95_ms": {kind: _p95(times) for kind, times in taken.items()},
            "p95_ms_of_all": _p95(
                [t for kind, times in taken.items() if kind != "best" for t in times]
            ),
            "median_ms_of_all": round(statistics.median(t for ts in taken.values() for t in ts), 1),
        }


async def _search(store: Path, wanted: dict[str, list[str]]) -> dict[str, list[float]]:
    database = await open_library(store)
    search = Search(database)
    await search.find("warm")
    taken: dict[str, list[float]] = {}
    for kind, query in _shuffled(wanted):
        began = time.perf_counter()
        await search.find(query)
        taken.setdefault(kind, []).append((time.perf_counter() - began) * 1000)
    for query in wanted["commonest"]:
        began = time.perf_counter()
        await search.find(query, order=SearchOrder.BEST)
        taken.setdefault("best", []).append((time.perf_counter() - began) * 1000)
    await database.close()
    return taken


def _shuffled(wanted: dict[str, list[str]]) -> Iterator[tuple[str, str]]:
    pairs = [(kind, query) for kind, some in wanted.items() for query in some]
    random.Random(5).shuffle(pairs)
    yield from pairs


def _p95(times: list[float]) -> float:
    return round(sorted(times)[int(0.95 * len(times))], 1)
