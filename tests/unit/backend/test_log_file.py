"""The contents of the log, and the redaction of secrets."""

from __future__ import annotations

import logging
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from desktop_app.backend.log_file import (
    CRASH_NAME,
    LOG_NAME,
    MAX_LOG_BYTES,
    last_lines,
    redacted,
    start_log,
)
from tests.helpers.linux_only import linux_only


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("key sk-proj-abc_DEF-123", "key [key]"),
        ("Authorization: Bearer abc.def", "Authorization: [key]"),
        ("bearer abc", "bearer [key]"),
        ("OPENAI_API_KEY=whatever1", "OPENAI_API_KEY=[key]"),
        ('{"api_key": "whatever1", "n": 1}', '{"api_key": "[key]", "n": 1}'),
        ("https://me:secret@proxy.example:3128/x", "https://[key]@proxy.example:3128/x"),
        ("gsk_1234567890 and AIzaSyA1234567890123456789012", "[key] and [key]"),
        ("https://host/v1?api-key=abc&x=1", "https://host/v1?api-key=[key]&x=1"),
        ("task-1 asked; the key is missing", "task-1 asked; the key is missing"),
        ("risk-averse desk-chair", "risk-averse desk-chair"),
    ],
)
def test_keys_are_redacted(text: str, left: str) -> None:
    assert redacted(text) == left


def test_the_log_contains_no_key_even_in_a_traceback(tmp_path: Path) -> None:
    root = logging.getLogger()
    before = list(root.handlers)
    start_log(tmp_path / "logs")
    try:
        raise ValueError("Bearer sk-abcdefgh")
    except ValueError:
        logging.getLogger("test").exception("asked with %s", "sk-12345678")
    finally:
        for handler in set(root.handlers) - set(before):
            root.removeHandler(handler)
            handler.close()
    lines = last_lines(tmp_path / "logs")
    assert "asked with [key]" in lines[0]
    assert lines[-1] == "ValueError: Bearer [key]"
    assert not any("sk-" in line for line in lines)


CRASH = """
import ctypes, sys
from pathlib import Path
from desktop_app.backend.log_file import start_log
def of_no_use(text):
    ctypes.string_at(0)
start_log(Path(sys.argv[1]))
of_no_use("a secret of the person")
"""


START = """
import sys
from pathlib import Path
from desktop_app.backend.log_file import start_log
start_log(Path(sys.argv[1]))
"""


@linux_only("crash that ctypes does not catch")
def test_a_crash_log_has_the_stack_and_no_values(tmp_path: Path) -> None:
    done = run(CRASH, tmp_path)
    assert done.returncode == -signal.SIGSEGV
    assert done.stderr == ""
    said = "\n".join(last_lines(tmp_path, 50, CRASH_NAME))
    assert "Segmentation fault" in said
    assert "in of_no_use" in said
    assert "secret" not in said
    assert stat.S_IMODE((tmp_path / CRASH_NAME).stat().st_mode) == 0o600


def run(script: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", script, str(folder)], capture_output=True, text=True, check=False
    )


def test_the_end_of_the_log_is_redacted_again(tmp_path: Path) -> None:
    lines = [*map(str, range(30)), "Bearer abc"]
    (tmp_path / LOG_NAME).write_text("\n".join(lines))
    assert last_lines(tmp_path) == [*map(str, range(11, 30)), "Bearer [key]"]


@linux_only("file modes")
def test_the_folder_of_the_log_is_private(tmp_path: Path) -> None:
    folder = tmp_path / "home" / "logs"
    for _ in range(2):
        assert run(START, folder).returncode == 0
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert last_lines(folder) == []


def test_a_long_log_that_another_process_writes_is_continued(tmp_path: Path) -> None:
    log = tmp_path / LOG_NAME
    log.write_bytes(b"x" * (MAX_LOG_BYTES + 1))
    script = f"{START}\nimport logging; logging.warning('of the second')\n"
    with log.open("ab"):
        assert run(script, tmp_path).returncode == 0
    assert "of the second" in last_lines(tmp_path)[-1]
