"""The models on this computer: catalog, fetched files, parts, and the files of other apps."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from desktop_app.domain.errors import IllegalChoiceError, LocalModelError
from desktop_app.local_model.catalog import (
    CatalogModel,
    Purpose,
    find_remote,
    model_for,
    read_catalog,
)
from desktop_app.local_model.fetch import Info, write_info
from desktop_app.local_model.memory import (
    OVERHEAD_BYTES,
    choose_context,
    free_memory,
    require_memory,
)
from desktop_app.local_model.store import ModelStore, Origin
from tests.helpers.gguf_files import write_gguf
from tests.helpers.linux_only import linux_only

FREE_LICENSES = {"Apache-2.0", "MIT"}
CATALOG = read_catalog()


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModelStore:
    for name in ("OLLAMA_MODELS", "HF_HUB_CACHE", "HF_HOME"):
        monkeypatch.delenv(name, raising=False)
    return ModelStore(tmp_path / "models", tmp_path / "cache", tmp_path / "home")


@pytest.mark.parametrize("model", CATALOG, ids=lambda model: model.id)
def test_a_model_of_the_catalog_is_free_and_stated_in_full(model: CatalogModel) -> None:
    assert model.license in FREE_LICENSES
    for file in model.files:
        assert file.url.startswith("https://")
        assert "/main/" not in file.url, "an address that changes"
        assert len(file.sha256) == 64
        assert 0 < file.size < model.memory
    assert model.name == "model.bin" if model.parts else model.name.endswith(".gguf")
    assert model.window >= 8192 or model.purpose is Purpose.SPEECH
    assert model.publisher


def test_the_catalog_has_a_model_for_each_purpose() -> None:
    assert 6 <= len(CATALOG) <= 14
    assert {m.purpose for m in CATALOG if m.parts} == {Purpose.SPEECH}
    assert {model.purpose for model in CATALOG} == set(Purpose)
    assert [model.id for model in CATALOG if model.projector] == ["qwen3-vl-4b"]


def test_a_name_an_address_or_a_path_is_fetched(tmp_path: Path) -> None:
    assert find_remote("Qwen3-4B", CATALOG) is find_remote("qwen3 4b", CATALOG) is CATALOG[0]
    url = "https://example.com/a/My%20model.Q4.gguf?download=true"
    assert find_remote(url, CATALOG).name == "My-model.Q4.gguf"
    assert find_remote(str(tmp_path / "x.gguf"), CATALOG).url == (tmp_path / "x.gguf").as_uri()
    with pytest.raises(IllegalChoiceError):
        find_remote("qwen3-5b", CATALOG)
    for bad in ("http://example.com/a.gguf", "ftp://example.com/a.gguf"):
        with pytest.raises(LocalModelError, match="https"):
            find_remote(bad, CATALOG)
    with pytest.raises(LocalModelError, match="GGUF"):
        find_remote("https://example.com/model.bin", CATALOG)
    assert "/" not in find_remote("https://example.com/..%2F..%2Fx.gguf", CATALOG).name


def test_files_of_other_apps_are_found_where_they_are(store: ModelStore, tmp_path: Path) -> None:
    home = tmp_path / "home"
    studio = home / ".lmstudio/models/publisher/model"
    write_gguf(studio / "sees.gguf")
    write_gguf(studio / "mmproj-sees.gguf", "clip")
    write_gguf(studio / "split-00001-of-00002.gguf")
    write_gguf(studio / "split-00002-of-00002.gguf")
    snapshot = home / ".cache/huggingface/hub/models--a--b/snapshots/1234"
    blob = write_gguf(home / ".cache/huggingface/hub/models--a--b/blobs/abcd")
    snapshot.mkdir(parents=True)
    (snapshot / "hugging.gguf").symlink_to(blob)
    ollama = home / ".ollama/models"
    digest = "ab" * 32
    write_gguf(ollama / f"blobs/sha256-{digest}", tokenizer__chat_template="{{ tools }}")
    manifest = ollama / "manifests/registry.ollama.ai/library/llama3.2/3b"
    manifest.parent.mkdir(parents=True)
    layer = {"mediaType": "application/vnd.ollama.image.model", "digest": f"sha256:{digest}"}
    manifest.write_text(json.dumps({"schemaVersion": 2, "layers": [layer]}))
    (manifest.parent / "broken").write_text("{")
    (manifest.parent / "evil").write_text(
        json.dumps({"layers": [layer | {"digest": "sha256:../../../secret"}]})
    )
    found = {file.name: file for file in store.scan()}
    assert {name: file.origin for name, file in found.items()} == {
        "sees": Origin.LM_STUDIO,
        "split-00001-of-00002": Origin.LM_STUDIO,
        "hugging": Origin.HUGGING_FACE,
        "llama3.2:3b": Origin.OLLAMA,
    }
    assert found["sees"].projector == str(studio / "mmproj-sees.gguf")
    assert found["llama3.2:3b"].header.takes_tools
    with pytest.raises(IllegalChoiceError, match="belongs to Ollama"):
        store.find("llama3.2:3b")
    assert store.scan() == list(found.values()), "by the remembered headers"


@linux_only("file names of any bytes, named pipes and devices")
@pytest.mark.attack("models")
def test_one_file_of_another_app_costs_itself(store: ModelStore, tmp_path: Path) -> None:
    studio = tmp_path / "home/.lmstudio/models/publisher/model"
    write_gguf(studio / "good.gguf")
    unusable = {
        write_gguf(studio / "damaged.gguf", general__alignment=float("inf")),
        studio / "pipe.gguf",
        studio / "device.gguf",
        studio / "dangling.gguf",
        studio / "b\udcff.gguf",
    }
    os.mkfifo(studio / "pipe.gguf")
    (studio / "device.gguf").symlink_to("/dev/zero")
    (studio / "dangling.gguf").symlink_to(studio / "nothing")
    write_gguf(Path(os.fsdecode(os.fsencode(studio) + b"/b\xff.gguf")))
    manifests = tmp_path / "home/.ollama/models/manifests/registry.ollama.ai/library/x"
    manifests.mkdir(parents=True)
    os.mkfifo(manifests / "pipe")
    (manifests / "device").symlink_to("/dev/zero")
    (manifests / "deep").write_text('{"layers":' + "[" * 200_000)
    (manifests / "deep-value").write_text('{"layers":' + "[" * 100_000 + "]" * 100_000 + "}")
    unusable |= set(manifests.iterdir())
    for _ in range(2):
        assert [file.name for file in store.scan()] == ["good"]
        assert {file.path for file in store.unusable} == {
            str(path).replace("\udcff", "\ufffd") for path in unusable
        }
        assert all(file.reason for file in store.unusable)
    cache = tmp_path / "cache/model_headers.json"
    cache.unlink()
    os.mkfifo(cache)
    assert [file.name for file in store.scan()] == ["good"]


def test_a_fetched_model_is_listed_and_removed(store: ModelStore) -> None:
    path = write_gguf(store.folder / "a.gguf")
    second = write_gguf(store.folder / "mmproj.gguf", "clip")
    write_info(path, Info("https://example.com/a.gguf", model="qwen3-4b", projector=second.name))
    (file,) = store.scan()
    assert (file.name, file.origin) == ("Qwen3 4B", Origin.REPARTEE)
    assert file.size == path.stat().st_size + second.stat().st_size
    assert file.used_at is None
    store.remember_use(file.path)
    assert store.scan()[0].used_at is not None
    write_gguf(store.folder / "damaged.gguf").write_bytes(b"GGUF")
    assert len(store.scan()) == 1
    for name in ("qwen3-4b", "Qwen3 4B", "a.gguf", "a", str(path)):
        assert store.find(name) == [path, second]
    assert store.remove(store.find("a")) == file.size
    assert {left.name for left in store.folder.iterdir()} == {"damaged.gguf"}
    with pytest.raises(IllegalChoiceError):
        store.find("a")


def test_a_second_file_that_another_model_needs_stays(store: ModelStore) -> None:
    second = write_gguf(store.folder / "mmproj.gguf", "clip")
    for name in ("a", "b"):
        path = write_gguf(store.folder / f"{name}.gguf")
        write_info(path, Info("https://example.com", projector=second.name))
    store.remove(store.find("a"))
    assert second.exists()
    store.remove(store.find("b"))
    assert not second.exists()


def test_an_unfinished_download_is_visible_and_removable(store: ModelStore) -> None:
    store.folder.mkdir()
    part = store.folder / "a.gguf.part"
    part.write_bytes(b"GGUF")
    write_info(part, Info("https://example.com/a.gguf", total=100, model="qwen3-8b"))
    (found,) = store.partial_files()
    assert (found.name, found.done, found.total) == ("Qwen3 8B", 4, 100)
    assert not found.is_busy
    assert store.remove(store.find("qwen3-8b")) == 4
    assert not list(store.folder.iterdir())


def test_the_window_is_chosen_by_the_free_memory() -> None:
    size, token = 1 << 30, 100_000
    assert choose_context(size, token, 40_000, 64 << 30) == 32_768
    assert choose_context(size, token, 10_000, 64 << 30) == 10_000
    needed = size + token * 8192 + OVERHEAD_BYTES
    assert choose_context(size, token, 40_000, int(needed / 0.7) + 2) == 8192
    assert choose_context(size, token, 40_000, int(needed / 0.7) - 2) == 4096
    assert choose_context(size, token, 40_000, 0) == 2048
    assert choose_context(size, token, 40_000, 0, wanted=16_000) == 16_000
    assert choose_context(size, token, 4096, 0, wanted=16_000) == 4096


def test_a_model_that_does_not_fit_is_refused_with_the_figure() -> None:
    needed = 1000 + 10 * 100 + OVERHEAD_BYTES
    require_memory("M", 1000, 10, 100, needed)
    with pytest.raises(LocalModelError, match=r"M needs 400 MB of memory, but only 40"):
        require_memory("M", 1000, 10, 100, needed - 1)
    assert free_memory() > 0


@pytest.mark.parametrize(
    ("memory_gb", "disk_gb", "expected"),
    [
        (20, 70, "qwen3-4b"),
        (6, 70, "qwen3-4b"),
        (5, 70, "qwen3-1.7b"),
        (3, 70, "qwen3-0.6b"),
        (2, 70, None),
        (20, 2.3, "qwen3-1.7b"),
        (20, 0.5, None),
    ],
)
def test_the_model_that_suits_fits_memory_and_disk(
    memory_gb: float, disk_gb: float, expected: str | None
) -> None:
    model = model_for(read_catalog(), memory=int(memory_gb * 10**9), disk=int(disk_gb * 10**9))
    assert (model and model.id) == expected
