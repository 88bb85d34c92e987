"""A process that the window asks: its working folder, its environment and its end."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from desktop_app.child_processes import child_command
from desktop_app.markdown.processes import json_client
from desktop_app.transcript.media.json_process import JsonProcess
from tests.helpers.children import frame_child
from tests.helpers.traps import Traps

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot


@pytest.mark.attack("working-folder")
def test_code_is_lexed_in_a_folder_full_of_traps(
    qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    traps = Traps(tmp_path / "downloads")
    monkeypatch.chdir(traps.folder)
    asker = JsonProcess(child_command("lexing"))
    with qtbot.waitSignal(asker.answered) as answered:
        asker.ask({"language": "python", "code": "if x: pass"})
    assert answered.args is not None
    assert answered.args[1]["spans"]
    assert traps.sprung == []
    asker.close()


@pytest.mark.attack("child-environment")
def test_the_process_gets_only_the_environment_of_its_command(
    qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
    command = child_command("math")
    asker = JsonProcess(command)
    with qtbot.waitSignal(asker.answered):
        asker.ask({"tex": "x", "display": False})
    assert asker.pid is not None
    seen = Path(f"/proc/{asker.pid}")
    variables = dict(
        line.split("=", 1) for line in (seen / "environ").read_text().split("\0") if line
    )
    assert variables.keys() - {"LC_CTYPE"} == command.environment.keys()  # Python itself adds one
    assert (seen / "cwd").readlink() == Path("/")
    asker.close()


# Answers requests, and takes longer to end than a window may be blocked.
SLOW_TO_END = """
import json, time
while head := sys.stdin.buffer.read(4):
    request = json.loads(sys.stdin.buffer.read(*struct.unpack(">I", head)))
    write(json.dumps({"id": request["id"]}).encode())
time.sleep(0.5)
open(END, "a").write("end ")
"""


def test_an_idle_process_ends_without_blocking_and_the_next_request_starts_another(
    qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(json_client, "IDLE_S", 0.01)
    record = tmp_path / "record"
    asker = JsonProcess(frame_child(SLOW_TO_END.replace("END", repr(str(record)))))
    for ended in ("end ", "end end "):
        with qtbot.waitSignal(asker.answered) as answered:
            number = asker.ask({"language": "python", "code": "x"})
        assert answered.args == [number, {}]
        qtbot.waitUntil(lambda: asker.pid is None)
        assert record.read_text() == ended, "it was killed"


def test_a_process_closed_during_a_request_is_started_again_by_the_next(qtbot: QtBot) -> None:
    process = JsonProcess(child_command("lexing"))
    process.ask({"language": "python", "code": "1"})
    process.close()
    assert not process.is_busy
    with qtbot.waitSignal(process.answered) as answered:
        number = process.ask({"language": "python", "code": "if x: pass"})
    assert answered.args is not None
    assert answered.args[0] == number
    assert answered.args[1]["spans"]
    process.close()
