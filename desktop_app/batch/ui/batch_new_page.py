"""The page for a new batch job: its files, the message for each file, and the model."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtWidgets import QFormLayout, QWidget

from desktop_app.composer.completion.template_mark import TemplateMark
from desktop_app.domain.models.variants import Effort, Variant
from desktop_app.domain.places import LinkedText, linked_text
from desktop_app.i18n import formatting
from desktop_app.i18n.translation import N_, tr, tr_plural
from desktop_app.widgets.boxes import STRETCH, column_of, row_of
from desktop_app.widgets.buttons.dialog_button import dialog_button
from desktop_app.widgets.file_dialogs import choose_files, choose_folder
from desktop_app.widgets.flow_layout import FlowLayout
from desktop_app.widgets.forms.form_widgets import Combo, MultilineField, Note
from desktop_app.widgets.look.theme import set_role
from desktop_app.widgets.text.foreign_text import PlainLabel, spoken_text

MAX_NAMED_FILES: Final = 3
CUSTOM_MESSAGE: Final = ""
"""The id of the entry for a custom message, in place of a prompt's id."""
_NO_PROVIDER: Final = N_("Add a provider that supports batches in {provider_page}.")
_NO_MODELS: Final = N_(
    "This provider lists no models for batches. Add model IDs in {provider_page}."
)


class BatchModelOption(NamedTuple):
    """A model to choose."""

    model: str
    name: str
    variant: Variant | None = None
    efforts: tuple[Effort, ...] = ()


class BatchProviderOption(NamedTuple):
    """A provider to choose, with its models; `refusal` says why no job can use it, or is ()."""

    id: str
    name: str
    refusal: LinkedText = ()
    models: tuple[BatchModelOption, ...] = ()


class BatchPromptOption(NamedTuple):
    """A prompt of the library, with the text to send."""

    id: str
    title: str
    text: str


class NewBatchJob(NamedTuple):
    """The job that the user asks for.

    Attributes:
        title: the title of the prompt that is the message; "" for a custom or edited message.
        task: the message for each file.
        template_id: the id of the prompt that the message was made from, even if it was edited
            since; "" for a custom message.
    """

    paths: tuple[Path, ...]
    title: str
    task: str
    template_id: str
    provider_id: str
    model: str
    variant: Variant | None
    effort: Effort | None


class BatchFileChooser(QWidget):
    """The chosen files, and the buttons that add and remove them.

    Attributes:
        paths: the files and folders, in the order in which they were added.
        label: names the first files.

    Signals:
        changed(): files were added or removed.
    """

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.paths: tuple[Path, ...] = ()
        self.label = PlainLabel(name="batch-files", wraps=True)
        self.add_files_button = dialog_button(tr("Add files…"), "batch-add-files")
        folder_button = dialog_button(tr("Add folder…"), "batch-add-folder")
        self.clear_button = dialog_button(tr("Clear"), "batch-clear-files")
        buttons = FlowLayout(self.add_files_button, folder_button, self.clear_button)
        column_of(self.label, buttons, parent=self, margins=0, spacing=8)
        self.add_files_button.clicked.connect(
            lambda: choose_files(self, tr("Select files"), self.add_paths, start=Path.home())
        )
        folder_button.clicked.connect(
            lambda: choose_folder(
                self, tr("Select folder"), lambda path: self.add_paths([path]), start=Path.home()
            )
        )
        self.clear_button.clicked.connect(self._clear)
        self._set_paths(())

    def add_paths(self, paths: Sequence[Path]) -> None:
        """Add files and folders."""
        self._set_paths((*self.paths, *paths))

    def remove_paths(self, paths: Collection[Path]) -> None:
        """Remove files and folders."""
        self._set_paths([path for path in self.paths if path not in paths])

    def _clear(self) -> None:
        self.add_files_button.setFocus(Qt.FocusReason.OtherFocusReason)  # Clear gets disabled
        self._set_paths(())

    def _set_paths(self, paths: Sequence[Path]) -> None:
        self.paths = tuple(dict.fromkeys(paths))
        count = len(self.paths)
        names = [path.name for path in self.paths[:MAX_NAMED_FILES]]
        if count > MAX_NAMED_FILES:
            names.append(tr_plural("{count} more", "{count} more", count - MAX_NAMED_FILES))
        text = tr("Add files or drop them here.")
        if count:
            text = tr_plural(
                "{count} file or folder: {names}",
                "{count} files and folders: {names}",
                count,
                names=formatting.joined(names),
            )
        self.label.setText(text)
        set_role(self.label, "" if count else "note")
        self.label.setAccessibleName(spoken_text(text))
        self.clear_button.setEnabled(bool(count))
        self.changed.emit()


class BatchNewPage(QWidget):
    """The page for a new batch job.

    Attributes:
        files: the files of the job.

    Signals:
        preparation_requested(NewBatchJob): read these files and estimate the job.
        back_requested(): show the list of jobs.
    """

    preparation_requested = Signal(object)
    back_requested = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("batch-new")
        self._prompts: dict[str, BatchPromptOption] = {}
        self._providers: dict[str, BatchProviderOption] = {}
        self._template: TemplateMark | None = None
        self._preferred_effort: Effort | None = None  # selected with each model that offers it
        self._has_user_choice = False  # of a provider, a model or an effort, for this job
        self.back_button = dialog_button(tr("‹ All jobs"), "batch-back", "link")
        self.files = BatchFileChooser()
        self.prompt = Combo(tr("Prompt"), object_name="batch-prompt")
        self.task = MultilineField(tr("Message for each file"), 96)
        self.task.setObjectName("batch-task")
        self.task.setPlaceholderText(tr("Message for each file"))
        self.provider = Combo(tr("Provider"), object_name="batch-provider")
        self.model = Combo(tr("Model"), object_name="batch-model")
        self.effort = Combo(tr("Effort"), object_name="batch-effort")
        self.refusal = Note(object_name="batch-refusal")
        self.read_button = dialog_button(tr("Read files"), "batch-read", "primary")
        choices = QFormLayout()
        choices.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        choices.setLabelAlignment(Qt.AlignmentFlag.AlignLeading | Qt.AlignmentFlag.AlignVCenter)
        for field in (self.provider, self.model, self.effort):
            choices.addRow(PlainLabel(field.accessibleName(), role="note"), field)
            field.activated.connect(self._record_choice)
        fields = column_of(
            PlainLabel(tr("Files"), role="strong"),
            self.files,
            PlainLabel(tr("Message for each file"), role="strong"),
            self.prompt,
            self.task,
            PlainLabel(tr("Model"), role="strong"),
            choices,
            self.refusal,
            STRETCH,
            spacing=8,
        )
        hint = Note(tr("You’ll see the cost before anything is sent."))
        back = (self.back_button, Qt.AlignmentFlag.AlignLeft)
        foot = row_of((hint, 1), self.read_button)
        column_of(back, (fields, 1), foot, parent=self, margins=0, spacing=10)
        self.back_button.clicked.connect(self.back_requested)
        self.files.changed.connect(self._update_refusal)
        self.prompt.activated.connect(lambda _: self._apply_prompt())
        self.task.textChanged.connect(self._update_refusal)
        self.provider.currentIndexChanged.connect(lambda _: self._show_models())
        self.model.currentIndexChanged.connect(lambda _: self._show_efforts())
        self.effort.activated.connect(self._record_effort)
        self.read_button.clicked.connect(self._request_preparation)
        self._update_refusal()

    # ------------------------------------------------------------------ options

    def clear_job(self, job: NewBatchJob) -> None:
        """Remove the files and the message of a job that was created; keep later entries."""
        self.files.remove_paths(job.paths)
        if self.task.toPlainText().strip() == job.task:
            self.task.clear()
        if not self.files.paths and not self.task.toPlainText():
            self._has_user_choice = False

    def set_prompts(self, prompts: Sequence[BatchPromptOption], default: str) -> None:
        """Set the prompts; an empty message gets the text of the prompt with the id `default`."""
        has_message = bool(self.task.toPlainText().strip())
        chosen = self._template_id if has_message else default
        self._prompts = {prompt.id: prompt for prompt in prompts}
        self.prompt.clear()
        for prompt in prompts:
            self.prompt.addItem(prompt.title, prompt.id)
        self.prompt.addItem(tr("Custom message"), CUSTOM_MESSAGE)
        index = self.prompt.findData(chosen)
        self.prompt.setCurrentIndex(len(prompts) if index < 0 else index)
        if not has_message:
            self._apply_prompt()

    def set_providers(
        self,
        providers: Sequence[BatchProviderOption],
        provider_id: str,
        model: str,
        effort: Effort | None,
    ) -> None:
        """Set the providers.

        Select a provider, a model and an effort, unless the user has chosen one of them for this
        job.
        """
        if self._has_user_choice:
            provider_id = self.provider.currentData()
            model = self.model.currentData() or ""
        else:
            self._preferred_effort = effort
        self._providers = {provider.id: provider for provider in providers}
        with QSignalBlocker(self.provider):  # `_show_models` is called once, below
            self.provider.clear()
            for provider in providers:
                self.provider.addItem(provider.name, provider.id)
            self.provider.setCurrentIndex(max(0, self.provider.findData(provider_id)))
        self._show_models(model)

    # ------------------------------------------------------------------ actions of the user

    def _apply_prompt(self) -> None:
        prompt = self._prompts.get(self.prompt.currentData())
        if prompt is None:  # the entry for a custom message, which keeps the text
            self._template = None
            self.task.setFocus(Qt.FocusReason.OtherFocusReason)
        else:
            self.task.setPlainText(prompt.text)
            document = self.task.document()
            self._template = TemplateMark(prompt.id, document, 0, document.characterCount() - 1)

    @property
    def _template_id(self) -> str:
        return CUSTOM_MESSAGE if self._template is None else self._template.template_id

    def _show_models(self, requested_model: str = "") -> None:
        """List the models of the provider, and select `requested_model`, or with "" the present."""
        provider = self._providers.get(self.provider.currentData() or "")
        model_id = requested_model or self.model.currentData()
        with QSignalBlocker(self.model):
            self.model.clear()
            for model in provider.models if provider else ():
                self.model.addItem(model.name, model.model)
            self.model.setCurrentIndex(max(0, self.model.findData(model_id)))
        self._show_efforts()

    def _show_efforts(self) -> None:
        model = self._chosen_model()
        self.effort.clear()
        for effort in model.efforts if model else ():
            self.effort.addItem(tr(effort.label), effort)
        index = self.effort.findData(self._preferred_effort)
        if index < 0:
            index = max(0, self.effort.findData(Effort.MEDIUM))
        self.effort.setCurrentIndex(index)
        self.effort.setEnabled(self.effort.count() > 1)
        self._update_refusal()

    def _record_choice(self, _index: int) -> None:
        self._has_user_choice = True

    def _record_effort(self, _index: int) -> None:
        self._preferred_effort = self.effort.currentData()

    def _chosen_model(self) -> BatchModelOption | None:
        provider = self._providers.get(self.provider.currentData() or "")
        models = provider.models if provider else ()
        return next((m for m in models if m.model == self.model.currentData()), None)

    def _update_refusal(self) -> None:
        provider = self._providers.get(self.provider.currentData() or "")
        refusal: LinkedText = ()
        if provider is None:
            refusal = linked_text(_NO_PROVIDER)
        elif provider.refusal:
            refusal = provider.refusal
        elif self._chosen_model() is None:
            refusal = linked_text(_NO_MODELS)
        self.refusal.set_text(refusal, "warning")
        task = self.task.toPlainText().strip()
        self.read_button.setEnabled(bool(self.files.paths) and bool(task) and not refusal)

    def _request_preparation(self) -> None:
        model = self._chosen_model()
        if model is None:
            return
        is_edited = self.task.document().isModified()
        prompt = self._prompts.get(self._template_id)
        effort = self.effort.currentData()  # Qt returns it as a plain string
        self.preparation_requested.emit(
            NewBatchJob(
                paths=self.files.paths,
                title="" if prompt is None or is_edited else prompt.title,
                task=self.task.toPlainText().strip(),
                template_id=self._template_id,
                provider_id=self.provider.currentData(),
                model=model.model,
                variant=model.variant,
                effort=Effort(effort) if effort else None,
            )
        )
