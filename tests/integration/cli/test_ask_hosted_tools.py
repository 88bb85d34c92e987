"""`repartee ask` with tools that the provider runs itself."""

from __future__ import annotations

import base64
import io
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

from PIL import Image

from desktop_app.budget.ledger import from_nanos
from desktop_app.cli.exit_code import ExitCode
from tests.helpers.pictures import packed, photo
from tests.integration.cli.command import Ended, Shell, against, answer_to
from tests.integration.cli.replies import COMPLETED, CREATED
from tests.unit.providers.loopback import LoopbackServer, Script, replies, streams
from tests.unit.providers.samples import sse

PNG = b"\x89PNG\r\n\x1a\n" + bytes(64)
CITED = {
    "type": "url_citation",
    "url": "https://a.example/x?y=1",
    "title": "A [page]",
    "start_index": 0,
    "end_index": 3,
}
FORGED = {**CITED, "url": "javascript:alert(1)"}


def done(at: int, item: dict[str, Any]) -> bytes:
    return sse({"type": "response.output_item.done", "output_index": at, "item": item})


def added(at: int, item: dict[str, Any]) -> bytes:
    return sse({"type": "response.output_item.added", "output_index": at, "item": item})


def message(at: int, text: str, *annotations: dict[str, Any]) -> bytes:
    part = {"type": "output_text", "text": text, "annotations": list(annotations)}
    delta = {"type": "response.output_text.delta", "output_index": at, "content_index": 0}
    item = {"type": "message", "id": "m", "content": [part]}
    return sse({**delta, "delta": text}) + done(at, item)


def search(number: int, status: str = "completed") -> dict[str, Any]:
    action = {"type": "search", "query": f"q{number}"}
    return {"type": "web_search_call", "id": f"ws_{number}", "status": status, "action": action}


def saying(*pieces: bytes) -> Script:
    return streams(sse(CREATED), *pieces, sse(COMPLETED))


def test_a_web_search_is_listed_cited_and_billed(shell: Shell) -> None:
    script = saying(
        added(0, search(1, "in_progress")),
        done(0, search(1)),
        done(0, search(1)),
        done(1, search(2)),
        done(2, search(3, "failed")),
        message(3, "It rains.", CITED, CITED, FORGED),
    )
    options = ("Rain?", "--tool", "web_search", "--save", "--json")
    ended, (body,) = answer_to(shell, script, arguments=options)
    assert ended.code == 0, ended.err
    assert body["tools"] == [{"type": "web_search"}]
    assert body["include"] == ["web_search_call.action.sources"]
    calls = [(c["name"], c["arguments"], c["status"]) for c in ended.json["tool_calls"]]
    assert calls[0] == ("web_search", {"type": "search", "query": "q1"}, "done")
    assert [status for *_, status in calls] == ["done", "done", "failed"]
    assert ended.json["answer"] == "It rains."
    page = {"number": 1, "url": "https://a.example/x?y=1", "title": "A [page]", "cited": True}
    assert ended.json["sources"] == [page]
    plain, _ = answer_to(shell, saying(message(0, "Yes.")), arguments=("Rain?", "--json"))
    tokens, total = Decimal(plain.json["cost_usd"]), Decimal(ended.json["cost_usd"])
    lines = shell.rows("SELECT purpose, cost FROM ledger ORDER BY rowid LIMIT 2")
    costs = [(purpose, from_nanos(cost)) for purpose, cost in lines]
    assert costs == [("tools", Decimal("0.02")), ("answer", tokens)]
    assert total == tokens + Decimal("0.02")


def test_cited_sources_follow_the_text_but_not_json(shell: Shell) -> None:
    options = ("Rain?", "--tool", "web_search")
    ended, _ = answer_to(shell, saying(message(0, "It rains.", CITED)), arguments=options)
    listed = "Sources:\n\n- [1] [A \\[page\\]](https://a.example/x?y=1)\n"
    assert ended.out == f"It rains.\n\n{listed}"
    ended, _ = answer_to(shell, saying(message(0, '{"rain": true}', CITED)), arguments=options)
    assert ended.out == '{"rain": true}\n'


def test_a_mark_in_the_text_is_the_number_of_its_source(shell: Shell) -> None:
    mark = "\ue200cite\ue202turn0search0\ue201"
    text = f"It rains{mark}."
    at_mark = {**CITED, "start_index": 8, "end_index": 8 + len(mark)}
    options = ("Rain?", "--tool", "web_search")
    ended, _ = answer_to(shell, saying(message(0, text, at_mark)), arguments=options)
    assert ended.out.startswith("It rains[1].\n\nSources:\n\n- [1] ")


def test_research_searches_at_high_effort_and_stores_nothing(shell: Shell) -> None:
    script = saying(done(0, search(1)), message(1, "It rains.", CITED))
    ended, (body,) = answer_to(shell, script, arguments=("Rain?", "--research"))
    assert ended.code == 0, ended.err
    assert (body["tools"], body["store"]) == ([{"type": "web_search"}], False)
    assert body["reasoning"]["effort"] == "high"
    assert "background" not in body
    assert "ask one short question" in body["instructions"]
    options = ("Rain?", "--research", "--effort", "low", "--instructions", "Be brief.")
    ended, bodies = answer_to(shell, script, arguments=options)
    assert ended.code == 0, ended.err
    (body,) = bodies
    assert body["reasoning"]["effort"] == "low"
    assert body["instructions"].startswith("Be brief.")
    refused, bodies = answer_to(
        shell, script, arguments=("Rain?", "--research"), models=("m",), OPENAI_MODEL="m"
    )
    assert (refused.code, bodies) == (2, [])
    assert "SearXNG" in refused.err


def test_a_generated_image_is_saved_with_the_conversation(shell: Shell) -> None:
    image = {"type": "image_generation_call", "id": "ig", "status": "completed"}
    image |= {"result": base64.b64encode(PNG).decode(), "revised_prompt": "A cat."}
    script = saying(done(0, image), message(1, "Here."))
    options = ("A cat", "--tool", "image_generation", "--save", "--json")
    ended, (body,) = answer_to(shell, script, arguments=options)
    assert ended.code == 0, ended.err
    assert body["tools"][0]["type"] == "image_generation"
    (parts,) = (row for (row,) in shell.rows("SELECT parts FROM messages WHERE role='assistant'"))
    (kept,) = (part for part in json.loads(parts) if part["kind"] == "image")
    assert (kept["media_type"], kept["size"]) == ("image/png", len(PNG))
    assert shell.rows("SELECT sha256 FROM attachments") == [(kept["sha256"],)]
    refused, bodies = answer_to(shell, script, arguments=(*options[:3], "--json"))
    assert (refused.code, bodies) == (2, [])
    assert "--save" in refused.json["error"]["message"]


def made(image: bytes, call_id: str = "ig") -> dict[str, Any]:
    item = {"type": "image_generation_call", "id": call_id, "status": "completed"}
    return item | {"result": base64.b64encode(image).decode()}


def test_a_blocked_picture_is_said(shell: Shell) -> None:
    words = "Your request was rejected by the safety system."
    item = {"type": "image_generation_call", "id": "ig", "status": "failed"}
    script = saying(done(0, item | {"error": {"message": words}}))
    options = ("A cat", "--tool", "image_generation", "--save")
    ended, _ = answer_to(shell, script, arguments=options)
    assert ended.code == ExitCode.REFUSED
    assert words in ended.err


def test_the_newest_picture_goes_back_with_the_next_question(shell: Shell) -> None:
    first, second = (packed(photo(size, size), "PNG") for size in (32, 48))
    options = ("--tool", "image_generation", "--save")
    for image in (first, second):
        again = ("-c",) if image is second else ()
        answer_to(shell, saying(done(0, made(image))), arguments=("Draw a dot.", *again, *options))
    ended, (body,) = answer_to(
        shell, saying(message(0, "Yes.")), arguments=("Is it round?", "-c", "--json")
    )
    assert ended.code == 0, ended.err
    *_, question = body["input"]
    note, image_part = question["content"]
    assert note["text"].endswith("\n\nIs it round?")
    sent = Image.open(io.BytesIO(base64.b64decode(image_part["image_url"].partition(",")[2])))
    assert sent.size == (48, 48)
    assert [each["role"] for each in body["input"]] == ["user", "user", "user"]
    assert "input_image" not in json.dumps(body["input"][:-1])


FILE_LINK = "Here: [fees.csv](sandbox:/mnt/data/fees.csv)"
FILE = {"type": "container_file_citation", "container_id": "c", "file_id": "f"}
FILE |= {"filename": "fees.csv"}


def test_a_file_of_the_code_interpreter_is_kept_or_said(shell: Shell) -> None:
    script = saying(message(0, FILE_LINK, FILE))
    found = replies(body=b"rent,900\n", kind="application/octet-stream")
    options = ("Sum it up.", "--tool", "code_interpreter")

    def ask(reply: Script, *more: str) -> Ended:
        results: list[Ended] = []

        async def test(server: LoopbackServer) -> None:
            results.append(await shell.ask(server.base_url, *options, *more))

        against(script, reply, test=test)
        assert results[0].code == 0, results[0].err
        return results[0]

    kept = ask(found, "--save")
    (parts,) = (row for (row,) in shell.rows("SELECT parts FROM messages WHERE role='assistant'"))
    (part,) = (part for part in json.loads(parts) if part["kind"] == "document")
    assert (part["name"], part["size"]) == ("fees.csv", 9)
    assert shell.rows("SELECT text FROM attachments")[0][0].strip() == "rent,900"
    path = next(word for word in kept.err.split() if part["sha256"][2:] in word)
    assert Path(path).read_bytes() == b"rent,900\n"
    assert "fees.csv" in kept.err
    in_json = ask(found, "--json").json["files"]
    assert in_json == [{"name": "fees.csv", "base64": base64.b64encode(b"rent,900\n").decode()}]
    assert "fees.csv" in ask(found).err
    gone = ask(replies(404, {"error": {"message": "No."}}), "--save")
    assert "“fees.csv”" in gone.err
    assert gone.out.strip() == FILE_LINK
