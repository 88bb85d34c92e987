"""The note below an empty conversation: which model answers, and what to use instead."""

from __future__ import annotations

from desktop_app.app.session import Controller, Session
from desktop_app.composer.available_models import AvailableModels
from desktop_app.domain.answering.chat_request import ProviderKind
from desktop_app.i18n import formatting
from desktop_app.i18n.translation import paragraph, tr
from desktop_app.local_model.catalog import CatalogModel
from desktop_app.local_model.services import WEIGHTS_SETTING
from desktop_app.providers.models.choice_resolution import ON_DEVICE_MODEL


class BuiltInModelNote(Controller):
    """Presenter of the note, and of the keys that an empty conversation names below the prompt."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        for signal in (
            self._current.opened,
            self._current.path_changed,
            self._setup.choice_changed,
            session.of(AvailableModels).changed,
        ):
            signal.connect(self._show)
        self._model: CatalogModel | None = None  # that suits this computer
        self._is_model_sought = False
        self._values.changed.connect(lambda key: self._show() if key == WEIGHTS_SETTING else None)

    def _show(self) -> None:
        if not self._current.opening_number:
            return  # the first conversation may have messages, or another model
        is_on_device = self._setup.profile.kind is ProviderKind.ON_DEVICE
        is_built_in = is_on_device and self._setup.choice.model == ON_DEVICE_MODEL
        is_empty = not self._current.path
        empty_state = self._window.empty_state
        empty_state.set_small_model(is_built_in)
        self._prompt.set_keys_visible(not is_empty)
        if not (is_built_in and is_empty):
            empty_state.set_key_line(False, "")
            return
        text = tr(
            "Using SmolLM2, a small built-in model for trying out Repartee. "
            "It answers short questions in English."
        )
        account, model = self._session.of(AvailableModels).account, self._model
        download = None
        if model is not None:
            size = formatting.size(model.total_size)
            suits = tr(
                "{model} ({size} from {host}) suits this computer.",
                model=model.label,
                size=size,
                host=model.host,
            )
            full_stop = suits[-1]  # of the language
            text = paragraph(text, suits, tr(model.purpose.label) + full_stop)
            label = tr("Download {model}", model=model.label)
            download = (label, lambda: self._download(model))
        account_offer = None
        if account is not None:
            label = tr("Use {provider}", provider=account.name)
            account_offer = (label, self._session.of(AvailableModels).use_account)
        empty_state.set_offers(account_offer, download)
        if not self._is_model_sought:
            self._is_model_sought = True
            self._tasks.start(self._find_model())
        empty_state.set_key_line(True, text)

    def _download(self, model: CatalogModel) -> None:
        self._session.events.download_requested.emit(model)

    async def _find_model(self) -> None:
        """Find the model that suits this computer, unless a model is here already."""
        self._model = await self._session.backend.local_models.suitable_model()
        if self._model is not None:
            self._show()
