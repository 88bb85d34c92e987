"""Estimated tokens compared with a real llama.cpp server's own counts, for each kind of text.

`--window 2048 --summarize 1` also has the command line summarize a text of `times` windows,
of each kind in `kinds`, with the server's counter and, with `--hide 1`, without it. It reports the
requests that the server refused as too long, and whether the summary was reached. A response has at
most `response` tokens, because the figures are about what is sent. With `--answers 0` the server
counts and refuses, but answers with a few fixed words: a machine without a graphics processor takes
minutes to read each window of 8,192 tokens. A summary that is not reached within `longest` seconds
is stopped, and its row says so.

`--servers llama.cpp,llama-cpp-python,litellm,portkey --window 8192 --sample 1000` has the program's
client count by each of these servers, which all serve the same model: by the server's counter, and
by what it learns from the usage of an answer to another text of the kind.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, aclosing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from desktop_app.documents.index.text_kinds import count_by_kind
from desktop_app.documents.index.token_count import count_tokens
from desktop_app.domain.answering.chat_request import ChatRequest, ProviderKind, ProviderProfile
from desktop_app.domain.models.token_rates import TokenRates
from desktop_app.domain.network.custom_fields import CustomField
from desktop_app.providers.apis.server_memory import ServerMemory
from desktop_app.providers.http.provider_access import ProviderAccess
from desktop_app.providers.provider_client import ProviderClient
from tests.helpers import gateways
from tests.helpers.llama_server import llama_server
from tests.helpers.secrets import key_for
from tests.helpers.texts_by_kind import KINDS, text_of
from tests.unit.providers.samples import CATALOG, ask

ROOT: Final = Path(__file__).parents[2]
SAMPLE: Final = 12_000


def main(
    window: int = 2048,
    times: int = 5,
    summarize: int = 0,
    hide: int = 0,
    response: int = 24,
    answers: int = 1,
    longest: int = 1_800,
    kinds: str = ",".join(KINDS),
    sample: int = SAMPLE,
    servers: str = "",
) -> Iterator[dict[str, Any]]:
    """Yield a row for each kind of text, or for each server and kind."""
    if servers:
        with llama_server(window) as url, tempfile.TemporaryDirectory() as folder:
            for server in servers.split(","):
                yield from _by_server(url, server, Path(folder), window, kinds, sample)
        return
    characters = {}
    with llama_server(window) as url:
        for kind in kinds.split(","):
            counted = _counts(url, kind, sample)
            characters[kind] = sample * window * times // counted["true"]
            yield {"benchmark": "token_counts", "kind": kind, **counted}
    if summarize:
        with llama_server(window, hides_counter=bool(hide), counts_only=not answers) as url:
            for kind, length in characters.items():
                row = {"benchmark": "token_counts", "kind": kind, "window": window}
                counter = "hidden" if hide else "asked"
                yield {
                    **row,
                    "counter": counter,
                    "answers": answers,
                    **_summary(url, kind, length, response, longest),
                }


def _true_count(url: str, text: str) -> int:
    body = json.dumps({"content": text}).encode()
    address = url.removesuffix("/v1") + "/tokenize"
    with urllib.request.urlopen(urllib.request.Request(address, body), timeout=60) as reply:
        return len(json.load(reply)["tokens"])


def _counts(url: str, kind: str, sample: int) -> dict[str, Any]:
    """Return estimates of a text before and after the server has counted another of its kind."""
    text = text_of(kind, 2 * sample)
    first, second = text[:sample], text[sample:]
    known = TokenRates().with_count(count_by_kind(first, count_tokens), _true_count(url, first))
    mix, true = count_by_kind(second, count_tokens), _true_count(url, second)
    return {
        "true": true,
        "openai": count_tokens(second),
        "guessed": TokenRates().tokens(mix),
        "learned": known.tokens(mix),
        "learned_error": round(known.tokens(mix) / true - 1, 3),
    }


def _summary(url: str, kind: str, characters: int, response: int, longest: int) -> dict[str, Any]:
    """Return how a text of so many characters is summarized within `longest` seconds."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / f"{kind}.txt"
        file.write_text(text_of(kind, characters), "utf-8")
        environment = {
            **os.environ,
            "REPARTEE_HOME": folder,
            "OPENAI_BASE_URL": url,
            "OPENAI_API_KEY": "none",
        }
        command = [sys.executable, "-m", "desktop_app", "summarize", str(file), "--json"]
        command += ["--model", "smollm2", "--max-tokens", str(response)]
        began = time.monotonic()
        running = subprocess.Popen(
            command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        try:
            out, errors = running.communicate(timeout=longest)
        except subprocess.TimeoutExpired:
            # As Ctrl+C does: the command says how far it came.
            running.terminate()
            out, errors = running.communicate()
        said = errors.decode()
        answer = json.loads(out) if out.startswith(b"{") else {}
        return {
            "characters": characters,
            "seconds": round(time.monotonic() - began),
            "exit": running.returncode,
            "planned": next((line for line in said.splitlines() if "part" in line), said[-300:]),
            "input_tokens": (answer.get("usage") or {}).get("input_tokens"),
            "status": answer.get("status"),
            **({"said": said.strip().splitlines()[-1:]} if running.returncode else {}),
        }


def _by_server(
    llama_cpp_url: str, server: str, folder: Path, window: int, kinds: str, sample: int
) -> Iterator[dict[str, Any]]:
    """Yield a row for each kind of text, as a server's answers and its counter count it."""
    with ExitStack() as running:

        def start_process(process: gateways.ServerProcess) -> gateways.ServerProcess:
            running.callback(process.kill)
            process.start()
            return process

        profile, key, model = _start_server(server, folder, window, start_process)
        for kind in kinds.split(","):
            text = text_of(kind, 2 * sample)
            first, second = text[:sample], text[sample:]
            usage, counted = asyncio.run(_count_by_both(profile, key, model, first, second))
            known = TokenRates().with_count(count_by_kind(first, count_tokens), usage)
            true = _true_count(llama_cpp_url, second)
            learned = known.tokens(count_by_kind(second, count_tokens)) if usage else None
            row = {"benchmark": "token_counts", "server": server, "kind": kind, "true": true}
            openai = count_tokens(second)
            yield {**row, "openai": openai, "counter": counted, "learned": learned}


def _start_server(
    server: str,
    folder: Path,
    window: int,
    start_process: Callable[[gateways.ServerProcess], gateways.ServerProcess],
) -> tuple[ProviderProfile, str, str]:
    """Start a server. Return its profile, its key and the name of its model."""
    key, model = gateways.UPSTREAM_KEY, "smollm2"
    fields: tuple[CustomField, ...] = ()
    if server == "llama-cpp-python":
        url = start_process(gateways.llama_cpp_python(folder, window)).url
    else:
        url = upstream = start_process(gateways.llama_cpp(window)).url
    if server == "litellm":
        key, model = gateways.MASTER_KEY, "smol"
        url = start_process(gateways.litellm_proxy(folder, upstream, upstream)).url
    elif server == "portkey":
        url = start_process(gateways.portkey_gateway()).url
        fields = gateways.through_portkey(upstream)
    kind = ProviderKind.COMPATIBLE
    profile = ProviderProfile("there", server, kind, url, custom_fields=fields)
    return profile, key, model


@dataclass(frozen=True)
class _Counts(ServerMemory):
    tokens: list[int] = field(default_factory=list)

    def remember_count(self, request: ChatRequest, tokens: int, window: int) -> None:
        self.tokens.append(tokens)


async def _count_by_both(
    profile: ProviderProfile, key: str, model: str, first: str, second: str
) -> tuple[int, int | None]:
    """Return the usage of a request with the first text, and the server's count of the second."""
    memory = _Counts()
    client = ProviderClient(
        ProviderAccess(profile, key_for(profile.base_url, key)), CATALOG, memory=memory
    )
    try:
        request = ask(first, model=model, max_output_tokens=1)
        async with aclosing(client.stream(request)) as events:
            async for _ in events:
                pass
        return memory.tokens[0] if memory.tokens else 0, await client.count_tokens(model, second)
    finally:
        await client.aclose()
