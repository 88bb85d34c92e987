"""What costs more in a large library: CPU seconds in a small one and in a large one.

The libraries have 20 messages a conversation, and a document in every 700th message.
"""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from desktop_app.backup.backup import make_backup
from desktop_app.chat.conversation_store import ConversationStore
from desktop_app.documents.store.attachment_store import AttachmentStore
from desktop_app.domain.conversations.conversation import now
from desktop_app.domain.conversations.message_parts import Attachment
from desktop_app.shortcuts.command_search import FoldedTitles, find_entries
from desktop_app.storage.database import Database
from desktop_app.storage.deletion_wipe import wipe_deleted
from desktop_app.sync.target import Target
from tests.benchmarks._large_library import make_library
from tests.helpers.synced_computers import PASSPHRASE, Computer

MESSAGES_EACH: Final = 20
DOCUMENTS_EVERY: Final = 35  # conversations


def main(conversations: int = 41_750, small: int = 550) -> Iterator[dict[str, Any]]:
    """Yield the times in libraries of `small` conversations, and of `conversations`."""
    for count in (small, conversations):
        with TemporaryDirectory(prefix="repartee-") as folder:
            yield {
                "benchmark": "library_growth",
                "messages": count * MESSAGES_EACH,
                **asyncio.run(_measure(Path(folder), count)),
            }


async def _measure(folder: Path, count: int) -> dict[str, float]:
    computer = Computer(folder, "a")
    words = make_library(computer.database.path, count, MESSAGES_EACH)
    await computer.database.open()
    store = AttachmentStore(computer.database, computer.attachments)
    for number in range(0, count, DOCUMENTS_EVERY):
        text = words.text(300)
        sha256 = hashlib.sha256(text.encode()).hexdigest()
        await store.add(text.encode(), Attachment(sha256, "a.txt", "text/plain", text=text))
        link = (sha256, f"{number:016x}{0:016x}")
        sql = "INSERT INTO message_attachments VALUES (?, ?)"
        await computer.database.execute(sql, *link)
    store.close()
    (folder / "shared").mkdir()
    figures = {
        "delete_s": await _seconds(lambda: _erase(computer.database)),
        "wipe_while_idle_s": await _seconds(lambda: wipe_deleted(computer.database, lambda: True)),
        "backup_s": await _seconds(lambda: _back_up(computer, folder)),
        "first_push_s": await _seconds(lambda: _push(computer, folder)),
        "key_ms": await _key_ms(computer),
    }
    await computer.database.close()
    return figures


async def _seconds(work: Callable[[], Coroutine[Any, Any, object]]) -> float:
    begin = time.process_time()
    await work()
    return round(time.process_time() - begin, 2)


async def _erase(database: Database) -> None:
    row = await database.row("SELECT id FROM conversations ORDER BY updated_at DESC")
    assert row is not None
    await ConversationStore(database).erase([row["id"]])


async def _back_up(computer: Computer, folder: Path) -> None:
    place = folder / "backup.zip"
    make_backup(computer.database.path, computer.attachments, place, now(), lambda *_: None)


async def _push(computer: Computer, folder: Path) -> None:
    await computer.sync.join(Target(str(folder / "shared")), PASSPHRASE)
    await computer.sync.synchronize()


async def _key_ms(computer: Computer) -> float:
    """Return the CPU time of the slowest key, of those of a title's first two words."""
    titles = FoldedTitles(await computer.conversations.titles())
    typed = " ".join(titles.rows[len(titles.rows) // 2][1].split()[:2])
    times = []
    for length in range(1, len(typed) + 1):
        begin = time.process_time()
        find_entries(typed[:length], [], titles)
        times.append(time.process_time() - begin)
    return round(max(times) * 1000, 1)
