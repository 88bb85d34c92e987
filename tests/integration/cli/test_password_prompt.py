"""The password of a protected document, typed into a real terminal."""

from __future__ import annotations

import os
import pty
import sys
from pathlib import Path

import pytest

SCRIPT = """
import asyncio
from pathlib import Path
from desktop_app.documents.worker.document_worker import DocumentWorker
from desktop_app.domain.errors import DocumentEncryptedError
from desktop_app.cli.streams import password_prompt as passwords

async def main():
    worker = DocumentWorker()
    try:
        document = await passwords.extract(worker, Path({path!r}), lambda _: None)
        print("PAGES", document.pages, document.is_protected)
    except DocumentEncryptedError as error:
        print("REFUSED", error.sentences)
    finally:
        await worker.aclose()

try:
    asyncio.run(main())
except KeyboardInterrupt:
    print("STOPPED")
"""


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ([b"alder\n"], "PAGES 3 True"),
        ([b"oak\n", b"alder\n"], "PAGES 3 True"),
        ([b"\n"], "REFUSED “encrypted.pdf” is password-protected."),
        ([b"\x03"], "STOPPED"),
    ],
)
def test_the_password_is_asked_until_the_file_opens(
    typed: list[bytes], said: str, pytestconfig: pytest.Config
) -> None:
    path = pytestconfig.rootpath / "tests" / "data" / "encrypted.pdf"
    shown = in_a_terminal(SCRIPT.format(path=str(path)), typed, pytestconfig.rootpath)
    assert said in shown
    assert "alder" not in shown
    assert ("is wrong" in shown) is (len(typed) == 2)


def in_a_terminal(script: str, typed: list[bytes], folder: Path) -> str:
    """Run a script in a terminal, type an answer at each question, and return the screen."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(folder)
        os.execv(sys.executable, [sys.executable, "-c", script])
    shown, answers = b"", list(typed)
    while True:
        try:
            piece = os.read(terminal, 4096)
        except OSError:  # the other side is gone
            break
        if not piece:
            break
        shown += piece
        if answers and shown.count(b"to cancel): ") == len(typed) - len(answers) + 1:
            os.write(terminal, answers.pop(0))
    os.waitpid(pid, 0)
    os.close(terminal)
    return shown.decode()
