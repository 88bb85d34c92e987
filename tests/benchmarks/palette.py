"""Keys typed into the palette with 100,000 conversations.

Measures the CPU milliseconds from a key until the rows are found, at the 95th percentile and at
most, for typical queries typed letter by letter, and the CPU milliseconds to build the index.
"""

from __future__ import annotations

import random
import string
import time
from typing import Any

from desktop_app.commands.command_search import PaletteEntry
from desktop_app.commands.palette_index import PaletteIndex, TitleIndex, UseCounts

_TYPED = ("a", "the client", "retry backoff", "zzz qqq", "a b c d", "new conversation", "straße")


def main(conversations: int = 100_000, entries: int = 400) -> dict[str, Any]:
    """Return the milliseconds per key and for the index."""
    pick = random.Random(5)
    words = [
        "".join(pick.choices(string.ascii_lowercase, k=pick.randrange(2, 9))) for _ in range(5_000)
    ]
    rows = [(str(n), " ".join(pick.choices(words, k=6))) for n in range(conversations)]
    began = time.process_time()
    titles = TitleIndex(rows)
    indexed = time.process_time() - began
    others = [PaletteEntry(str(n), " ".join(pick.choices(words, k=3))) for n in range(entries)]
    index = PaletteIndex(others, titles, UseCounts({}))
    typed = [*_TYPED, *(" ".join(pick.choices(words, k=2)) for _ in range(20))]
    taken = []
    for text in typed:
        for end in range(1, len(text) + 1):
            began = time.process_time()
            index.find(text[:end])
            taken.append((time.process_time() - began) * 1000)
    taken.sort()
    return {
        "benchmark": "palette",
        "conversations": conversations,
        "index_ms": round(indexed * 1000, 1),
        "p95_ms": round(taken[int(len(taken) * 0.95)], 1),
        "max_ms": round(taken[-1], 1),
    }
