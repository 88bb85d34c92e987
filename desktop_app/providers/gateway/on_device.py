"""The models on this computer, as the gateway asks for them; `local_model` has them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol

from desktop_app.domain import hints
from desktop_app.domain.errors import LocalModelError
from desktop_app.domain.value import PrivateValue
from desktop_app.i18n.translation import N_

if TYPE_CHECKING:
    from desktop_app.domain.models.model_facts import ModelFacts

BUILT_IN: Final = ""
"""Stands for the built-in model where others have the path of their file."""
EMBEDDING_SETTING: Final = "library.embedding_model"
BASE_URL: Final = "http://127.0.0.1/v1"
NO_MODELS: Final = N_("This program was built without models on this computer.")
_OUT_OF_MEMORY: Final = ("std::bad_alloc", "failed to allocate", "Cannot allocate memory")


class LocalEndpoint(PrivateValue, frozen=True):
    """The address of the running model.

    Attributes:
        socket_path: the Unix socket to connect to; "" on Windows.
        key: required by every endpoint except /health; new with each start.
        model: the model id that the server uses.
        base_url: its address in HTTP.
    """

    socket_path: str
    key: str
    model: str
    base_url: str = BASE_URL


class DeviceFile(Protocol):
    """A model file on this computer."""

    @property
    def path(self) -> str: ...


class OnDeviceModels:
    """The models of a program that has none, which `local_model` replaces by its own.

    Attributes:
        is_busy: returns True while a model answers; the gateway sets it.
        weights: the GGUF file of new conversations, None for the built-in model.
    """

    def __init__(self) -> None:
        self.is_busy: Callable[[str], bool] = lambda _model: False
        self.weights: Path | None = None

    def use(self, stored: Mapping[str, Any]) -> None:
        """Use the model and the options of stored settings."""

    @property
    def files(self) -> tuple[DeviceFile, ...]:
        """Return the models that `refresh` found last."""
        return ()

    @property
    def built_in_file(self) -> Path | None:
        """Return the file of the built-in model; None if it is missing. Blocking."""
        return None

    async def refresh(self) -> None:
        """Look for models in the folders of this program and of other apps."""

    async def refresh_once(self) -> None:
        """Look for models, unless that was done before."""

    def find(self, name: str) -> DeviceFile | None:
        """Return the model that a name, a path or an id of the catalog means; None if none."""
        return None

    def find_embedding(self, name: str, *, is_needed: bool) -> str | None:
        """Return the path of the embedding model of this name; None if there is none.

        Args:
            is_needed: return any embedding model if none has this name.
        """
        return None

    def facts(self) -> tuple[ModelFacts, ...]:
        """Return what the files say about the models that `refresh` found."""
        return ()

    @property
    def is_running(self) -> bool:
        """Return True if any model is loaded."""
        return False

    def is_loaded(self, model: str) -> bool:
        """Return True if a model is loaded; a path, or BUILT_IN."""
        return False

    async def endpoint(self, path: str | None = None) -> LocalEndpoint:
        """Return the address of a model. Load it if needed, once for all concurrent callers.

        Args:
            path: its file, or BUILT_IN; None for the model of new conversations.

        Raises:
            LocalModelError: there is no such model, it does not fit into the free memory, or it
                did not load.
        """
        raise LocalModelError(NO_MODELS, hint=hints.CHOOSE_PROVIDER)

    async def unload(self, path: str) -> None:
        """Unload a model, as before its file is removed."""

    async def aclose(self) -> None:
        """Unload all models. They are loaded again when they are needed."""


def memory_error(file: str, details: str) -> LocalModelError | None:
    """Return the error of a file that took all memory it may; None if llama.cpp says no such."""
    if not any(words in details for words in _OUT_OF_MEMORY):
        return None
    return LocalModelError(
        N_("{file} asks for more memory than a model of its size needs."),
        hint=hints.CHOOSE_OTHER_MODEL,
        details=details,
        file=file,
    )
