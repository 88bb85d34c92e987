"""Generates and reads malicious documents: broken test files and special attacks.

    python -m tests.integration.documents.hostile [COUNT [FIRST]]

Reads COUNT documents (500), from number FIRST (0) on, as the program reads dropped files. Counts
texts, refusals, crashes of the reader and timeouts. Exits with 1 if a refusal has no remedy, a
document takes 3 s longer than its limit, a file is left behind, or a document reaches out of the
process. Every 25th document is also read under strace, if that is installed: the confined reader
may open no socket, write no file, and read only the program, its libraries and the document.
"""

from __future__ import annotations

import asyncio
import contextlib
import io
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from desktop_app.documents.worker.document_worker import DocumentWorker, Limits
from desktop_app.domain import errors

DATA = Path(__file__).parents[2] / "data"
LIMITS = Limits(seconds=20, memory_bytes=1 << 30, unpacked_bytes=100 << 20)
SECRET = "not for the model"
SEED = 20_261_120
TRACED_EVERY = 25
_ENDINGS = (".pdf", ".docx", ".odt", ".txt", ".rtf", ".html", ".eml", ".msg", ".ipynb", ".zip", "")
# Reads a file as the child does, in a process that strace can follow from its first call.
_READER = """
import sys
from pathlib import Path
from desktop_app import sandbox
from desktop_app.documents import extract
from desktop_app.documents.worker.source_files import open_document
from desktop_app.documents.worker.protocol import Limits
from desktop_app.paths import resource_path
path = Path(sys.argv[1])
limits = Limits(seconds=20, memory_bytes=1 << 30, unpacked_bytes=100 << 20)
opened = open_document(path, limits)
readable, descriptors = (resource_path("tokenizer"),), (opened.descriptor,)
sandbox.confine(sandbox.Policy(limits.memory_bytes, readable, descriptors=descriptors))
extract.extract_file(path.name, opened.descriptor, limits, lambda _: None)
"""
_OPENED = re.compile(r'open(?:at)?\((?:AT_FDCWD, )?"([^"]+)", ([A-Z_|]+)[^)]*\) += (\d+)')


def sources() -> dict[str, bytes]:
    """Return the files to break."""
    folders = (DATA, DATA / "corpus")
    paths = [path for folder in folders for path in sorted(folder.iterdir())]
    return {
        path.name: path.read_bytes()
        for path in paths
        if path.is_file() and path.suffix not in (".py", ".fodt")
    }


def documents(
    count: int, first: int = 0, secret: Path | None = None
) -> Iterator[tuple[str, bytes]]:
    """Yield the names and bytes of malicious documents, from number `first` on.

    Documents that refer to a file name `secret`.
    """
    files = sources()
    names = sorted(files)
    archives = [name for name in names if files[name].startswith(b"PK")]
    secret = secret or Path("/etc/hostname")
    for number in range(first, first + count):
        chance = random.Random(SEED + number)
        match number % 8:
            case 0 | 1 | 2:
                name = chance.choice(names)
                yield name, broken(files[name], chance)
            case 3 | 4:
                name = chance.choice(archives)
                yield name, broken_inside(files[name], chance)
            case 5:
                name = chance.choice(archives)
                yield name, reaching_out(files[name], secret, chance)
            case 6:
                yield trick(chance, secret)
            case _:
                ending = chance.choice(_ENDINGS)
                head = files[chance.choice(names)][: chance.randrange(64)]
                yield f"random{ending}", head + chance.randbytes(chance.randrange(1, 20_000))


def broken(data: bytes, chance: random.Random) -> bytes:
    """Replace bytes. Then cut or repeat a piece, remove the end, or do nothing more."""
    changed = bytearray(data or b"\0")
    for _ in range(chance.choice((1, 10, 100))):
        changed[chance.randrange(len(changed))] = chance.randrange(256)
    start, length = chance.randrange(len(changed)), chance.randrange(1, 400)
    match chance.randrange(4):
        case 0:
            del changed[start:]
        case 1:
            del changed[start : start + length]
        case 2:
            changed[start:start] = changed[start : start + length] * 3
    return bytes(changed)


def members_of(data: bytes) -> dict[str, bytes]:
    """Return the members of an archive."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def packed(members: dict[str, bytes]) -> bytes:
    """Return an archive."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return target.getvalue()


def broken_inside(data: bytes, chance: random.Random) -> bytes:
    """Return a valid archive with a member that is broken, missing or swapped."""
    members = members_of(data)
    name = chance.choice(sorted(members))
    match chance.randrange(3):
        case 0:
            members[name] = broken(members[name], chance)
        case 1:
            del members[name]
        case _:
            members[name] = members[chance.choice(sorted(members))]
    return packed(members)


def reaching_out(data: bytes, secret: Path, chance: random.Random) -> bytes:
    """Return an archive with external entities, entity bombs, links and escaping names."""
    members = members_of(data)
    parts = [name for name in members if name.endswith((".xml", ".rels", ".xhtml", ".opf"))]
    entity = f'<!DOCTYPE x [<!ENTITY s SYSTEM "file://{secret}"><!ENTITY h SYSTEM "http://127.0.0.1:9/x">'
    entity += (
        "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10 if n else "lol"}">' for n in range(9)) + "]>"
    )
    for name in chance.sample(parts, min(len(parts), 2)):
        head, mark, body = members[name].partition(b"?>")
        if not mark:
            head, body = b'<?xml version="1.0"', members[name]
        inside = re.sub(rb">([A-Za-z]{3})", rb">&s;&h;&l8;\1", body, count=3)
        inside = re.sub(rb'Target="[^"]*"', f'Target="file://{secret}"'.encode(), inside, count=1)
        members[name] = head + b"?>" + entity.encode() + inside
    members[f"../../{secret.name}"] = b"overwritten"
    members[str(secret)] = b"overwritten"
    return packed(members)


def trick(chance: random.Random, secret: Path) -> tuple[str, bytes]:
    """Return a known bomb or trap."""
    size = chance.randrange(1, 150) << 20
    match chance.randrange(12):
        case 0:
            return "bomb.docx", packed({"word/document.xml": bytes(size)})
        case 1:
            return "bomb.zip", packed({f"{n}.txt": bytes(size // 8) for n in range(8)})
        case 2:
            inner = packed({"x.txt": bytes(size // 4)})
            for depth in range(chance.randrange(2, 6)):
                inner = packed({f"{depth}{n}.zip": inner for n in range(6)})
            return "nested.zip", inner
        case 3:
            honest = packed({"word/document.xml": b"<w>" + bytes(size)})
            lie = (3 + size).to_bytes(4, "little")
            return "liar.docx", honest.replace(lie, (1000).to_bytes(4, "little"))
        case 4:
            return "deep.html", b"<div>" * chance.randrange(10**5, 10**6) + b"x"
        case 5:
            depth = chance.randrange(10**4, 10**6)
            return "deep.rtf", b"{\\rtf1" + b"{" * depth + b"x" + b"{\\footnote" * 1000
        case 6:
            depth = chance.randrange(10**4, 10**6)
            return (
                "deep.pdf",
                b"%PDF-1.4\n1 0 obj\n" + b"[" * depth + b"\nendobj\ntrailer<</Root 1 0 R>>",
            )
        case 7:
            page = f'<iframe src="file://{secret}"></iframe><img src="http://127.0.0.1:9/">words'
            return "links.html", page.encode() * chance.randrange(1, 500)
        case 8:
            rows = "".join(
                '<table:table-row table:number-rows-repeated="999999999"><table:table-cell '
                'table:number-columns-repeated="999999999"><text:p>x</text:p></table:table-cell>'
                "</table:table-row>"
                for _ in range(chance.randrange(1, 300))
            )
            return "wide.ods", opendocument("spreadsheet", f"<table:table>{rows}</table:table>")
        case 9:
            depth = chance.randrange(500, 200_000)
            return "deep.odt", opendocument(
                "text", "<text:section>" * depth + "</text:section>" * depth
            )
        case 10:
            cells = "<w:tbl><w:tr><w:tc>" * 3000 + "<w:p/>" + "</w:tc></w:tr></w:tbl>" * 3000
            word = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
            body = f'<w:document xmlns:w="{word}"><w:body>{cells}</w:body></w:document>'
            return "deep.docx", packed({"word/document.xml": body.encode()})
        case _:
            notebook = b'{"cells": ' + b"[" * chance.randrange(10, 10**6)
            return "deep.ipynb", notebook


def opendocument(kind: str, body: str) -> bytes:
    """Return a bare OpenDocument file."""
    oasis = "urn:oasis:names:tc:opendocument"
    spaces = "".join(f' xmlns:{n}="{oasis}:xmlns:{n}:1.0"' for n in ("office", "table", "text"))
    content = (
        f"<office:document-content{spaces}><office:body><office:{kind}>{body}</office:{kind}>"
        "</office:body></office:document-content>"
    )
    stated = f"application/vnd.oasis.opendocument.{kind}"
    return packed({"mimetype": stated.encode(), "content.xml": content.encode()})


@dataclass
class Outcome:
    """The number of documents by outcome, such as "text"; `wrong` describes what may not happen."""

    kinds: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    slowest: tuple[float, str] = (0.0, "")
    traced: int = 0


async def read_all(given: list[tuple[str, bytes]], scratch: Path, *, trace: bool) -> Outcome:
    """Read documents in turn as files in `scratch`, which must gain no other files."""
    outcome = Outcome()
    (scratch / "tmp").mkdir()
    os.environ["TMPDIR"] = str(scratch / "tmp")
    worker = DocumentWorker(LIMITS)
    try:
        for number, (name, data) in enumerate(given):
            path = scratch / f"{number}-{name}"
            path.write_bytes(data)
            is_traced = trace and number % TRACED_EVERY == 0
            await _read(worker, path, outcome)
            if is_traced:
                await asyncio.to_thread(_read_traced, path, scratch, outcome)
            path.unlink()
            if left := _left_in(scratch):
                outcome.wrong.append(f"{path.name} left {left} behind")
    finally:
        await worker.aclose()
    return outcome


def _left_in(scratch: Path) -> list[Path]:
    return [*scratch.glob("tmp/*"), *(path for path in scratch.iterdir() if path.name != "tmp")]


async def _read(worker: DocumentWorker, path: Path, outcome: Outcome) -> None:
    begun = time.monotonic()
    try:
        document = await worker.extract(path)
        outcome.kinds["text"] += 1
        if SECRET in document.text:
            outcome.wrong.append(f"{path.name} read another file")
    except errors.DocumentError as error:
        kind = type(error).__name__
        if "is damaged or needs more than" in error.what_happened:
            kind = f"reader stopped ({error.details})"
        elif "takes longer than" in error.what_happened:
            kind = "time is up"
        outcome.kinds[kind] += 1
        if not error.what_to_do:
            outcome.wrong.append(f"{path.name} is refused without a remedy")
    took = time.monotonic() - begun
    outcome.slowest = max(outcome.slowest, (took, path.name))
    if took > LIMITS.seconds + 3:
        outcome.wrong.append(f"{path.name} took {took:.0f} s")


def _read_traced(path: Path, scratch: Path, outcome: Outcome) -> None:
    """Read a document under strace. Record forbidden calls and a missing confinement."""
    log = scratch.parent / f"{scratch.name}.strace"
    calls = "trace=open,openat,creat,socket,connect,unlink,rename,mkdir,seccomp"
    command = ["strace", "-f", "-qq", "-o", str(log), "-e", calls, sys.executable, "-c", _READER]
    with contextlib.suppress(subprocess.TimeoutExpired):
        subprocess.run(
            ["timeout", "-s", "KILL", "60", *command, str(path)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=70,
            check=False,
            cwd=Path(__file__).parents[3],
        )
    outcome.traced += 1
    if "seccomp(SECCOMP_SET_MODE_FILTER" not in log.read_text():
        outcome.wrong.append(f"{path.name} was read by a process that is not confined")
    outcome.wrong += [f"{path.name}: {line}" for line in unexpected(log.read_text(), path)]
    log.unlink()


def unexpected(log: str, document: Path) -> Iterator[str]:
    """Yield forbidden actions of a reader, from strace's lines after confinement."""
    home = Path(__file__).parents[3]
    allowed = (
        *(str(Path(p)) for p in (home / "desktop_app", home / "resources", sys.prefix)),
        *(
            str(Path(sys.base_prefix)),
            "/usr/",
            "/lib",
            "/proc/",
            "/sys/",
            "/dev/null",
            "/dev/urandom",
        ),
        *("/etc/ld.so", "/etc/localtime", "/etc/ssl/openssl", str(document)),
    )
    for line in log.partition("seccomp(SECCOMP_SET_MODE_FILTER")[2].splitlines():
        if (
            re.search(r"(?:socket|connect|unlink|rename|mkdir|creat)\(", line)
            and ") = -1" not in line
        ):
            yield line
        if (found := _OPENED.search(line)) is None:
            continue
        path, flags, _ = found.groups()
        is_written = "O_WRONLY" in flags or "O_RDWR" in flags
        is_known = path == "." or path.startswith(
            (*allowed, str(home))
        )  # ".": where it was started
        if (is_written and path != "/dev/null") or not is_known:
            yield line


def main() -> int:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 500
    first = int(sys.argv[2]) if len(sys.argv) > 2 else 0
    with tempfile.TemporaryDirectory() as folder:
        os.environ["REPARTEE_HOME"] = f"{folder}/home"
        secret = Path(folder, "secret.txt")
        secret.write_text(SECRET)
        scratch = Path(folder, "scratch")
        scratch.mkdir()
        begun = time.monotonic()
        given = list(documents(count, first, secret))
        trace = shutil.which("strace") is not None
        outcome = asyncio.run(read_all(given, scratch, trace=trace))
        if secret.read_text() != SECRET or Path(folder, "home").exists():
            outcome.wrong.append("a file outside was written")
    print(f"{count} documents in {time.monotonic() - begun:.0f} s, {outcome.traced} of them traced")
    for kind, number in outcome.kinds.most_common():
        print(f"{number:6}  {kind}")
    print(f"slowest: {outcome.slowest[0]:.1f} s, {outcome.slowest[1]}")
    for line in outcome.wrong:
        print("WRONG", line)
    return 1 if outcome.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
