"""Import, backup, restore and repair on a full disk give a clear error and lose nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.integration.storage.test_crashes import on_a_small_disk

COMMON = """
import asyncio, json, os, random, sqlite3, sys, zipfile
from contextlib import closing
from pathlib import Path
from desktop_app.main import main as repartee
from desktop_app.paths import folders
from desktop_app.chat.conversation_store import ConversationStore
from tests.unit.storage.samples import *

folder = Path(sys.argv[1])
os.environ["REPARTEE_HOME"] = str(folder / "home")
store = folders().database
chance = random.Random(1)

def words(count):
    return " ".join(f"{chance.getrandbits(40):x}" for _ in range(count))

async def fill(count):
    store.parent.mkdir(parents=True, exist_ok=True)
    async with opened(store) as database:
        for n in range(count):
            conversation = a_conversation(f"Kept {n}", n)
            question = a_question(conversation, words(600))
            await ConversationStore(database).begin_turn(
                conversation, question, ended(an_answer(question), "So."))

def look():
    with closing(sqlite3.connect(store)) as connection:
        found = connection.execute("PRAGMA integrity_check").fetchone()[0]
        count = connection.execute("SELECT count(*) FROM conversations").fetchone()[0]
    print("look", found, count)

def no_room_but(kilobytes):
    disk = os.statvfs(folder)
    rest = disk.f_bavail * disk.f_bsize - kilobytes * 1024
    (folder / "ballast").write_bytes(b"x" * max(0, rest))

def left():
    print("left", sorted(p.name for p in folder.rglob("*") if p.name.startswith(".")
                         or p.name.endswith((".part", ".zip"))))

def run(*arguments):
    sys.stderr = sys.stdout
    print("code", repartee(arguments))
"""

IMPORT = (
    COMMON
    + """
asyncio.run(fill(4))
def turn(n):
    message = {"author": {"role": "user"}, \
"content": {"content_type": "text", "parts": [words(900)]}}
    return {"title": f"New {n}", "create_time": 1.7e9 + n, "conversation_id": f"c-{n}",
            "current_node": "u", "mapping": {"u": {"id": "u", "parent": None, "message": message}}}
export = Path(sys.argv[1]).parent / "conversations.json"
export.write_text(json.dumps([turn(n) for n in range(400)]))
run("import", str(export))
with closing(sqlite3.connect(store)) as connection:
    kept = connection.execute("SELECT count(*) FROM conversations WHERE title LIKE 'Kept %'")
    print("kept", kept.fetchone()[0])
    print(connection.execute("PRAGMA integrity_check").fetchone()[0])
"""
)
BACKUP = (
    COMMON
    + """
asyncio.run(fill(5))
no_room_but(200)
run("backup", str(folder / "backups"))
left()
(folder / "ballast").unlink()
look()
"""
)
RESTORE = (
    COMMON
    + """
asyncio.run(fill(5))
outside = Path(sys.argv[1]).parent / "backups"
run("backup", str(outside))
archive = next(outside.glob("*.zip"))
no_room_but(100)
run("restore", str(archive))
left()
(folder / "ballast").unlink()
look()
"""
)
REPAIR = (
    COMMON
    + """
asyncio.run(fill(5))
with store.open("r+b") as file:
    file.write(b"\\0" * 4096)
damaged = store.read_bytes()
no_room_but(300)
run("repair")
left()
print("same", store.read_bytes() == damaged)
(folder / "ballast").unlink()
run("repair")
look()
"""
)
EXPORT = (
    COMMON
    + """
import shutil, subprocess
asyncio.run(fill(1))
target = folder / "exported"
target.write_bytes(b"what was there")
with closing(sqlite3.connect(store)) as connection:
    known = connection.execute("SELECT id FROM conversations").fetchone()[0]
elsewhere = folder.parent / "home"
shutil.move(folder / "home", elsewhere)
os.environ["REPARTEE_HOME"] = str(elsewhere)
no_room_but(4)
for form in ("json", "markdown", "html", "pdf"):
    which = ["--all"] if form == "json" else ["--conversation", known]
    command = [sys.executable, "-m", "desktop_app", "export", *which, \
"--format", form, "--to", target]
    ended = subprocess.run(command, capture_output=True, text=True)
    print(form, ended.returncode, "the disk is full" in ended.stderr, target.read_bytes())
left()
"""
)
READING = (
    COMMON
    + """
import subprocess
asyncio.run(fill(3))
outside = Path(sys.argv[1]).parent / "outside"
outside.mkdir()
log = store.with_name(store.name + "-wal")
if sys.argv[2] == "with a log":
    crash = "import os, sqlite3, sys; c = sqlite3.connect(sys.argv[1], isolation_level=None); \
c.execute('PRAGMA journal_mode = WAL'); \
c.execute(\\"UPDATE conversations SET title = 'From the log'\\"); os._exit(1)"
    subprocess.run([sys.executable, "-c", crash, store])
    store.with_name(store.name + "-shm").unlink()
before = {path.name: path.read_bytes() for path in (store, log) if path.exists()}
if sys.argv[3] == "full":
    no_room_but(0)
else:
    subprocess.run(["mount", "-o", "remount,ro", folder], check=True)
run("search", "So")
run("spending")
run("export", "--all", "--format", "json", "--to", str(outside / "all.json"))
run("backup", str(outside / "backups"))
run("repair", "--to", str(outside / "repaired.sqlite3"))
run("import", str(outside / "all.json"))
print("unchanged", all((store.parent / name).read_bytes() == data for name, data in before.items()))
store = outside / "repaired.sqlite3"
look()
print("titles", (outside / "all.json").read_text().count("From the log"))
print("backups", len(list((outside / "backups").glob("*.zip"))))
"""
)


@pytest.mark.parametrize("log", ["without", "with a log"])
@pytest.mark.parametrize("disk", ["full", "read-only"])
def test_a_library_that_cannot_be_written_is_read_and_rescued(
    tmp_path: Path, log: str, disk: str
) -> None:
    said = on_a_small_disk(tmp_path / "disk", READING, log, disk)
    codes = [line for line in said.splitlines() if line.startswith("code")]
    assert codes == ["code 0"] * 5 + ["code 1"], said  # the import alone writes
    ending = ["unchanged True", "look ok 3", f"titles {3 * (log != 'without')}", "backups 1"]
    assert said.splitlines()[-4:] == ending


def test_a_failed_import_keeps_the_library_and_is_reported(tmp_path: Path) -> None:
    said = on_a_small_disk(tmp_path / "disk", IMPORT)
    assert "The disk is too full to save" in said
    assert "code 1" in said
    assert said.splitlines()[-2:] == ["kept 4", "ok"]


@pytest.mark.slow
def test_a_failed_export_keeps_the_old_file_and_is_reported(tmp_path: Path) -> None:
    said = on_a_small_disk(tmp_path / "disk", EXPORT)
    for form in ("json", "markdown", "html", "pdf"):
        assert f"{form} 1 True b'what was there'" in said
    assert said.endswith("left []\n")


@pytest.mark.slow
def test_a_failed_backup_leaves_no_file(tmp_path: Path) -> None:
    said = on_a_small_disk(tmp_path / "disk", BACKUP)
    assert "The disk is too full to save" in said
    assert "code 1\nleft []\nlook ok 5" in said


def test_a_failed_restore_keeps_the_store(tmp_path: Path) -> None:
    said = on_a_small_disk(tmp_path / "disk", RESTORE)
    assert "0 MB are free." in said  # found before anything is unpacked
    assert said.endswith("code 1\nleft []\nlook ok 5\n")


@pytest.mark.slow
def test_a_failed_repair_keeps_the_damaged_store(tmp_path: Path) -> None:
    said = on_a_small_disk(tmp_path / "disk", REPAIR)
    assert "The disk is too full to save" in said
    assert "code 1\nleft []\nsame True\n" in said
    assert said.endswith("look ok 5\n")
    assert "Recovered conversations: 5, messages: 10." in said
