"""`repartee ask --project-files`: indexing folders, the passages sent, and the output."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from desktop_app.domain.answering.generation import Overrides
from desktop_app.library.folder_store import FolderStore
from desktop_app.memory.memory import Memory
from desktop_app.settings.settings_store import SettingsStore
from desktop_app.storage.database import Database
from tests.helpers.blocking import blocking
from tests.integration.cli.command import Shell, against, answer_to, gateway
from tests.integration.cli.replies import COMPLETED, CREATED, WHOLE, delta
from tests.integration.cli.test_repeat_command import ADD, let_times_pass
from tests.unit.providers.loopback import LoopbackServer, Received, replies, streams
from tests.unit.providers.samples import sse


@pytest.fixture
def papers(shell: Shell) -> Path:
    folder = shell.outside / "here" / "papers"
    folder.mkdir()
    (folder / "lease.md").write_text("# Lease\n\n## Pets\n\nDogs need written consent.\n")
    (folder / "boat.txt").write_text("The boat is moored at the quay.\n")
    (folder / "broken.pdf").write_bytes(b"%PDF-1.7 nothing")
    return folder


def words_of(body: dict[str, Any]) -> str:
    return json.dumps(body["input"])


def test_only_relevant_passages_of_a_folder_are_sent(shell: Shell, papers: Path) -> None:
    reply = streams(sse(CREATED), delta("With consent [1, 7]."), sse(COMPLETED))
    done, (body,) = answer_to(
        shell, reply, arguments=("May I keep a dog?", "--project-files", "papers")
    )
    assert (done.code, done.out) == (0, "With consent [1, 7].\n")
    assert "Dogs need written consent." in words_of(body)
    assert "moored" not in words_of(body)
    assert "broken.pdf" in done.err
    assert "[1] lease.md, Lease" in done.err
    assert shell.rows("SELECT name FROM folders") == [("papers",)]
    assert shell.rows("SELECT count(*) FROM messages") == [(0,)], "kept only with --save"


def test_a_folder_is_updated_before_each_question(shell: Shell, papers: Path) -> None:
    answer_to(shell, WHOLE, arguments=("Is there a dog?", "--collection", "papers/"))
    (papers / "news.txt").write_text("A heron was seen.\n")
    (papers / "boat.txt").unlink()
    arguments = ("Was a heron seen?", "--project-files", "papers/", "--json")
    done, _ = answer_to(shell, WHOLE, arguments=arguments)
    assert [p["document"] for p in done.json["passages"]] == ["news.txt"]
    names = shell.rows("SELECT name FROM collection_files WHERE status = 'ready' ORDER BY name")
    assert names == [("lease.md",), ("news.txt",)]


@blocking
async def with_project(shell: Shell) -> None:
    """Give the only project a name, instructions and a note."""
    database = Database(shell.home / "data" / "repartee.sqlite3")
    await database.open()
    store = FolderStore(database)
    (made,) = await store.all()
    await store.delete(made.id)
    folder = replace(made, id="f" * 32, name="Lease", overrides=Overrides("Be brief."))
    await store.save(folder)
    await Memory(database).add("I live in Oslo.")
    await Memory(database).add("The flat is on the third floor.", folder.id)
    await database.close()


def test_a_question_in_a_project_has_its_instructions_and_files(shell: Shell, papers: Path) -> None:
    answer_to(shell, WHOLE, arguments=("Is there a dog?", "--collection", "papers"))
    with_project(shell)
    (papers / "lease.md").write_text("Cats need written consent.\n")
    arguments = ("May I keep cats?", "--project", "lease", "--save")
    done, (body,) = answer_to(shell, WHOLE, arguments=arguments)
    assert done.code == 0, done.err
    notes = ["I live in Oslo.", "The flat is on the third floor."]
    lines = [line.removeprefix("- ") for line in body["instructions"].splitlines()]
    assert [line for line in lines if line in notes] == notes
    assert lines[-1] == "Be brief."
    assert "2 notes" in done.err
    assert "Cats need written consent." in words_of(body)  # the files were looked at again
    saved = "SELECT folder_id, count(*) FROM conversations"
    assert shell.rows(saved) == [("f" * 32, 1)]
    done, (body,) = answer_to(shell, WHOLE, arguments=("And fish?", "--continue"))
    assert body["instructions"].endswith("\n\nBe brief.")
    assert shell.rows(saved) == [("f" * 32, 1)]
    for file in papers.iterdir():
        file.unlink()
    papers.rmdir()
    done, (body,) = answer_to(shell, WHOLE, arguments=("Cats?", "--folder", "f" * 32))
    assert "Cats need written consent." in words_of(body)
    assert "papers" in done.err
    done, bodies = answer_to(shell, WHOLE, arguments=("Why?", "--project", "Rent"))
    assert (done.code, bodies) == (2, [])
    assert "There is no project “Rent”" in done.err
    assert "Lease" in done.err


def test_a_repeated_prompt_reads_the_files_of_its_project_again(shell: Shell, papers: Path) -> None:
    async def test(server: LoopbackServer) -> None:
        env = gateway(server.base_url)
        await shell.run("ask", "Is there a dog?", "--collection", "papers", env=env)
        await asyncio.to_thread(with_project, shell)
        (papers / "lease.md").write_text("Cats need written consent.\n")
        await shell.run(*ADD[:2], "May I keep cats?", *ADD[3:], "--project", "Lease", env=env)
        let_times_pass(shell)
        done = await shell.run("repeat", "run", env=env)
        assert done.code == 0, done.err
        assert "Cats need written consent." in words_of(server.requests[-1].json)

    against(WHOLE, WHOLE, test=test)


def test_a_table_in_a_project_has_its_instructions_and_files(shell: Shell, papers: Path) -> None:
    async def test(server: LoopbackServer) -> None:
        env = gateway(server.base_url)
        await shell.run("ask", "Is there a dog?", "--collection", "papers", env=env)
        await asyncio.to_thread(with_project, shell)
        (papers / "lease.md").write_text("Cats need written consent.\n")
        (shell.outside / "here" / "pets.csv").write_text("pet\ncats\n")
        question = ("--ask", "May I keep {{pet}}, cats?", "--project", "Lease")
        done = await shell.run("table", "run", "pets.csv", *question, "--yes", env=env)
        assert done.code == 0, done.err
        body = server.requests[-1].json
        assert body["instructions"].endswith("Be brief.")
        assert "Oslo" not in body["instructions"]  # notes are for conversations
        assert "Cats need written consent." in words_of(body)

    against(WHOLE, WHOLE, test=test)


@pytest.mark.parametrize("name", ["Invoices", ""])
def test_an_unknown_project_is_a_wrong_command_line(shell: Shell, papers: Path, name: str) -> None:
    done, bodies = answer_to(shell, WHOLE, arguments=("Why?", "--collection", name))
    assert (done.code, done.out, bodies) == (2, "", [])
    assert f"There is no project with files, and no folder, “{name}”" in done.err


async def by_meaning(request: Received, writer: asyncio.StreamWriter) -> None:
    """Answer requests for embeddings and questions."""
    if not request.path.endswith("/embeddings"):
        await WHOLE(request, writer)
        return
    rows = [{"index": at, "embedding": [1.0, at]} for at, _ in enumerate(request.json["input"])]
    reply = {"data": rows, "usage": {"prompt_tokens": 12}}
    await replies(200, reply)(request, writer)


@blocking
async def with_semantic_search(shell: Shell) -> None:
    (shell.home / "data").mkdir(parents=True)
    database = Database(shell.home / "data" / "repartee.sqlite3")
    await database.open()
    await SettingsStore(database).set("library.embeddings", value=True)
    await database.close()


def test_missing_embeddings_are_reported_and_created_on_request(shell: Shell, papers: Path) -> None:
    with_semantic_search(shell)
    question = ("May I keep a dog?", "--collection", "papers")
    done, bodies = answer_to(shell, by_meaning, arguments=question)
    assert done.code == 0, done.err
    assert "papers: 2 passages without embeddings (" in done.err
    assert "$0.0000" in done.err
    assert "Add --create-embeddings to create them." in done.err
    assert len(bodies) == 1, "there is no terminal to ask on"
    done, bodies = answer_to(shell, by_meaning, arguments=(*question, "--create-embeddings"))
    assert done.code == 0, done.err
    assert len(bodies[0]["input"]) == 2
    assert bodies[1]["input"] == ["May I keep a dog?"]
    assert shell.rows("SELECT count(*) FROM passage_vectors") == [(2,)]
    purposes = shell.rows("SELECT purpose, count(*) FROM ledger GROUP BY purpose ORDER BY 1")
    assert ("embedding", 2) in purposes
    done, bodies = answer_to(shell, by_meaning, arguments=(*question, "--create-embeddings"))
    assert "without embeddings" not in done.err
    assert len(bodies) == 2
