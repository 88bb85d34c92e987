"""Kills the real program at random moments and checks that nothing is lost.

    python -m tests.end2end.kills [COUNT [SEED]]

Run it in the session of packaging/desktop-session.sh --screen. All rounds share a home. In each
round the program is started, asked, given a draft, and killed (SIGKILL) between its start and the
end of the answer. Meanwhile a second process imports and exports. After each kill:

    the store passes its integrity check
    every question that was on the screen is on disk
    no answer on disk is shorter than the text on screen a second before
    a draft that was unchanged for a second is stored
    the next start shows the conversation and asks the user nothing

The answer is a sequence of numbered words, so that the screen and the disk can be compared.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import re
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from tests.end2end.prepared_server import Prepared, PreparedServer
from tests.end2end.program import AssistiveClient, Program, wait_for
from tests.helpers.family import FAMILY_ENVIRONMENT

WORDS = 3_000
PAUSE_S = 0.004
ON_SCREEN_S = 1.0  # content that was on screen for this time has to be on disk
MAX_LIFE_S = 5.0
EARLY_SHARE = 0.2  # the share of rounds in which the program is killed while it starts
_NUMBERS = re.compile(r"\bw(\d+)\b")


class Server:
    """The prepared server, on a thread of its own.

    Attributes:
        base_url: its address.
    """

    def __init__(self) -> None:
        self.base_url = ""
        text = " ".join(f"w{number}" for number in range(WORDS))
        self._answers = {"Question": Prepared(text, pause_s=PAUSE_S)}
        self._ready, self._loop = threading.Event(), asyncio.new_event_loop()
        self._stop = asyncio.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> Self:
        self._thread.start()
        self._ready.wait()
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()

    def _run(self) -> None:
        self._loop.run_until_complete(self._serve())
        for task in asyncio.all_tasks(self._loop):
            task.cancel()
        self._loop.run_until_complete(asyncio.sleep(0))
        self._loop.close()

    async def _serve(self) -> None:
        async with PreparedServer(self._answers) as server:
            self.base_url = server.base_url
            self._ready.set()
            await self._stop.wait()


@dataclass
class Seen:
    """The texts that a round has shown on the screen, and when."""

    question: str
    draft: str
    asked_at: float | None = None
    drafted_at: float | None = None
    words: list[tuple[float, int]] = field(default_factory=list)

    def words_by(self, moment: float) -> int:
        """Return the number of words of the answer that were on screen at a moment."""
        return max((count for at, count in self.words if at <= moment), default=0)


class Kills:
    """A series of kills with the same home."""

    def __init__(
        self,
        home: Path,
        server: Server,
        client: AssistiveClient,
        seed: int,
        on_screen_s: float = ON_SCREEN_S,
    ) -> None:
        self._home, self._server, self._client = home, server, client
        self._store = home / "data" / "repartee.sqlite3"
        self._on_screen_s = on_screen_s
        self._chance = random.Random(seed)
        self._round = 0

    def run_round(self) -> Seen:
        """Start, ask, kill and check. Raise AssertionError if something was lost."""
        self._round += 1
        seen = Seen(f"Question {self._round} of this home", f"Draft {self._round}")
        is_early = self._chance.random() < EARLY_SHARE
        life = self._chance.uniform(0, MAX_LIFE_S)
        with self._program() as program:
            importer = self._start_import()
            if is_early:
                time.sleep(life / 2)
            else:
                self._expect_nothing_to_answer(program)
                self._ask_and_watch(program, seen, life)
            killed_at = time.monotonic()
            program.kill()
            importer.kill()
            importer.wait()
        self._check_store(seen, killed_at)
        return seen

    def _program(self) -> Program:
        environment = {
            "OPENAI_API_KEY": "sk-loopback",
            "OPENAI_BASE_URL": self._server.base_url,
            **FAMILY_ENVIRONMENT,
            "COMETAPI_KEY": "",
        }
        return Program(self._home, self._client, **environment)

    def _expect_nothing_to_answer(self, program: Program) -> None:
        wait_for(lambda: program.has("prompt", "enabled"), "the prompt")
        command = ["xdotool", "search", "--onlyvisible", "--pid", str(program.process.pid)]

        def windows() -> list[bytes]:  # xdotool fails while there is none
            return subprocess.run(command, capture_output=True, check=False).stdout.split()

        found = wait_for(windows, "the window on the screen")
        assert len(found) == 1, "more than the window is on the screen"

    def _start_import(self) -> subprocess.Popen[bytes]:
        """Start another process that writes to the store until it is killed."""
        source = self._home.parent / "import.json"
        message = {
            "author": {"role": "user"},
            "content": {"content_type": "text", "parts": ["x" * 1000]},
        }
        # Versions of one question, so that the list, which the AT-SPI client reads, stays short.
        mapping = {
            f"{self._round}-{number}": {"parent": None, "message": message} for number in range(500)
        }
        conversations = [
            {"conversation_id": f"{number}", "title": "Imported", "mapping": mapping}
            for number in range(4)
        ]
        source.write_text(json.dumps(conversations))
        command = [sys.executable, "-m", "desktop_app", "import", str(source)]
        environment = {**os.environ, "REPARTEE_HOME": str(self._home)}
        return subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL)

    def _ask_and_watch(self, program: Program, seen: Seen, life: float) -> None:
        """Ask, and read the answer on the screen for `life` seconds."""
        program.do("press", "new-conversation")
        # Qt clicks a tenth of a second later, which would make a draft of the text.
        wait_for(lambda: not program.has("new-conversation", "pressed"), "a new conversation")
        program.do("set_text", "prompt", text=seen.question)
        wait_for(lambda: program.has("send", "enabled"), "Send to be enabled")
        program.do("press", "send")
        until = time.monotonic() + life
        while time.monotonic() < until:
            text = program.do("text", "transcript")
            now = time.monotonic()
            if seen.question in text:
                seen.asked_at = seen.asked_at or now
            words = _words_in(text)
            seen.words.append((now, words))
            if words and seen.drafted_at is None:
                program.do("set_text", "prompt", text=seen.draft)
                seen.drafted_at = time.monotonic()

    def _check_store(self, seen: Seen, killed_at: float) -> None:
        if not self._store.exists():
            assert seen.asked_at is None, "the store is gone"
            return
        with closing(sqlite3.connect(self._store)) as connection:
            verdict = connection.execute("PRAGMA integrity_check").fetchone()[0]
            assert verdict == "ok", verdict
            if seen.asked_at is None:
                return
            rows = connection.execute("SELECT role, parts FROM messages").fetchall()
            drafts = [row[0] for row in connection.execute("SELECT draft FROM conversations")]
        asked = [parts for role, parts in rows if role == "user"]
        assert any(seen.question in parts for parts in asked), "the question is gone"
        on_screen = seen.words_by(killed_at - self._on_screen_s)
        if on_screen:
            on_disk = self._words_on_disk(seen.question)
            assert on_disk >= on_screen, f"{on_disk} words on disk, {on_screen} were on the screen"
        if seen.drafted_at is not None and killed_at - seen.drafted_at > self._on_screen_s:
            assert any(seen.draft in draft for draft in drafts), "the draft is gone"

    def _words_on_disk(self, question: str) -> int:
        sql = """SELECT a.parts FROM messages AS a JOIN messages AS q ON q.id = a.parent_id
            WHERE instr(q.parts, ?) AND a.role = 'assistant'"""
        with closing(sqlite3.connect(self._store)) as connection:
            row = connection.execute(sql, (f'"{question}"',)).fetchone()
        return _words_in(row[0]) if row else 0


def _words_in(text: str) -> int:
    """Return the length of the word sequence. The last word may be cut: "w5" of "w51"."""
    return max((int(number) + 1 for number in _NUMBERS.findall(text)), default=0)


def kill(count: int, seed: int) -> dict[str, int]:
    """Run `count` rounds and return how many were killed at each stage."""
    stages = {"kills": count, "before the question": 0, "in the answer": 0}
    client = AssistiveClient()
    try:
        with tempfile.TemporaryDirectory() as folder, Server() as server:
            kills = Kills(Path(folder) / "home", server, client, seed)
            for number in range(count):
                seen = kills.run_round()
                stages["before the question"] += seen.asked_at is None
                stages["in the answer"] += bool(seen.words and seen.words[-1][1])
                sys.stderr.write(f"\r{number + 1} of {count}")
    finally:
        client.close()
    return stages


if __name__ == "__main__":
    given = [int(word) for word in sys.argv[1:]]
    sys.stdout.write(json.dumps(kill(*[*given, *(200, 1)[len(given) :]])) + "\n")
