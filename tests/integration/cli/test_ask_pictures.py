"""`repartee ask --file photo.jpg`: the data that the server receives."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import pytest

from tests.helpers.pictures import SECRET, drawing, exif, packed, photo, unpacked
from tests.integration.cli.command import Shell, against, answer_to
from tests.integration.cli.replies import WHOLE
from tests.unit.providers.loopback import LoopbackServer, replies, streams
from tests.unit.providers.samples import sse


@pytest.fixture
def files(shell: Shell) -> Path:
    folder = shell.outside / "here"
    camera = packed(photo(1, 1).resize((4000, 3000)), "JPEG", exif=exif(6))
    (folder / "photo.jpg").write_bytes(camera)
    (folder / "chart.gif").write_bytes(packed(drawing().convert("P"), "GIF"))
    (folder / "broken.png").write_bytes(packed(photo(), "PNG")[:900])
    return folder


def sent(url: str) -> tuple[str, bytes]:
    """Return the media type and bytes of a data URL."""
    head, _, data = url.partition(";base64,")
    return head.removeprefix("data:"), base64.b64decode(data, validate=True)


def content_of(body: dict[str, Any]) -> Any:
    return body["input"][0]["content"]


def test_pictures_arrive_scaled_turned_and_bare(shell: Shell, files: Path) -> None:
    arguments = ("Compare", "--file", "photo.jpg", "--file", "chart.gif")
    done, (body,) = answer_to(shell, WHOLE, arguments=arguments)
    assert (done.code, done.err) == (0, "")
    text, first, second = content_of(body)
    assert text == {"type": "input_text", "text": "Compare"}
    assert (first["type"], first["detail"]) == ("input_image", "auto")
    kind, data = sent(first["image_url"])
    assert (kind, unpacked(data).size) == ("image/png", (1056, 1408))
    assert SECRET not in data
    assert sent(second["image_url"])[0] == "image/png"
    assert not list(shell.home.rglob("attachments/*/*")), "nothing is kept without --save"


def test_a_model_without_images_is_not_asked_about_an_image(shell: Shell, files: Path) -> None:
    arguments = ("What?", "--provider", "on-device", "--file", "chart.gif")
    done, bodies = answer_to(shell, WHOLE, arguments=arguments)
    assert (done.code, done.out, bodies) == (2, "", [])
    assert "SmolLM2 135M doesn’t support images." in done.err
    assert "or remove chart.gif." in done.err


def test_a_picture_in_an_answer_stands_in_the_json(shell: Shell) -> None:
    url = "data:image/png;base64," + base64.b64encode(packed(drawing(), "PNG")).decode()
    delta = {"content": "Here.", "images": [{"image_url": {"url": url}}]}
    chunk: dict[str, Any] = {"choices": [{"delta": delta, "finish_reason": "stop"}]}

    async def test(server: LoopbackServer) -> None:
        for more in ((), ("--save",)):
            done = await shell.ask(server.base_url, "Draw", "--model", "m", "--json", *more)
            assert (done.code, done.json["answer"], done.json["images"]) == (0, "Here.", [url])

    missing = replies(404, {"detail": "Not Found"})
    answer = streams(sse(chunk, "[DONE]"))
    against(missing, answer, test=test)


def test_each_of_several_answers_has_its_pictures_and_citations_in_the_json(shell: Shell) -> None:
    def reply(number: int) -> tuple[str, bytes]:
        picture = packed(drawing().rotate(90 * number), "PNG")
        url = "data:image/png;base64," + base64.b64encode(picture).decode()
        page = {"url": f"https://a.example/{number}", "title": f"Page {number}"}
        annotations = [{"type": "url_citation", "url_citation": page}]
        delta = {"content": "So.", "images": [{"image_url": url}], "annotations": annotations}
        chunk: dict[str, Any] = {"choices": [{"delta": delta, "finish_reason": "stop"}]}
        return url, sse(chunk, "[DONE]")

    first, second = reply(1), reply(2)

    async def test(server: LoopbackServer) -> None:
        done = await shell.ask(
            server.base_url, "Draw", "--compare", "m", "--compare", "n", "--json"
        )
        answers = done.json["answers"]
        assert done.code == 0
        assert sorted(answer["images"] for answer in answers) == sorted([[first[0]], [second[0]]])
        cited = sorted(source["url"] for answer in answers for source in answer["sources"])
        assert cited == [f"https://a.example/{n}" for n in (1, 2)]

    missing = replies(404, {"detail": "Not Found"})
    against(missing, missing, streams(first[1]), streams(second[1]), test=test)
