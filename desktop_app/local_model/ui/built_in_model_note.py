"""The ways to begin in an empty conversation, and what is said of the built-in model."""

from __future__ import annotations

from desktop_app.app.session import Controller, Session
from desktop_app.composer.available_models import AvailableModels
from desktop_app.domain.answering.chat_request import ProviderKind
from desktop_app.domain.conversations.conversation import Role
from desktop_app.i18n import formatting
from desktop_app.i18n.translation import language, tr
from desktop_app.i18n.written_language import language_of
from desktop_app.local_model.catalog import CatalogModel
from desktop_app.local_model.local_models import WEIGHTS_SETTING
from desktop_app.local_model.services import local_models
from desktop_app.providers.models.choice_resolution import ON_DEVICE_MODEL
from desktop_app.widgets.text.foreign_text import set_tooltip


class BuiltInModelNote(Controller):
    """Presenter of the ways, and of the keys that an empty conversation names below the prompt."""

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
        session.window.empty_state.tried.connect(self._prompt.focus_text)
        self._current.path_changed.connect(self._warn_of_language)
        self._warned_id = ""  # the question that the user was warned at

    def _show(self) -> None:
        if not self._current.opening_number:
            return  # the first conversation may have messages, or another model
        is_on_device = self._setup.profile.kind is ProviderKind.ON_DEVICE
        is_built_in = is_on_device and self._setup.choice.model == ON_DEVICE_MODEL
        is_empty = not self._current.path
        empty_state = self._window.empty_state
        empty_state.set_small_model(is_built_in)
        ask = tr("Ask anything") if is_built_in else tr("Ask anything, or drop a document")
        self._prompt.field.setPlaceholderText(ask)
        self._prompt.set_keys_visible(not is_empty)
        if not (is_built_in and is_empty):
            empty_state.set_key_line(False, "")
            return
        account, model = self._session.of(AvailableModels).account, self._model
        text, download = "", None
        if model is not None:
            text = f"{model.label} · {formatting.size(model.total_size)}"
            download = (tr("Download"), lambda: self._download(model))
        account_offer = None
        if account is not None:
            label = tr("Use {provider}", provider=account.name)
            account_offer = (label, self._session.of(AvailableModels).use_account)
        empty_state.set_offers(account_offer, download)
        host = "" if model is None else tr("From {host}", host=model.host)
        set_tooltip(empty_state.key_line.download_button, host)
        if not self._is_model_sought:
            self._is_model_sought = True
            self._tasks.start(self._find_model())
        empty_state.set_key_line(True, text)

    def _warn_of_language(self) -> None:
        """Say before the built-in model answers that it knows English only."""
        question = next((m for m in reversed(self._current.path) if m.role is Role.USER), None)
        is_trial = self._setup.choice.model == ON_DEVICE_MODEL
        is_running = self._running.is_running(self._current.id)
        if question is None or not (is_trial and is_running) or question.id == self._warned_id:
            return
        if not language_of(question.text, language()).startswith("en"):
            self._warned_id = question.id
            self._window.notifications.notify(
                tr("The trial model knows English only. Its answer will be wrong."),
                [
                    (tr("Get a better model"), lambda: self._session.run("models.local")),
                    (tr("Add a key"), self._window.empty_state.key_requested.emit),
                ],
                topic="trial",
            )

    def _download(self, model: CatalogModel) -> None:
        self._session.events.download_requested.emit(model)

    async def _find_model(self) -> None:
        """Find the model that suits this computer, unless a model is here already."""
        self._model = await self._session.backend.of(local_models).suitable_model()
        if self._model is not None:
            self._show()
