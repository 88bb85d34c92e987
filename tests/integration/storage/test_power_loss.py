"""Power failures: no acknowledged data is missing from any disk state they can leave.

A process writes turns under strace, which records each write, truncation and sync of the store's
files, and each acknowledgment. For a moment in that record, data synced before it is on the disk.
Of later writes, each is present, missing, or torn at a sector. The store must open on that state,
be sound, and hold all acknowledged data.

The suite runs a seeded sample. `python -m tests.integration.storage.test_power_loss 5000` runs
more.
"""

from __future__ import annotations

import random
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from desktop_app.chat.conversation_store import ConversationStore
from tests.helpers.blocking import blocking
from tests.integration.storage.test_crashes import ROOT
from tests.unit.storage.samples import opened

SECTOR = 512
TURNS = 12

WRITER = """
import asyncio, sys
from dataclasses import replace
from pathlib import Path
from desktop_app.domain.conversations.message_parts import TextPart
from desktop_app.chat.conversation_store import ConversationStore
from tests.unit.storage.samples import *

async def main():
    async with opened(Path(sys.argv[1])) as database:
        # So that the log is folded in within the record, several times.
        await database.write(lambda c: c.execute("SELECT 1"))
        database._connection.execute("PRAGMA wal_autocheckpoint = 20")
        store = ConversationStore(database)
        for turn in range(int(sys.argv[2])):
            conversation = a_conversation("streamed")
            question = a_question(conversation, "Why?")
            answer = an_answer(question)
            await store.begin_turn(conversation, question, answer)
            sys.stdout.write(f"ACK begun {question.id} 0 {answer.id}\\n"); sys.stdout.flush()
            words = ""
            for n in range(4):
                words += "abc def " * 500
                await store.save_answer(replace(answer, parts=(TextPart(words),)))
                sys.stdout.write(f"ACK saved {answer.id} {len(words)} -\\n"); sys.stdout.flush()

asyncio.run(main())
"""

_CALL = re.compile(
    r"^\d+ +(?P<name>pwrite64|write|fsync|fdatasync|ftruncate|unlink|rename)\((?P<arguments>.*)\)"
    r" += (?P<result>-?\d+)"
)
_UNFINISHED = re.compile(r"^(?P<pid>\d+) +(?P<start>.*) <unfinished \.\.\.>$")
_RESUMED = re.compile(r"^(?P<pid>\d+) +<\.\.\. \w+ resumed>(?P<rest>.*)$")
_FILE = re.compile(r"^\d+<(?P<path>[^>]*)>")
_DATA = re.compile(r', "(?P<hex>(?:\\x[0-9a-f]{2})*)"')


@dataclass(frozen=True)
class Step:
    """A step of the process.

    Attributes:
        kind: "write", "cut" (to the length `at`), "sync", "gone", or "said" (`data` is what).
    """

    kind: str
    file: str
    at: int = 0
    data: bytes = b""


@dataclass
class Disk:
    """The synced content of each file, and the steps since its last sync."""

    files: dict[str, bytearray] = field(default_factory=dict)
    since: dict[str, list[Step]] = field(default_factory=dict)
    said: list[bytes] = field(default_factory=list)

    def take(self, step: Step) -> None:
        if step.kind == "said":
            self.said.append(step.data)
        elif step.kind == "sync":
            for done in self.since.pop(step.file, []):
                _apply(self.files, done)
        elif step.kind == "gone":  # names are on the disk at once here: see the module of storage
            self.files.pop(step.file, None)
            self.since.pop(step.file, None)
        else:
            self.since.setdefault(step.file, []).append(step)

    def after_a_failure(self, chance: random.Random) -> dict[str, bytes]:
        """Return a disk state that the failure may leave."""
        left = {name: bytearray(content) for name, content in self.files.items()}
        for steps in self.since.values():
            for step in steps:
                fate = chance.random()
                if fate < 0.4 or step.kind == "cut":
                    _apply(left, step)
                elif fate < 0.7:
                    _apply(left, _torn(step, chance))
        return {name: bytes(content) for name, content in left.items()}


def _apply(files: dict[str, bytearray], step: Step) -> None:
    content = files.setdefault(step.file, bytearray())
    if step.kind == "cut":
        del content[step.at :]
        content.extend(bytes(step.at - len(content)))
        return
    content.extend(bytes(max(0, step.at - len(content))))
    content[step.at : step.at + len(step.data)] = step.data


def _torn(step: Step, chance: random.Random) -> Step:
    """Return a write cut off after a random number of sectors."""
    length = chance.randrange(0, len(step.data) // SECTOR + 1) * SECTOR
    return Step(step.kind, step.file, step.at, step.data[:length])


def record(folder: Path) -> list[Step]:
    """Return the writer's steps in order."""
    log = folder / "strace"
    store = folder / "store.sqlite3"
    calls = "trace=pwrite64,write,fsync,fdatasync,ftruncate,unlink,rename"
    strace = ["strace", "-f", "-y", "-xx", "-s", "200000", "-o", str(log), "-e", calls]
    command = [*strace, sys.executable, "-c", WRITER, str(store), str(TURNS)]
    subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL, timeout=300)
    return list(_steps(log.read_text(), store))


def _steps(log: str, store: Path) -> Iterator[Step]:
    positions: dict[str, int] = {}
    for line in _whole_lines(log):
        call = _CALL.match(line)
        if call is None or int(call["result"]) < 0:
            continue
        name, arguments = call["name"], call["arguments"]
        if name in ("unlink", "rename"):
            path = bytes.fromhex(arguments.split('"')[1].replace("\\x", "")).decode()
            if path.startswith(str(store)):
                yield Step("gone", Path(path).name)
            continue
        file = _FILE.match(arguments)
        path = "" if file is None else _decoded(file["path"])
        found = _DATA.search(arguments)
        data = bytes.fromhex(found["hex"].replace("\\x", "")) if found else b""
        if data.startswith(b"ACK "):
            yield Step("said", "", data=data)
        elif path.startswith(str(store)) and not path.endswith(("-shm", "-lock")):
            yield from _on_file(name, Path(path).name, arguments, data, positions)


def _decoded(path: str) -> str:
    return bytes.fromhex(path.replace("\\x", "")).decode() if path.startswith("\\x") else path


def _on_file(
    name: str, file: str, arguments: str, data: bytes, positions: dict[str, int]
) -> Iterator[Step]:
    if name == "pwrite64":
        yield Step("write", file, int(arguments.rsplit(", ", 1)[1]), data)
    elif name == "write":
        at = positions.get(file, 0)
        positions[file] = at + len(data)
        yield Step("write", file, at, data)
    elif name == "ftruncate":
        yield Step("cut", file, int(arguments.rsplit(", ", 1)[1]))
    else:
        yield Step("sync", file)


def _whole_lines(log: str) -> Iterator[str]:
    """Join calls that strace splits when another thread interrupts them."""
    begun: dict[str, str] = {}
    for line in log.splitlines():
        unfinished, resumed = _UNFINISHED.match(line), _RESUMED.match(line)
        if unfinished:
            begun[unfinished["pid"]] = unfinished["start"]
        elif resumed:
            yield f"{resumed['pid']} {begun.pop(resumed['pid'], '')}{resumed['rest']}"
        else:
            yield line


def fail_at(steps: list[Step], moment: int, chance: random.Random, folder: Path) -> None:
    """Let the power fail after `moment` steps, and check the store."""
    disk = Disk()
    for step in steps[:moment]:
        disk.take(step)
    for name, content in disk.after_a_failure(chance).items():
        (folder / name).write_bytes(content)
    _expect(folder / "store.sqlite3", disk.said)


@blocking
async def _expect(path: Path, said: list[bytes]) -> None:
    async with opened(path) as database:
        verdict = await database.read(lambda c: c.execute("PRAGMA integrity_check").fetchone()[0])
        assert verdict == "ok"
        store = ConversationStore(database)
        for _, kind, message_id, length, answer_id in (line.decode().split() for line in said):
            message = await store.message(message_id)
            assert message is not None, f"{kind}: the message is gone"
            assert len(message.text) >= int(length), f"{len(message.text)} of {length} are left"
            assert kind == "saved" or await store.message(answer_id) is not None


@pytest.fixture(scope="module")
def steps(tmp_path_factory: pytest.TempPathFactory) -> list[Step]:
    return record(tmp_path_factory.mktemp("recorded"))


def test_the_record_has_every_kind_of_step(steps: list[Step]) -> None:
    said = [step for step in steps if step.kind == "said"]
    assert len(said) == TURNS * 5
    files = {(step.kind, step.file) for step in steps}
    assert {("sync", "store.sqlite3"), ("sync", "store.sqlite3-wal")} <= files
    # Without a sync in between, two acknowledgments would share a state of the disk.
    syncs = 0
    for step in steps:
        syncs += step.kind == "sync"
        if step.kind == "said":
            assert syncs > 0
            syncs = 0


@pytest.mark.parametrize(
    "seed", [*range(8), *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(8, 60))]
)
def test_no_acknowledged_write_is_lost(steps: list[Step], tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    fail_at(steps, chance.randrange(len(steps)), chance, tmp_path)


def main(count: int) -> None:
    """Simulate this many failures at different moments."""
    with tempfile.TemporaryDirectory() as folder:
        steps = record(Path(folder))
        for seed in range(count):
            chance = random.Random(seed)
            with tempfile.TemporaryDirectory() as scratch:
                fail_at(steps, chance.randrange(len(steps)), chance, Path(scratch))
            sys.stderr.write(f"\r{seed + 1} of {count}")
    sys.stdout.write(f"{count} failures of {len(steps)} steps: nothing acknowledged was lost\n")


if __name__ == "__main__":
    main(int(sys.argv[1]))
