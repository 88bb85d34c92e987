"""Malicious documents cause no crash or hang, leave nothing behind and fetch nothing."""

from __future__ import annotations

import io
import random
import zipfile
from pathlib import Path

import pytest

from desktop_app.documents.worker.document_worker import DocumentWorker, Limits
from desktop_app.domain import errors
from desktop_app.domain.documents.extracted_document import ExtractedDocument
from tests.helpers.blocking import blocking

DATA = Path(__file__).parents[2] / "data"
LIMITS = Limits(seconds=20, memory_bytes=1 << 30)
SEED = 20_261_120
SAMPLE = 80


@pytest.fixture(autouse=True)
def scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder for the child's temporary files."""
    folder = tmp_path / "scratch"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    return folder


@blocking
async def outcome(
    documents: list[tuple[str, bytes]], limits: Limits = LIMITS
) -> list[ExtractedDocument | errors.DocumentError]:
    """Return the results of a worker for documents read in turn."""
    worker = DocumentWorker(limits)
    results: list[ExtractedDocument | errors.DocumentError] = []
    try:
        for name, data in documents:
            try:
                results.append(await worker.extract_bytes(name, data))
            except errors.DocumentError as error:
                results.append(error)
        assert (await worker.extract(DATA / "utf-8.txt")).text
    finally:
        await worker.aclose()
    return results


def packed(members: dict[str, bytes]) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return target.getvalue()


def members_of(name: str) -> dict[str, bytes]:
    with zipfile.ZipFile(DATA / name) as archive:
        return {member: archive.read(member) for member in archive.namelist()}


def damaged(data: bytes, chance: random.Random) -> bytes:
    """Replace bytes. Then cut or repeat a piece, remove the end, or do nothing more."""
    broken = bytearray(data)
    for _ in range(chance.choice((1, 10, 100))):
        broken[chance.randrange(len(broken))] = chance.randrange(256)
    start, length = chance.randrange(len(broken)), chance.randrange(1, 400)
    match chance.randrange(4):
        case 0:
            del broken[start:]
        case 1:
            del broken[start : start + length]
        case 2:
            broken[start:start] = broken[start : start + length] * 3
    return bytes(broken)


@pytest.mark.slow
def test_a_zip_bomb_is_refused_by_its_size(scratch: Path, repartee_home: Path) -> None:
    bomb = packed(members_of("report.docx") | {"word/document.xml": bytes(450 << 20)})
    assert len(bomb) < 1 << 20
    (result,) = outcome([("bomb.docx", bomb)])
    assert isinstance(result, errors.DocumentTooLargeError)
    assert not list(scratch.iterdir())
    assert not repartee_home.exists()


def test_files_named_inside_a_document_are_not_read(tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("not for the model")
    entity = f'<!DOCTYPE x [<!ENTITY s SYSTEM "file://{secret}">]>'.encode()
    docx = members_of("report.docx")
    body = docx["word/document.xml"].partition(b"?>")[2].replace(b"Revenue", b"Revenue &s;")
    sheet = members_of("figures.xlsx")
    strings = sheet["xl/worksheets/sheet1.xml"].replace(b"Revenue", b"Revenue &s;")
    page = f'<iframe src="file://{secret}"></iframe><img src="file://{secret}"><p>words</p>'
    results = outcome(
        [
            ("x.docx", packed(docx | {"word/document.xml": entity + body})),
            ("x.xlsx", packed(sheet | {"xl/worksheets/sheet1.xml": entity + strings})),
            ("x.html", page.encode()),
            ("x.docx", packed(docx | {f"../../{secret.name}": b"overwritten"})),
        ]
    )
    for result in results:
        assert "not for the model" not in getattr(result, "text", "")
    assert secret.read_text() == "not for the model"


@pytest.mark.slow
def test_broken_documents_are_read_or_refused_and_leave_no_files(
    scratch: Path, repartee_home: Path
) -> None:
    chance = random.Random(SEED)
    names = sorted(path.name for path in DATA.iterdir() if path.suffix not in (".py", ""))
    documents = []
    for _ in range(SAMPLE):
        name = chance.choice(names)
        documents.append((name, damaged((DATA / name).read_bytes(), chance)))
    documents += [
        (f"random{ending}", chance.randbytes(chance.randrange(1, 5_000)))
        for ending in (".pdf", ".docx", ".txt", ".rtf", ".html", ".eml", ".ipynb", "")
    ]
    results = outcome(documents)
    refused = [result for result in results if isinstance(result, errors.DocumentError)]
    assert all(error.what_to_do for error in refused)
    assert 10 < len(refused) < len(results)
    assert not list(scratch.iterdir())
    assert not repartee_home.exists()
