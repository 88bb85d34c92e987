"""Several answers at once from servers of other projects: llama.cpp and llmock.

llama.cpp runs with two slots and with a single slot.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from desktop_app.domain.answering.generation import GenerationParameters
from desktop_app.domain.conversations.conversation import Draft, Message, MessageStatus
from desktop_app.domain.models.model_catalog import Api
from desktop_app.local_model.server import find_weights
from desktop_app.services.answers.candidate_answers import (
    COUNTED_WITH_FIRST,
    separate_request_notice,
    shared_usage_notice,
)
from desktop_app.services.chat.ask_settings import AskSettings
from tests.helpers.blocking import blocking
from tests.integration.providers.asking import asker_of

LLAMA_CPP = """
import os, sys, xllamacpp
out = os.dup(1)
os.dup2(2, 1)
params = xllamacpp.CommonParams()
params.model.path = sys.argv[1]
params.hostnames, params.port = ["127.0.0.1"], 0
params.n_parallel, params.n_ctx = int(sys.argv[2]), 2048
# Its threads wait for each other by spinning, which takes minutes on a machine that is busy.
params.cpuparams.n_threads = params.cpuparams_batch.n_threads = 1
params.ui, params.offline, params.verbosity, params.fit_params = False, True, -1, False
server = xllamacpp.Server(params)
os.write(out, server.listening_address.rpartition(":")[2].encode() + b"\\n")
sys.stdin.read()
os._exit(0)
"""


@contextmanager
def serving(program: str, *arguments: str) -> Iterator[str]:
    """Yield the address of a server in its own process."""
    command = [sys.executable, "-W", "ignore", "-c", program, *arguments]
    pipe = subprocess.PIPE
    with subprocess.Popen(
        command, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL, text=True
    ) as process:
        assert process.stdout is not None
        try:
            yield f"http://127.0.0.1:{int(process.stdout.readline())}/v1"
        finally:
            process.kill()


@blocking
async def ask(folder: Path, url: str, api: Api, count: int, *, stream: bool) -> list[Message]:
    """Return the stored answers to a question."""
    # Long: the threads of a real server wait for each other if the machine is busy.
    async with asyncio.timeout(300), asker_of(folder, url, api=api) as asker:
        parameters = GenerationParameters(candidates=count, max_output_tokens=24, stream=stream)
        asker.settings = AskSettings(parameters=parameters)
        began = await asker.begin(Draft("Say hello to Ada."), [])
        runs = [each.run(asker.listen, lambda _: None) for each in (began, *began.siblings)]
        await asyncio.gather(*runs)
        versions = await asker.store.versions_on_path(began.answer.conversation_id)
        ids = versions[began.answer.id]
        found = [await asker.store.message(id_) for id_ in ids]
    return [message for message in found if message is not None]


def check_all_answered(answers: list[Message], count: int) -> None:
    assert len(answers) == count
    for answer in answers:
        assert answer.status in (MessageStatus.COMPLETE, MessageStatus.INCOMPLETE), answer.error
        assert answer.text.strip()


@pytest.mark.slow
@pytest.mark.parametrize("stream", [True, False])
def test_llama_cpp_with_two_slots_answers_twice_at_once(tmp_path: Path, stream: bool) -> None:
    with serving(LLAMA_CPP, str(find_weights()), "2") as url:
        answers = ask(tmp_path, url, Api.CHAT_COMPLETIONS, 2, stream=stream)
    check_all_answered(answers, 2)
    assert [answer.usage is not None for answer in answers] == [True, False]
    assert [shared_usage_notice(2) in answer.notices for answer in answers] == [True, False]
    assert [COUNTED_WITH_FIRST in answer.notices for answer in answers] == [False, True]


@pytest.mark.slow
def test_llama_cpp_with_one_slot_refuses_two_and_is_asked_twice(tmp_path: Path) -> None:
    with serving(LLAMA_CPP, str(find_weights()), "1") as url:
        answers = ask(tmp_path, url, Api.CHAT_COMPLETIONS, 2, stream=True)
    check_all_answered(answers, 2)
    assert all(answer.usage is not None for answer in answers)
    assert [separate_request_notice("OpenAI") in answer.notices for answer in answers] == [
        False,
        True,
    ]
