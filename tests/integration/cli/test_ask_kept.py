"""The data that `repartee ask` stores, and the data that it must not store."""

from __future__ import annotations

from typing import TYPE_CHECKING

from desktop_app.chat.conversation_store import ConversationStore
from desktop_app.domain.conversations.conversation import Conversation, ModelChoice, new_id, now
from desktop_app.domain.models.variants import Variant
from desktop_app.storage.database import Database
from tests.integration.cli.command import KEY, Shell, against, answer_to
from tests.integration.cli.replies import ANSWER, WHOLE, refusal
from tests.unit.providers.loopback import LoopbackServer

if TYPE_CHECKING:
    import pytest

PURPOSE = "SELECT provider_id, model, input_tokens, output_tokens, cost FROM ledger"


def test_spending_is_counted_and_nothing_else_is_kept(shell: Shell) -> None:
    done, _ = answer_to(shell, WHOLE, arguments=("A secret question", "--json"))
    assert done.json["cost_usd"] == "0.00315"
    assert done.json["conversation_id"] is None
    assert shell.rows(PURPOSE) == [("env-openai", "gpt-5.2", 1000, 100, 3_150_000)]
    assert shell.rows("SELECT * FROM conversations") == []
    assert shell.rows("SELECT * FROM messages") == []
    for path in shell.home.rglob("*"):
        assert path.is_dir() or b"secret question" not in path.read_bytes()
        assert path.is_dir() or KEY.encode() not in path.read_bytes()


def test_a_saved_conversation_is_there_while_a_window_has_the_store_open(shell: Shell) -> None:
    folder = shell.outside / "here"
    (folder / "a.md").write_text("# Alpha")
    arguments = ("Which?", "--file", "a.md", "--save", "--json")

    async def test(server: LoopbackServer) -> None:
        path = shell.home / "data" / "repartee.sqlite3"
        database = Database(path)
        await database.open()
        store = ConversationStore(database)
        moment = now()
        choice = ModelChoice("openai", "", Variant.THINKING)
        await store.create(Conversation(new_id(), "The window's", moment, moment, choice))
        done = await shell.ask(server.base_url, *arguments)
        assert (done.code, done.err) == (0, "")
        saved = await store.get(done.json["conversation_id"])
        assert saved is not None
        question, answer = await store.path(saved.id)
        assert (question.text, answer.text) == ("Which?", ANSWER)
        assert [part.name for part in question.attachments] == ["a.md"]
        assert len(await store.all()) == 2
        await database.close()

    against(WHOLE, test=test)
    assert len(shell.rows(PURPOSE)) == 1


def test_a_saved_conversation_is_continued(shell: Shell) -> None:
    async def test(server: LoopbackServer) -> None:
        refused = await shell.ask(server.base_url, "More?", "-c")
        assert (refused.code, "no conversation to continue" in refused.err) == (2, True)
        given = ("--save", "--json", "--effort", "high", "--instructions", "Be brief.")
        first = await shell.ask(server.base_url, "Which?", *given)
        saved = first.json["conversation_id"]
        newest = await shell.ask(server.base_url, "More?", "-c", "--json")
        named = await shell.ask(server.base_url, "Why?", "--conversation", saved[:9], "--json")
        assert newest.json["conversation_id"] == named.json["conversation_id"] == saved
        assert newest.json["effort"] == "high"
        other = await shell.ask(server.base_url, "And?", "-c", "--instructions", "Be kind.")
        again = await shell.ask(server.base_url, "So?", "-c")
        assert (other.code, again.code) == (0, 0)
        sent = [request.json["instructions"] for request in server.requests]
        assert sent == ["Be brief.", "Be brief.", "Be brief.", "Be kind.", "Be kind."]
        request = server.requests[-1].json
        said = [item["content"] for item in request["input"] if item.get("role") == "user"]
        assert ["Which?" in str(said), "More?" in str(said), "Why?" in str(said)] == [True] * 3

    against(*[WHOLE] * 5, test=test)
    assert len(shell.rows("SELECT * FROM conversations")) == 1


def test_a_failed_answer_is_kept_with_why_and_can_be_asked_again(shell: Shell) -> None:
    done, _ = answer_to(shell, refusal(401, "invalid_api_key"), arguments=("Hi", "--save"))
    assert done.code == 1
    assert "The conversation is saved in your library." in done.err
    assert shell.rows("SELECT status FROM messages ORDER BY role") == [("failed",), ("complete",)]


def test_an_unwritable_home_is_reported(shell: Shell) -> None:
    shell.home.parent.mkdir(exist_ok=True)
    shell.home.write_text("a file in the way")
    done, bodies = answer_to(shell, WHOLE)
    assert (done.code, done.out, bodies) == (1, "", [])
    assert done.err.startswith("repartee: ")


def test_nothing_is_written_outside_its_home(shell: Shell, pytestconfig: pytest.Config) -> None:
    report = pytestconfig.rootpath / "tests" / "data" / "report.pdf"
    done, (body,) = answer_to(shell, WHOLE, arguments=("Hi", "--file", str(report), "--save"))
    assert done.code == 0
    assert "Alder & Finch" in body["input"][0]["content"]
    assert shell.files_outside() == []
