"""Writes what is read of random exports of other programs, cases, notebooks and images.

    python -m tests.data.make_import_samples

After a change of a rule, read the difference.
"""

from __future__ import annotations

import io
import json
import random
import re
import struct
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, Final

from PIL import Image

from desktop_app.documents import image_reader, media_type, plain_image
from desktop_app.documents.index.text_kinds import kind_of
from desktop_app.documents.text import notebook
from desktop_app.documents.worker.protocol import Limits
from desktop_app.domain.errors import UserFacingError
from desktop_app.exchange.evaluation.case_reader import read_cases
from desktop_app.exchange.importers import chatgpt, librechat, open_webui
from desktop_app.exchange.importers.imported_conversation import ImportedConversation
from desktop_app.exchange.writers.office.docx_file import write_docx
from desktop_app.exchange.writers.office.odt_file import write_odt
from desktop_app.exchange.writers.office.office_content import OfficeMessage
from desktop_app.exchange.writers.office.pptx_outline import write_pptx
from desktop_app.rendering.incremental.block_stream import render
from tests.data.samples import write_samples

EXPECTED: Final = Path(__file__).with_name("imports")
_TEXTS: Final = ("", " ", "words", "two words", "What is it?", "<think>x</think>y", "**b**")
_TIMES: Final = (None, 0, 1_700_000_000, 1_700_000_100.5, "2024-05-06T07:08:09Z", -5, "soon", True)
_FLAGS: Final = (True, False, None, 1)
_ASSERTIONS: Final = (
    *("contains", "icontains", "contains-any", "icontains-any", "contains-all", "icontains-all"),
    *(
        "equals",
        "starts-with",
        "is-json",
        "llm-rubric",
        "regex",
        "not-contains",
        "not-contains-all",
    ),
    *("similar", "not-equals", "not-is-json", "not-icontains", "javascript"),
)
_JPEG_PARTS: Final = (
    *(b"\xff\xe0\0\x10JFIF\0" + bytes(9), b"\xff\xe0\0\x11JFIF\0" + bytes(10), b"\xff\xc0\0\x03a"),
    *(
        b"\xff\xe0\0\x10JFXX\0" + bytes(9),
        b"\xff\xdb\0\x04ab",
        b"\xff\xc4\0\x02",
        b"\xff\xdd\0\x04ab",
    ),
    *(
        b"\xff\xee\0\x0e" + bytes(12),
        b"\xff\xee\0\x0f" + bytes(13),
        b"\xff\xe1\0\x02",
        b"\xff\xc3\0\x02",
    ),
    *(
        b"\xff\xda\0\x02ab\xff\0c",
        b"\xff\xda\0\x02a\xff\xd0b\xff\xd7c",
        b"\xff\xda\0\x02",
        b"\xff\xc5\0\x02",
    ),
)
_PNG_PARTS: Final = (
    b"IHDR",
    b"IDAT",
    b"PLTE",
    b"tRNS",
    b"gAMA",
    b"sRGB",
    b"cHRM",
    b"pHYs",
    b"tEXt",
)
_LINE_PIECES: Final = (
    "words of it ",
    "12.5;",
    "{a[0]}",
    "文字",
    "слово",
    " ",
    "x = y;",
    "-",
    "3",
    "é",
)


def chatgpt_exports() -> Iterator[str]:
    """Yield conversations of ChatGPT's exports."""
    chance = random.Random("chatgpt")
    kinds = ("text", "code", "thoughts", "multimodal_text", "reasoning_recap", "execution_output")
    for _ in range(1_440):
        mapping: dict[str, Any] = {}
        for number in range(chance.randint(1, 6)):
            content = {
                "content_type": chance.choice(kinds),
                "parts": chance.choices((*_TEXTS, {"asset_pointer": "file-service://f1"}), k=2),
                "text": chance.choice(_TEXTS),
                "language": chance.choice(("", "python", "unknown")),
                "thoughts": [{"summary": chance.choice(_TEXTS), "content": chance.choice(_TEXTS)}],
            }
            mapping[f"n{number}"] = {
                "parent": f"n{chance.randrange(number)}" if number else None,
                "message": {
                    "author": {"role": chance.choice(("user", "assistant", "tool", "system"))},
                    "content": content,
                    "create_time": chance.choice(_TIMES),
                    "status": chance.choice(("", "finished_successfully", "in_progress")),
                    "metadata": {
                        "model_slug": chance.choice(("", "gpt-4o")),
                        "is_visually_hidden_from_conversation": chance.random() < 0.1,
                        "attachments": chance.choice(([], [{"id": "f2", "name": "notes.txt"}])),
                    },
                },
            }
        value = {
            "mapping": mapping,
            "title": chance.choice(_TEXTS),
            "id": chance.choice(("", "c1")),
            "create_time": chance.choice(_TIMES),
            "update_time": chance.choice(_TIMES),
            "current_node": chance.choice((*mapping, "gone", None)),
            "default_model_slug": chance.choice(("", "gpt-4")),
            "is_starred": chance.choice(_FLAGS),
            "is_archived": chance.choice(_FLAGS),
        }
        yield _imported(partial(chatgpt.read_conversation, value, _file))


def librechat_exports() -> Iterator[str]:
    """Yield conversations of LibreChat's exports."""
    chance = random.Random("librechat")
    for _ in range(1_440):
        messages: list[Any] = []
        for number in range(chance.randint(0, 5)):
            message = {
                "messageId": chance.choice(("", f"m{number}")),
                "parentMessageId": f"m{chance.randint(0, number)}" if chance.random() < 0.5 else "",
                "sender": chance.choice(("User", "GPT")),
                "text": chance.choice(_TEXTS),
                "content": chance.choice(
                    (
                        [],
                        [{"type": "think", "think": chance.choice(_TEXTS)}, {"text": "said"}],
                        [{"text": {"value": chance.choice(_TEXTS)}}],
                    )
                ),
                "files": chance.choice(([], [{"filename": "a.pdf"}, {"filename": ""}])),
                "createdAt": chance.choice(_TIMES),
                "model": chance.choice(("", "gpt-4")),
                "unfinished": chance.choice(_FLAGS),
                "error": chance.choice(_FLAGS),
                "children": [],
            }
            if chance.random() < 0.4:
                message["isCreatedByUser"] = chance.choice(_FLAGS)
            above = chance.choice([messages, *(each["children"] for each in messages)])
            above.append(message)
        value = {
            "conversationId": chance.choice(("c1", "")),
            "title": chance.choice(_TEXTS),
            chance.choice(("messages", "messagesTree")): messages,
            "options": chance.choice(({}, {"model": "gpt-4", "system": "Be short."})),
        }
        yield _imported(partial(librechat.read_conversation, value))


def open_webui_exports() -> Iterator[str]:
    """Yield conversations of Open WebUI's exports."""
    chance = random.Random("open webui")
    thought = "<details type='reasoning'><summary>Thought</summary>&gt; why\n> so</details> "
    for _ in range(1_440):
        messages = [
            {
                "id": chance.choice(("", f"m{number}")),
                "parentId": f"m{chance.randint(0, number)}" if number else None,
                "role": chance.choice(("user", "assistant", "assistant", "system")),
                "content": chance.choice(("", thought, "<details")) + chance.choice(_TEXTS),
                "files": chance.choice(
                    (
                        [],
                        [{"type": "file", "name": "a.pdf"}],
                        [{"type": "image", "url": "data:image/png;base64,aGVsbG8="}],
                    )
                ),
                "timestamp": chance.choice(_TIMES),
                "model": chance.choice(("", "llama")),
                "done": chance.choice(_FLAGS),
            }
            for number in range(chance.randint(0, 5))
        ]
        tree = {each["id"] or "x": each for each in messages}
        chat: dict[str, Any] = {
            "id": chance.choice(("", "c1", "c2")),
            "title": chance.choice(_TEXTS),
            "models": chance.choice((None, [], [1, "llama"])),
            "params": chance.choice(({}, {"system": "Be short."})),
            "timestamp": chance.choice(_TIMES),
        }
        if chance.random() < 0.5:
            chat["messages"] = messages
        else:
            chat["history"] = {"messages": tree, "currentId": chance.choice((*tree, "gone", None))}
        value = {
            "id": chance.choice(("", "c1")),
            "chat": chat,
            "title": chance.choice(_TEXTS),
            "created_at": chance.choice(_TIMES),
            "updated_at": chance.choice(_TIMES),
            "pinned": chance.choice(_FLAGS),
            "archived": chance.choice(_FLAGS),
        }
        yield _imported(partial(open_webui.read_conversation, value))


def cases() -> Iterator[str]:
    """Yield files of cases with what is read of them."""
    chance = random.Random("cases")
    for _ in range(6_000):
        name, text = chance.choice((_json_lines, _promptfoo, _csv))(chance)
        try:
            found: object = [repr(case) for case in read_cases(text, name)]
        except ValueError as error:
            found = str(error)
        yield _line(name, text, found)


def notebooks() -> Iterator[str]:
    """Yield notebooks with their Markdown."""
    chance = random.Random("notebooks")
    outputs: tuple[Any, ...] = (
        {"output_type": "stream", "text": ["a\n", "b\n\n"]},
        {"output_type": "error", "ename": "KeyError", "evalue": "x"},
        {"output_type": "pyerr", "ename": "E", "evalue": ""},
        {"output_type": "display_data", "data": {"text/plain": "3", "text/html": "<b>"}},
        {"output_type": "pyout", "text": "old"},
        {"output_type": "display_data", "data": {}},
    )
    for _ in range(2_700):
        made = [
            {
                "cell_type": chance.choice(("code", "code", "markdown", "raw", "heading")),
                chance.choice(("source", "source", "input")): chance.choice(
                    ("", "x = 1", ["a\n", "b"], "```\ninner\n```", " ", 5)
                ),
                **chance.choice(({}, {"level": 3}, {"language": "r"})),
                "outputs": chance.choices(outputs, k=chance.randint(0, 2)),
            }
            for _ in range(chance.randint(0, 3))
        ]
        version = chance.choice((4, 4, 3, None))
        value: dict[str, Any] = {"metadata": {"language_info": {"name": "python"}}}
        value |= {"cells": made} if version != 3 else {"worksheets": [{"cells": made}]}
        value |= {} if version is None else {"nbformat": version}
        yield _line(_said(partial(notebook.read, "x", json.dumps(value))))


def images() -> Iterator[str]:
    """Yield the parts of images, and whether they may be sent unchanged."""
    chance = random.Random("images")
    for _ in range(7_200):
        parts = b"".join(chance.choices(_JPEG_PARTS, k=chance.randint(0, 4)))
        end = chance.choice((b"\xff\xd9", b"\xff\xd9", b"\xff\xd9x", b"", b"\xff"))
        jpeg = b"\xff\xd8" + parts + end
        png = b"\x89PNG\r\n\x1a\n"
        for kind in (*chance.choices(_PNG_PARTS, k=chance.randint(0, 2)), b"IEND")[
            : chance.choice((3, 3, 1))
        ]:
            length = chance.choice((0, 0, 0, 2))
            png += struct.pack(">I4s", length, kind) + bytes(length + chance.choice((4, 4, 4, 3)))
        yield _line(
            jpeg.hex(),
            plain_image.is_plain("image/jpeg", jpeg),
            png.hex(),
            plain_image.is_plain("image/png", png),
        )


def scaled_images() -> Iterator[str]:
    """Yield images with the sizes and colors in which they are sent."""
    chance = random.Random("scaled images")
    for _ in range(70):
        mode = chance.choice(("1", "L", "P", "RGB", "RGBA", "CMYK", "I;16", "LA", "F"))
        size = chance.choice(((40, 20), (300, 100), (100, 301), (7, 400), (256, 256)))
        kind = {"CMYK": "JPEG", "F": "TIFF"}.get(mode, chance.choice(("PNG", "PNG", "TIFF")))
        if mode in ("RGB", "L") and chance.random() < 0.5:
            kind = chance.choice(("JPEG", "BMP", "WEBP", "GIF"))
        image = Image.new(mode, size)
        if mode not in ("I;16", "F"):
            step = chance.choice((1, 7, 64))
            noise = bytes(n * step // 5 % 256 for n in range(size[0] * size[1]))
            image = Image.frombytes("L", size, noise).convert(mode)
        turn = chance.choice((0, 1, 3, 6, 8, 9))
        exif = Image.Exif()
        exif[0x0112] = turn
        target = io.BytesIO()
        image.save(target, kind, **({"exif": exif} if turn and kind in ("JPEG", "PNG") else {}))
        data = target.getvalue()
        box = chance.choice(((40, 20), (100, 100), (300, 100), (20, 400), (1, 1)))
        name = f"image/{kind.lower()}"
        made = image_reader.scale("x", data, name, box, Limits())
        facts = image_reader.inspect("x", data, name, Limits())
        with Image.open(io.BytesIO(made.data)) as sent:
            pixel = sent.convert("RGBA").resize((1, 1)).getpixel((0, 0))
            rough = [(value + 16) // 32 for value in pixel] if isinstance(pixel, tuple) else pixel
            look = [sent.mode, sent.format, rough]
        shown = [facts.width, facts.height, facts.animated]
        is_same = made.data == data
        yield _line(mode, size, name, turn, box, [made.width, made.height], look, is_same, shown)


def office_files() -> Iterator[str]:
    """Yield random messages with the body of the text document that is written of them."""
    chance = random.Random("office files")
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(7):
            messages = [
                OfficeMessage(
                    f"Message {number}",
                    tuple(render(_markdown(chance))),
                    chance.choice(((), ("notes.txt",))),
                    number % 2 == 1,
                    tuple(render(chance.choice(("", "> *clock*\n>\n> ```json\n> {}\n> ```")))),
                    chance.choice(((), ("Stopped.",))),
                )
                for number in range(3)
            ]
            file = Path(folder) / "file"
            for write, parts in (
                (write_docx, ("word/document.xml", "word/_rels/document.xml.rels")),
                (write_odt, ("content.xml",)),
            ):
                write(file, "A title", messages)
                with zipfile.ZipFile(file) as archive:
                    texts = [archive.read(part).decode() for part in parts]
                yield _line([_body_of(text) for text in texts])
            write_pptx(file, "A title", messages)
            with zipfile.ZipFile(file) as archive:
                slides = [name for name in archive.namelist() if "/slides/slide" in name]
                yield _line([_paragraphs_of(archive.read(name).decode()) for name in slides])


def _markdown(chance: random.Random) -> str:
    pieces = (
        *("# One\n\n", "###### Six\n\n", "words **bold** *it* `c` ~~s~~ $x$\n\n", "- a\n  - b\n\n"),
        *(
            "1. one\n2. two\n\n",
            "> quote\n\n",
            "> - in it\n\n",
            "```py\nx = 1\ny\n```\n\n",
            "---\n\n",
        ),
        *(
            "| a | b |\n|---|---|\n| 1 | 2 |\n\n",
            "| c |\n|---|\n| *d* |\n| e |\n\n",
            "note[^1]\n\n",
        ),
        *(
            "[^1]: It.\n\n",
            "[l](https://a.example) and [m](ftp://a)\n\n",
            f"{'long words ' * 60}\n\n",
        ),
        *("![p](u.png)\n\n", "- a\n\n  more\n\n", "- [x] done\n\n"),
    )
    return "".join(chance.choices(pieces, k=chance.randint(1, 7)))


def _body_of(xml: str) -> str:
    begins = re.search(r"<w:body>|<office:automatic-styles>|<Relationships[^>]*>", xml)
    return xml if begins is None else xml[begins.end() :]


def _paragraphs_of(xml: str) -> list[str]:
    return [
        "".join(re.findall(r'(?:lvl="\d")|<a:t>([^<]*)', part)) + str(re.findall(r'lvl="\d"', part))
        for part in re.findall(r"<a:p>.*?</a:p>", xml, re.DOTALL)
    ]


def kinds() -> Iterator[str]:
    """Yield beginnings of files and lines, with the kinds that they are taken for."""
    chance = random.Random("kinds")
    heads = (
        *(b"RIFF1234WEBP", b"RIFF1234WAVE", b"BM" + bytes(12) + b"\x28\0\0\0", b"BM" + bytes(20)),
        *(b"BM" + bytes(12) + b"\x7c\0\0\0", b"1234ftypheic", b"1234ftypavif", b"1234ftypmp42"),
        *(b"%PDF-1.4", b" \n%PDF-1", b"x%PDF-1", b"{\\rtf1", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff"),
        *(
            b"GIF89a",
            b"II*\0",
            b"MM\0*",
            b"#!/usr/bin/env python3\n",
            b"#!/bin/sh\n",
            b"<!DOCTYPE html>",
        ),
        *(
            b"<html>",
            b"<p>x",
            b"plain",
            b"\xef\xbb\xbf%PDF-1",
            b"#!/usr/bin/perl -w\n",
            b"RIFFWEBP",
        ),
    )
    for _ in range(4_800):
        data = chance.choice(heads) + chance.choice((b"", b"more"))
        name = chance.choice(("x", "x.pdf", "x.py", "x.txt", "x.html", "x.JSON"))
        line = "".join(chance.choices(_LINE_PIECES, k=chance.randint(0, 6)))
        yield _line(
            data.hex(),
            name,
            media_type.detect_binary(name, data),
            media_type.detect_image(data),
            media_type.is_unsupported_image(data),
            media_type.detect_text(name, data),
            [line, kind_of(line).value],
        )


def _json_lines(chance: random.Random) -> tuple[str, str]:
    rows: list[Any] = []
    for number in range(chance.randint(0, 2)):
        row: dict[str, Any] = {"input": chance.choice(("Ask.", " ", 5, None))}
        if chance.random() < 0.4:
            roles = ("system", "user", "assistant", "developer", "user")
            row["input"] = [
                {"role": role, "content": chance.choice(("said", "asked"))}
                | ({"name": "example_user"} if chance.random() < 0.1 else {})
                for role in roles[chance.randrange(3) :][: chance.randint(0, 4)]
            ]
        if chance.random() < 0.5:
            row["checks"] = chance.choice(
                (
                    [],
                    [{"contains": "x"}],
                    [{"number": 5, "within": 1}],
                    "no",
                    [{"equals": "a", "not": True}],
                )
            )
        if chance.random() < 0.4:
            row["files"] = chance.choice((["a.pdf"], "a.pdf", [1], None))
        if chance.random() < 0.4:
            row["ideal"] = chance.choice(("Yes", ["Yes", "Yep"], None))
        if chance.random() < 0.3:
            row["id"] = chance.choice(("one", number, None))
        rows.append(row)
    if chance.random() < 0.4:
        return "x.json", json.dumps(rows)
    bad = chance.choice(("", "", "", "\n[1]", "\n{", "\n\n"))
    return "x.jsonl", "\n".join(map(json.dumps, rows)) + bad


def _promptfoo(chance: random.Random) -> tuple[str, str]:
    tests: list[Any] = []
    for _ in range(chance.randint(1, 2)):
        value = chance.choice(
            ("Paris", "{{city}} now", ["a", "{{city}}"], "a, b", 5, None, {"type": "object"})
        )
        test: dict[str, Any] = {
            "vars": chance.choice(
                ({"city": "Rome"}, {"city": ["Rome", "Oslo"]}, {"input": "Ask"}, {}, {"city": 5})
            ),
            "assert": [{"type": chance.choice(_ASSERTIONS), "value": value}],
        }
        if chance.random() < 0.2:
            test["assert"][0]["weight"] = chance.choice((0, 1))
        if chance.random() < 0.1:
            test["assert"] = [{"$ref": chance.choice(("#/assertionTemplates/t", "#/other"))}]
        if chance.random() < 0.1:
            test[chance.choice(("description", "options", "threshold"))] = chance.choice(
                ("x", None)
            )
        tests.append(test)
    config: dict[str, Any] = {"tests": tests}
    if chance.random() < 0.8:
        config["prompts"] = chance.choice(
            (
                "Where is {{city}}?",
                ["In {{ city }}", "At {{city}}"],
                ["{% if x %}"],
                [5],
                "file://p.txt",
            )
        )
    if chance.random() < 0.3:
        config["defaultTest"] = chance.choice(
            ({"assert": [{"type": "contains", "value": "."}]}, {"vars": {"input": "x"}}, [1])
        )
    if chance.random() < 0.3:
        config["assertionTemplates"] = {"t": {"type": "equals", "value": "{{city}}"}}
    return "x.json", json.dumps(config)


def _csv(chance: random.Random) -> tuple[str, str]:
    names = [
        "input",
        *chance.sample(
            (
                "contains",
                "regex",
                "number",
                "within",
                "schema",
                "id",
                "files",
                "__expected",
                "__expected2",
                "__metadata:x",
                "__other",
            ),
            k=chance.randint(0, 3),
        ),
    ]
    values = {
        "input": ("Ask.", "", "a,b"),
        "number": ("5", "", "x"),
        "within": ("0.5", ""),
        "schema": ('{"type": "object"}', "", "{"),
        "files": ("a.pdf; b.pdf", ""),
        "__expected": (
            "contains: x",
            "grade: good",
            "similar(0.8): y",
            "is-json",
            "plain",
            "not-contains: z",
            "contains(0.5): x",
        ),
    }
    delimiter = chance.choice((",", ";", "\t"))
    lines = [names] + [
        [chance.choice(values.get(name, ("v", "", "is"))) for name in names]
        for _ in range(chance.randint(0, 2))
    ]
    text = "\n".join(
        delimiter.join('"' + cell.replace('"', '""') + '"' for cell in line) for line in lines
    )
    return "x.csv", text + chance.choice(("", "\n", f"\n{delimiter * 9}", '\n"open'))


def _file(name: str) -> tuple[str, bytes] | None:
    return (f"{name}.png", b"\x89PNG\r\n\x1a\n") if name == "f1" else None


def _imported(read: Callable[[], ImportedConversation]) -> str:
    try:
        made = read()
    except (UserFacingError, ValueError) as error:
        return _line(str(error))
    talk = made.conversation
    facts = [
        *(
            talk.title,
            talk.created_at,
            talk.updated_at,
            talk.choice.model,
            talk.pinned,
            talk.archived,
        ),
        talk.overrides.instructions,
        next((n for n, m in enumerate(made.messages) if m.id == talk.leaf_id), None),
    ]
    places = {message.id: number for number, message in enumerate(made.messages)}
    rows = [
        [
            places.get(message.parent_id or ""),
            message.role.value,
            message.status.value,
            message.created_at,
            message.choice.model if message.choice else None,
            [
                [type(part).__name__, str(getattr(part, "text", part))[:90]]
                for part in message.parts
            ],
        ]
        for message in made.messages
    ]
    return _line(facts, rows, [file.name for file in made.files])


def _said(read: Callable[[], str]) -> str:
    try:
        return read()
    except UserFacingError as error:
        return f"{type(error).__name__}: {error}"


def _line(*values: object) -> str:
    return json.dumps(values, ensure_ascii=False, default=str)


SAMPLES: Final[dict[str, Callable[[], Iterator[str]]]] = {
    "chatgpt": chatgpt_exports,
    "librechat": librechat_exports,
    "open-webui": open_webui_exports,
    "cases": cases,
    "notebooks": notebooks,
    "images": images,
    "scaled-images": scaled_images,
    "office-files": office_files,
    "kinds": kinds,
}

if __name__ == "__main__":
    write_samples(EXPECTED, SAMPLES)
