"""`repartee ask` with parameters, presets, several answers and comparisons."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

from tests.integration.cli.command import Ended, Shell, against, answer_to, gateway
from tests.integration.cli.replies import ANSWER, WHOLE, whole_of_the_asked
from tests.unit.providers.loopback import LoopbackServer, replies


def test_supported_parameters_are_sent(shell: Shell) -> None:
    options = ("Hi", "--variant", "thinking", "--effort", "none", "--temperature", "0.2")
    arguments = (*options, "--top-p", "0.9", "--max-tokens", "100", "--verbosity", "low", "--json")
    done, (body,) = answer_to(shell, WHOLE, arguments=(*arguments, "--instructions", "Be brief."))
    assert done.json["notices"] == []
    assert (body["temperature"], body["top_p"], body["max_output_tokens"]) == (0.2, 0.9, 100)
    assert (body["text"], body["instructions"]) == ({"verbosity": "low"}, "Be brief.")


def test_omitted_and_changed_parameters_are_listed(shell: Shell) -> None:
    options = ("Hi", "--variant", "thinking", "--effort", "high", "--temperature", "0.2")
    arguments = (*options, "--stop", "END", "--seed", "7", "--max-tokens", "5", "--json")
    done, (body,) = answer_to(shell, WHOLE, arguments=arguments)
    assert done.json["notices"] == [
        "“temperature” wasn’t sent. GPT-5.2 Thinking supports it only with effort none.",
        "“stop” wasn’t sent. The Responses API doesn’t support it.",
        "“seed” wasn’t sent. The Responses API doesn’t support it.",
        "“max_output_tokens” was raised to 16, the least that the Responses API supports.",
    ]
    assert {"temperature", "stop", "seed"}.isdisjoint(body)
    assert body["max_output_tokens"] == 16


def test_instructions_are_read_from_a_file(shell: Shell, tmp_path: Path) -> None:
    file = tmp_path / "system.txt"
    file.write_text("Speak like a pirate.")
    _, (body,) = answer_to(shell, WHOLE, arguments=("Hi", "--system", str(file)))
    assert body["instructions"] == "Speak like a pirate."
    done, sent = answer_to(shell, WHOLE, arguments=("Hi", "--system", str(tmp_path / "none")))
    assert (done.code, sent) == (2, [])
    assert "Can’t read the instructions" in done.err


def test_a_preset_sends_its_settings_and_examples(shell: Shell) -> None:
    preset = {
        "name": "Shouter",
        "variant": "thinking",
        "effort": "none",
        "settings": {
            "instructions": "Shout.",
            "temperature": 0.4,
            "examples": [["hello", "HELLO"], ["bye", "BYE"]],
        },
    }
    keep_preset(shell, preset)
    _, (body,) = answer_to(shell, WHOLE, arguments=("Hi", "--preset", "shouter"))
    assert (body["instructions"], body["temperature"]) == ("Shout.", 0.4)
    assert body["reasoning"] == {"effort": "none"}
    assert body["input"] == [
        {"role": "user", "content": "hello"},
        {"role": "assistant", "content": "HELLO"},
        {"role": "user", "content": "bye"},
        {"role": "assistant", "content": "BYE"},
        {"role": "user", "content": "Hi"},
    ]
    arguments = ("Hi", "--preset", "Shouter", "--instructions", "Whisper.", "--effort", "low")
    _, (body,) = answer_to(shell, WHOLE, arguments=arguments)
    assert (body["instructions"], body["reasoning"]) == ("Whisper.", {"effort": "low"})
    for variant, effort in (("thinking", "none"), ("pro", "medium")):  # the nearest of Pro
        named = ("Hi", "--preset", "Shouter", "--variant", variant)
        _, (body,) = answer_to(shell, WHOLE, arguments=named)
        assert body["reasoning"] == {"effort": effort}
    # A prompt with a text and settings is asked with them, unless a preset is named.
    keep_preset(shell, {**preset, "id": "both", "name": "Louder", "text": "Louder: {{selection}}"})
    _, (body,) = answer_to(shell, WHOLE, arguments=("Hi", "--template", "louder"))
    assert (body["instructions"], body["input"][-1]["content"]) == ("Shout.", "Louder: Hi")
    named = ("Hi", "--template", "louder", "--preset", "editor")
    _, (body,) = answer_to(shell, WHOLE, arguments=named)
    assert body["instructions"] != "Shout."
    assert body["input"][-1]["content"] == "Louder: Hi"
    done, sent = answer_to(shell, WHOLE, arguments=("Hi", "--preset", "Nobody"))
    assert (done.code, sent) == (2, [])
    assert "Shouter" in done.err


def keep_preset(shell: Shell, preset: dict[str, Any]) -> None:
    """Store a preset as the window does."""
    from desktop_app.domain.prompt_json import prompt_from_json
    from desktop_app.prompts.prompt_store import PromptStore
    from desktop_app.storage.database import Database

    async def keep(_server: LoopbackServer) -> None:
        await shell.run("search", "x")  # makes the store
        database = Database(shell.home / "data" / "repartee.sqlite3")
        await database.open()
        await PromptStore(database).save([prompt_from_json(preset, is_preset=True)])
        await database.close()

    against(WHOLE, test=keep)


def test_comparing_sends_each_and_reports_each(shell: Shell) -> None:
    arguments = ("Hi", "--compare", "thinking/high", "--compare", "pro", "--compare", "m/low")
    done, bodies = answer_to(shell, whole_of_the_asked, arguments=(*arguments, "--json"))
    sent = {(body["model"], body["reasoning"]["effort"]) for body in bodies}
    assert sent == {("gpt-5.2", "high"), ("gpt-5.2-pro", "medium"), ("m", "low")}
    answers = done.json["answers"]
    named = [(a["variant"], a["effort"], a["model"]) for a in answers]
    assert named == [
        ("thinking", "high", "gpt-5.2"),
        ("pro", "medium", "gpt-5.2-pro"),
        (None, "low", "m"),
    ]
    for answer in answers:
        assert (answer["answer"], answer["status"]) == (ANSWER, "complete")
        assert 0 < answer["first_token_s"] <= answer["duration_s"]
        assert answer["usage"]["input_tokens"] > 0
    known = sum(Decimal(a["cost_usd"]) for a in answers[:2])
    assert Decimal(done.json["cost_usd"]) == known
    assert answers[2]["cost_usd"] is None


def test_comparing_labels_each_answer(shell: Shell) -> None:
    arguments = ("Hi", "--compare", "thinking/high", "--compare", "pro", "--save")
    done, _ = answer_to(shell, WHOLE, WHOLE, arguments=arguments)
    assert done.out == f"== Thinking/high ==\n{ANSWER}\n\n== Pro/medium ==\n{ANSWER}\n"
    assert "Thinking/high: " in done.err
    rows = shell.rows("SELECT role, parent_id FROM messages ORDER BY role")
    assert [role for role, _ in rows] == ["assistant", "assistant", "user"]
    assert rows[0][1] == rows[1][1]  # two versions of one answer


def test_an_invalid_comparison_sends_nothing(shell: Shell) -> None:
    for choices in (("pro",), ("pro", "instant/high"), ("pro",) * 5):
        options = [word for choice in choices for word in ("--compare", choice)]
        done, sent = answer_to(shell, WHOLE, arguments=("Hi", *options))
        assert (done.code, done.out, sent) == (2, "", [])


def test_a_failing_answer_is_reported_beside_the_others(shell: Shell) -> None:
    async def test(server: LoopbackServer) -> None:
        done: Ended = await shell.run(
            *("ask", "Hi", "--compare", "thinking", "--compare", "pro", "--json"),
            env=gateway(server.base_url),
        )
        assert done.code == 1
        statuses = sorted(answer["status"] for answer in done.json["answers"])
        assert statuses == ["complete", "failed"]
        assert done.json["status"] == "failed"

    against(WHOLE, replies(400, {"error": {"message": "No.", "code": "x"}}), test=test)


def test_equal_beginnings_have_the_same_cache_key(shell: Shell, tmp_path: Path) -> None:
    notes = tmp_path / "notes.txt"
    notes.write_text("The lease ends in May. " * 20)
    about = ("--file", str(notes))

    async def test(server: LoopbackServer) -> None:
        for arguments in (("Hi",), ("Hi",), ("Ho",), ("A?", *about), ("B?", *about)):
            await shell.ask(server.base_url, *arguments)
        await shell.ask(server.base_url, "A?", *about, "--instructions", "Be brief.")
        sent = [request for request in server.requests if request.path == "/v1/responses"]
        bodies = [request.json for request in sent]
        first, again, other, one, two, instructed = [b["prompt_cache_key"] for b in bodies]
        assert first == again
        assert one == two
        assert len({first, other, one, instructed}) == 4
        texts = [str(body["input"][0]["content"]) for body in bodies[3:5]]
        assert texts[0].replace("A?", "B?") == texts[1]  # up to the question, byte for byte

    against(WHOLE, test=test)
