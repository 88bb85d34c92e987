"""`repartee import`, `export`, `search`, `backup`, `restore`: the real commands."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import zipfile
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from desktop_app.library.damaged_schema import create_tables, versions
from desktop_app.storage.schema import APPLICATION_ID
from tests.helpers.fork_server import ForkServer
from tests.integration.cli.command import Ended, Shell

CHATGPT = [
    {
        "title": "Kyoto trip",
        "create_time": 1_700_000_000,
        "conversation_id": "c-1",
        "current_node": "a",
        "mapping": {
            "u": {
                "id": "u",
                "parent": None,
                "message": {
                    "author": {"role": "user"},
                    "content": {"content_type": "text", "parts": ["Where is 京都?"]},
                },
            },
            "a": {
                "id": "a",
                "parent": "u",
                "message": {
                    "author": {"role": "assistant"},
                    "content": {"content_type": "text", "parts": ["In **Kansai**."]},
                    "metadata": {"model_slug": "gpt-4o"},
                },
            },
        },
    }
]


class Library:
    """A shell, and an export of ChatGPT's in its folder."""

    def __init__(self, folder: Path, server: ForkServer | None) -> None:
        self.shell = Shell(folder, server)
        self.folder = folder
        self.export = folder / "conversations.json"
        self.export.write_text(json.dumps(CHATGPT))

    def run(self, *arguments: str) -> Ended:
        return asyncio.run(self.shell.run(*arguments))

    def hits(self, text: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = json.loads(self.run("search", text, "--json").out)
        return found


@pytest.fixture
def library(tmp_path: Path, fork_server: ForkServer) -> Library:
    return Library(tmp_path, fork_server)


def test_an_imported_conversation_is_found_and_exported(library: Library) -> None:
    first = library.run("import", str(library.export))
    assert (first.code, first.out) == (0, "")
    assert "conversations.json (ChatGPT): 1 conversation added." in first.err
    home = library.shell.outside / "home"
    home.mkdir(exist_ok=True)
    (home / "conversations.json").write_text(library.export.read_text())
    again = library.run("import", "~/conversations.json", "--json").json["files"][0]
    assert (again["conversations"], again["added"], again["messages"]) == (1, 0, 0)

    (hit,) = library.hits("京都")
    assert hit["title"] == "Kyoto trip"
    assert hit["snippet"] == "Where is 京都?"
    assert library.run("search", "nowhere").code == 1

    out = library.folder / "out.json"
    done = library.run("export", "--all", "--format", "json", "--to", str(out))
    assert (done.code, json.loads(out.read_text())["format"]) == (0, "repartee")
    one = library.folder / "one.md"
    done = library.run(
        "export", "--conversation", hit["conversation"], "--format", "markdown", "--to", str(one)
    )
    assert done.code == 0
    assert one.read_text().startswith("# Kyoto trip\n\n## You · November 14, 2023, ")
    assert "In **Kansai**." in one.read_text()
    pages = library.folder / "pages"
    done = library.run("export", "--all", "--format", "html", "--to", str(pages))
    assert done.code == 0, done.err
    (page,) = pages.iterdir()
    assert "In <strong>Kansai</strong>." in page.read_text()

    library.export.write_text(json.dumps([CHATGPT[0], {**CHATGPT[0], "conversation_id": "new"}]))
    more = library.run("import", str(library.export), "--json").json["files"][0]
    assert (more["conversations"], more["added"], more["messages"]) == (2, 1, 2)


def test_claudes_projects_documents_and_memories_are_imported_and_said(library: Library) -> None:
    written = {"path": "/outputs/report.md", "file_text": "Total 42"}
    answer = {"type": "tool_use", "id": "t", "name": "create_file", "input": written}
    chat = {"uuid": "c", "chat_messages": [{"sender": "assistant", "content": [answer]}]}
    doc = {"filename": "../plan.pdf", "content": "Walrus whiskers"}
    project = {"uuid": "p", "name": "Thesis", "prompt_template": "Be brief.", "docs": [doc]}
    file = library.folder / "claude.zip"
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("conversations.json", json.dumps([chat]))
        archive.writestr("projects/p.json", json.dumps(project))
        archive.writestr("memories.json", json.dumps([{"conversations_memory": "Ada writes."}]))
        archive.writestr("users.json", "[]")
    done = library.run("import", str(file))
    for words in (
        "1 conversation added",
        "1 document is",
        "1 project was added",
        "1 file was added",
    ):
        assert words in done.err
    assert "1 note" in done.err
    assert "1 file of the archive was left out: users.json." in done.err
    rows = library.shell.rows
    assert rows("SELECT title, body FROM texts") == [("report.md", "Total 42")]
    assert rows("SELECT text, is_off FROM memory") == [("Ada writes.", 1)]
    ((path, status),) = rows("SELECT path, status FROM collection_files")
    assert (Path(path).read_text(), status) == ("Walrus whiskers", "ready")
    assert Path(path).is_relative_to(library.shell.home / "data" / "imported")
    again = library.run("import", str(file), "--json").json["files"][0]
    assert [again[name] for name in ("added", "texts", "folders", "notes")] == [0, 0, 0, 0]


def test_an_export_fills_another_library_with_the_same(library: Library, tmp_path: Path) -> None:
    library.run("import", str(library.export))
    first, second = tmp_path / "1.json", tmp_path / "2.json"
    library.run("export", "--all", "--format", "json", "--to", str(first))
    other = Library(tmp_path / "other", library.shell.server)
    assert other.run("import", str(first)).code == 0
    other.run("export", "--all", "--format", "json", "--to", str(second))
    assert second.read_bytes() == first.read_bytes()


def test_unreadable_files_are_reported_and_the_others_imported(library: Library) -> None:
    bad, missing = library.folder / "bad.json", library.folder / "missing.json"
    bad.write_text("{}")
    silent = library.folder / "silent.json"  # of a known form, but without a message in it
    silent.write_text(json.dumps([{"id": "a", "mapping": {"1": {"id": "1", "message": {}}}}]))
    done = library.run("import", str(bad), str(silent), str(missing), str(library.export))
    assert done.code == 1
    assert "bad.json: The file isn’t recognized" in done.err
    assert "silent.json: The file isn’t recognized" in done.err
    assert "Cherry Studio" in done.err
    assert "repartee: Couldn’t read missing.json: it doesn’t exist." in done.err
    assert "1 conversation added" in done.err
    assert "Traceback" not in done.err


def test_a_backup_restores_the_library(library: Library) -> None:
    library.run("import", str(library.export))
    made = library.run("backup", str(library.folder / "backups"))
    archive = Path(made.out.strip())
    assert (made.code, archive.is_file()) == (0, True)
    store = library.shell.home / "data" / "repartee.sqlite3"
    store.unlink()
    assert library.run("search", "Kansai").code == 1
    back = library.run("restore", str(archive))
    assert (back.code, archive.name in back.err) == (0, True), back.err
    assert len(library.hits("Kansai")) == 1
    refused = library.run("restore", str(library.export))
    assert (refused.code, "isn’t a Repartee backup" in refused.err) == (1, True)


def test_a_backup_is_written_to_the_file_that_is_named(library: Library) -> None:
    assert library.run("search", "anything").code == 1
    assert not (library.shell.home / "data").exists()  # a search makes no library
    assert library.run("repair", "--to", str(library.folder / "x")).code == 1
    library.run("import", str(library.export))
    file = library.folder / "b.zip"
    made = library.run("backup", str(file))
    assert (made.code, made.out.strip(), file.is_file()) == (0, str(file), True)
    content = file.read_bytes()
    again = library.run("backup", str(file))
    assert (again.code, "--force" in again.err, file.read_bytes()) == (2, True, content)
    assert library.run("backup", str(file), "--keep", "1").code == 2
    assert library.run("backup", str(file), "--force").code == 0
    assert library.run("restore", str(file)).code == 0
    missing = library.folder / "missing" / "b.zip"
    assert library.run("backup", str(missing)).code == 1
    assert not missing.parent.exists()
    folder = library.folder / "a folder.zip"
    folder.mkdir()
    named = Path(library.run("backup", str(folder)).out.strip())
    assert named.parent == folder
    sound = library.run("repair")
    assert (sound.code, "No damage was found" in sound.err) == (0, True)


def test_keep_deletes_all_but_the_newest_backups_of_the_library(library: Library) -> None:
    library.run("import", str(library.export))
    folder = library.folder / "backups"
    folder.mkdir()
    (folder / "mine.zip").write_bytes(b"")
    (folder / "repartee-backup-2026-01-01-120000-0123abcd.zip").write_bytes(b"")
    first = Path(library.run("backup", str(folder)).out.strip())
    own = first.stem.split("-")[-1]  # the library's id
    first.unlink()
    for number in (1, 2, 3):
        name = f"repartee-backup-2026-01-0{number}-120000-{own}.zip"
        (folder / name).write_bytes(b"")
    made = library.run("backup", str(folder), "--keep", "2", "--progress")
    assert made.code == 0
    kept = {path.name for path in folder.iterdir()}
    assert kept == {
        "mine.zip",
        "repartee-backup-2026-01-01-120000-0123abcd.zip",
        f"repartee-backup-2026-01-03-120000-{own}.zip",
        Path(made.out.strip()).name,
    }


def test_damage_is_named_and_repaired(library: Library) -> None:
    library.run("import", str(library.export))
    store = library.shell.home / "data" / "repartee.sqlite3"
    with store.open("r+b") as file:
        file.write(bytes(4096))
    refused = library.run("search", "Kansai")
    assert (refused.code, "repartee repair" in refused.err) == (1, True)
    done = library.run("repair")
    assert done.code == 0, done.err
    assert "Recovered conversations: 1, messages: 2." in done.err
    assert len(library.hits("Kansai")) == 1


def test_the_library_from_before_an_upgrade_is_named_and_brought_back(library: Library) -> None:
    store = library.shell.home / "data" / "repartee.sqlite3"
    none = library.run("restore", "--before-upgrade")
    assert (none.code, "no copy" in none.err) == (1, True)
    store.parent.mkdir(parents=True, exist_ok=True)
    earlier = versions()[-1]
    with closing(sqlite3.connect(store)) as connection:
        create_tables(connection, earlier)
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {earlier}")
        connection.execute("PRAGMA journal_mode = WAL")
    before = store.read_bytes()
    library.run("import", str(library.export))
    (copy,) = store.parent.glob("*.before-upgrade-*.sqlite3")
    doctor = library.run("doctor", "--json").json
    assert str(copy) in doctor["copy of the library"]["text"]
    back = library.run("restore", "--before-upgrade")
    assert back.code == 0, back.err
    assert store.read_bytes() == before
    assert not copy.exists()
    (upgraded,) = store.parent.glob("*.before-restore-*.sqlite3")
    upgraded.replace(store)
    assert len(library.hits("Kansai")) == 1
