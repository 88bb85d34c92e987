"""The composition of the prompt: models, prompts, presets, attachments and tools."""

from __future__ import annotations

from desktop_app.app.state.window_state import WindowState
from desktop_app.app.window.main_window import MainWindow
from desktop_app.chat.ui.choice_controller import AvailableModels, ChoiceController
from desktop_app.collections.ui.collections_controller import CollectionsController
from desktop_app.composer.attachments.attachments_controller import AttachmentsController
from desktop_app.composer.attachments.document_passwords import DocumentPasswords
from desktop_app.composer.attachments.drop_controller import DropController
from desktop_app.composer.attachments.file_readings import AttachmentReader, FileReadings
from desktop_app.composer.attachments.images_controller import ImageChips
from desktop_app.composer.attachments.preview_controller import (
    DraftAttachmentHolder,
    PreviewController,
)
from desktop_app.library.ui.navigator import Navigator
from desktop_app.prompts.ui.presets_controller import PresetsController
from desktop_app.prompts.ui.prompts_controller import PromptsController
from desktop_app.providers.ui.models.models_controller import ModelsController
from desktop_app.spending.ui.estimate_presenter import EstimatePresenter
from desktop_app.tools.ui.resources_controller import ResourcesController
from desktop_app.tools.ui.servers_controller import ServersController
from desktop_app.tools.ui.tools_controller import ToolsController


class ComposerControllers:
    """The controllers of the models, prompts, attachments and tools for the next question."""

    def __init__(self, window: MainWindow, state: WindowState, navigator: Navigator) -> None:
        self._window = window
        self._state = state
        self._make_choices()
        self._make_prompts()
        self._make_attachments()
        self._make_content(navigator)
        self._make_tools()
        self._connect()

    def _make_choices(self) -> None:
        window, state = self._window, self._state
        self.choices = AvailableModels(window, state)
        estimates = EstimatePresenter(window, state)
        self.choice = ChoiceController(window, state, self.choices, estimates)
        self.models = ModelsController(window, state)
        self.models.model_chosen.connect(self.choice.choose_model)
        window.prompt.row.model_table_requested.connect(self.models.show)
        window.settings.pages.provider.on_created(
            lambda page: page.models_requested.connect(self.models.show)
        )

    def _make_prompts(self) -> None:
        window, state = self._window, self._state
        self.prompts = PromptsController(window, state)
        self.presets = PresetsController(window, state, self.prompts, self.choices)
        window.empty_state.example_chosen.connect(self.prompts.begin_example)

    def _make_attachments(self) -> None:
        window = self._window
        state = self._state
        tasks = state.tasks
        backend = state.backend
        self.image_chips = ImageChips(window, state)
        self.passwords = DocumentPasswords(window)
        self.attachment_reader = AttachmentReader(state)
        self.readings = FileReadings(window, state, self.passwords, reader=self.attachment_reader)
        self.attachments = AttachmentsController(window, state, self.image_chips, self.readings)
        self.previews = PreviewController(
            window,
            prompt=window.prompt,
            holder=DraftAttachmentHolder(window, setup=state.setup),
            image_chips=self.image_chips,
            notify=window.notifications.notify,
            setup=state.setup,
            tasks=tasks,
            chat_service=backend.chat,
            sources=state.sources,
        )

    def _make_content(self, navigator: Navigator) -> None:
        """Create the controllers of dropped and pasted content, and of collections."""
        window, state = self._window, self._state
        self.drops = DropController(window, state, navigator)
        self.collections = CollectionsController(
            window, state, collections=lambda: state.backend.collections
        )

    def _make_tools(self) -> None:
        window, state = self._window, self._state
        self.servers = ServersController(window, state)
        self.resources = ResourcesController(window, state)
        self.tools = ToolsController(window, state, self.prompts)

    def _connect(self) -> None:
        """Attach dropped content, and content that servers and prompts offer."""
        window, attachments = self._window, self.attachments
        window.files_dropped.connect(attachments.attach)
        window.data_dropped.connect(attachments.attach_content)
        self.prompts.text_attach_requested.connect(attachments.attach_text)
        self.resources.content_attach_requested.connect(attachments.attach_content)
        self.drops.files_attach_requested.connect(attachments.attach)
        self.drops.content_attach_requested.connect(attachments.attach_content)
        self.drops.text_attach_requested.connect(attachments.attach_text)
