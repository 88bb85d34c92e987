"""The page for a new batch job: its files, the message for each file, and the model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QGridLayout, QWidget

from desktop_app.domain.models.variants import Effort, Variant
from desktop_app.domain.places import LinkedText, linked_text
from desktop_app.i18n.translation import N_, tr
from desktop_app.ui.batch.batch_file_chooser import BatchFileChooser
from desktop_app.ui.composer.completion.template_mark import TemplateMark
from desktop_app.ui.look.theme import Theme
from desktop_app.ui.widgets.boxes import STRETCH, column_of, row_of
from desktop_app.ui.widgets.buttons.dialog_button import dialog_button
from desktop_app.ui.widgets.forms.form_widgets import Combo, MultilineField, Note
from desktop_app.ui.widgets.text.foreign_text import PlainLabel

if TYPE_CHECKING:
    from desktop_app.ui.widgets.forms.form_dialog import FormValues

CUSTOM_MESSAGE: Final = ""
"""The id of the entry for a custom message, in place of a prompt's id."""


@dataclass(frozen=True)
class BatchModelOption:
    """A model to choose; `refusal` says why no job can use it now, or is ()."""

    model: str
    name: str
    variant: Variant | None = None
    efforts: tuple[Effort, ...] = ()
    refusal: LinkedText = ()


@dataclass(frozen=True)
class BatchProviderOption:
    """A provider to choose, with its models; `refusal` as for models."""

    id: str
    name: str
    refusal: LinkedText = ()
    models: tuple[BatchModelOption, ...] = ()


@dataclass(frozen=True)
class BatchPromptOption:
    """A prompt of the library, with the text to send."""

    id: str
    title: str
    text: str


@dataclass(frozen=True)
class NewBatchJob:
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


_LARGE_TEXT_SCALE: Final = 1.5
"""The text size from which the three choices do not fit beside each other in a small window."""
_NO_PROVIDER: Final = N_("Add a provider that supports batches in {provider_page}.")
_NO_MODELS: Final = N_(
    "This provider lists no models for batches. Add model IDs in {provider_page}."
)


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

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.setObjectName("batch-new")
        self._prompts: Mapping[str, BatchPromptOption] = {}
        self._providers: Mapping[str, BatchProviderOption] = {}
        self._template: TemplateMark | None = None
        self._preferred_effort: Effort | None = None  # selected with each model that offers it
        self._has_user_choice = False  # of a provider, a model or an effort, for this job
        self.back_button = dialog_button(tr("‹ All jobs"), "batch-back", "link")
        self.files = BatchFileChooser(self)
        self.prompt = Combo(theme, tr("Prompt"), object_name="batch-prompt")
        self.task = MultilineField(theme, tr("Message for each file"), 96)
        self.task.setObjectName("batch-task")
        self.task.setPlaceholderText(tr("Message for each file"))
        self.provider = Combo(theme, tr("Provider"), object_name="batch-provider")
        self.model = Combo(theme, tr("Model"), object_name="batch-model")
        self.effort = Combo(theme, tr("Effort"), object_name="batch-effort")
        self.refusal = Note(theme, object_name="batch-refusal")
        self.read_button = dialog_button(tr("Read files"), "batch-read", "primary")
        self._build(theme)
        self._connect()
        self.set_theme(theme)
        self._update_refusal()

    def _build(self, theme: Theme) -> None:
        self._choice_grid = QGridLayout()
        self._choices = [
            (PlainLabel(tr("Provider"), role="note"), self.provider),
            (PlainLabel(tr("Model"), role="note"), self.model),
            (PlainLabel(tr("Effort"), role="note"), self.effort),
        ]
        for title, field in self._choices:
            title.setBuddy(field)
        fields = column_of(
            PlainLabel(tr("Files"), role="strong"),
            self.files.column,
            PlainLabel(tr("Message for each file"), role="strong"),
            self.prompt,
            self.task,
            PlainLabel(tr("Model"), role="strong"),
            self._choice_grid,
            self.refusal,
            STRETCH,
            spacing=8,
        )
        hint = Note(theme, tr("You’ll see the cost before anything is sent."))
        back = (self.back_button, Qt.AlignmentFlag.AlignLeft)
        foot = row_of((hint, 1), self.read_button)
        column_of(back, (fields, 1), foot, parent=self, margins=0, spacing=10)

    def _arrange_choices(self, theme: Theme) -> None:
        """Arrange the choices side by side, or below each other if the text is large."""
        grid = self._choice_grid
        is_large = theme.scale >= _LARGE_TEXT_SCALE
        # The provider and the model have longer names than the effort.
        stretches = (0, 0, 0) if is_large else (3, 3, 2)
        for position, (title, field) in enumerate(self._choices):
            if is_large:
                row = 2 * position  # a row for the title, and one for the field
                column = 0
            else:
                row = 0
                column = position
            for widget in (title, field):
                grid.removeWidget(widget)
            grid.addWidget(title, row, column)
            grid.addWidget(field, row + 1, column)
            grid.setColumnStretch(position, stretches[position])

    def _connect(self) -> None:
        self.back_button.clicked.connect(self.back_requested)
        self.files.changed.connect(self._update_refusal)
        self.prompt.activated.connect(lambda _: self._apply_prompt())
        self.task.textChanged.connect(self._update_refusal)
        self.provider.currentIndexChanged.connect(lambda _: self._show_models())
        self.model.currentIndexChanged.connect(lambda _: self._show_efforts())
        self.effort.activated.connect(lambda _: self._record_effort())
        for field in (self.provider, self.model, self.effort):
            field.activated.connect(lambda _: self._record_choice())
        self.read_button.clicked.connect(self._request_preparation)

    # ------------------------------------------------------------------ options

    def clear_job(self, job: NewBatchJob) -> None:
        """Remove the files and the message of a job that was created; keep later entries."""
        self.files.remove_paths(job.paths)
        if self.task.toPlainText().strip() == job.task:
            self.task.clear()
        if not self.files.paths and not self.task.toPlainText():
            self._has_user_choice = False

    def draft(self) -> FormValues:
        """Return the files, and the message if the user edited it; {} if there is neither."""
        text = ""
        if self.task.document().isModified():
            text = self.task.toPlainText()
        # Zero bytes separate the paths, because a path may contain every other character.
        files = "".join(f"{path}\0" for path in self.files.paths)
        if not text and not files:
            return {}
        return {"task": text, "files": files}

    def restore_draft(self, draft: FormValues) -> None:
        """Show the draft of an earlier run."""
        self.task.setPlainText(str(draft.get("task", "")))
        self.task.document().setModified(True)
        files = str(draft.get("files", ""))
        # Earlier versions separated the paths by line breaks.
        separator = "\0" if "\0" in files else "\n"
        self.files.add_paths([Path(path) for path in files.split(separator) if path])

    def set_prompts(self, prompts: Sequence[BatchPromptOption], default: str) -> None:
        """Set the prompts; an empty message gets the text of the prompt with the id `default`."""
        has_message = bool(self.task.toPlainText().strip())
        template_id = self._template_id if has_message else default
        self._prompts = {prompt.id: prompt for prompt in prompts}
        self.prompt.clear()
        for prompt in prompts:
            self.prompt.addItem(prompt.title, prompt.id)
        self.prompt.addItem(tr("Custom message"), CUSTOM_MESSAGE)
        index = self.prompt.findData(template_id)
        if index < 0:
            index = len(prompts)  # the custom message
        self.prompt.setCurrentIndex(index)
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
        self.provider.blockSignals(True)  # `_show_models` is called once, below
        self.provider.clear()
        for provider in providers:
            self.provider.addItem(provider.name, provider.id)
        self.provider.setCurrentIndex(max(0, self.provider.findData(provider_id)))
        self.provider.blockSignals(False)
        self._show_models(model)

    # ------------------------------------------------------------------ actions of the user

    def _apply_prompt(self) -> None:
        prompt = self._prompts.get(self.prompt.currentData() or CUSTOM_MESSAGE)
        if prompt is None:  # the entry for a custom message, which keeps the text
            self._template = None
            self.task.setFocus(Qt.FocusReason.OtherFocusReason)
        else:
            self.task.setPlainText(prompt.text)
            document = self.task.document()
            self._template = TemplateMark(prompt.id, document, 0, document.characterCount() - 1)

    @property
    def _template_id(self) -> str:
        return "" if self._template is None else self._template.template_id

    def _show_models(self, requested_model: str = "") -> None:
        """List the models of the provider, and select `requested_model`, or with "" the present."""
        provider = self._chosen_provider()
        model_id = requested_model or self.model.currentData() or ""
        self.model.blockSignals(True)
        self.model.clear()
        if provider is not None:
            for model in provider.models:
                self.model.addItem(model.name, model.model)
        self.model.setCurrentIndex(max(0, self.model.findData(model_id)))
        self.model.blockSignals(False)
        self._show_efforts()

    def _show_efforts(self) -> None:
        model = self._chosen_model()
        self.effort.clear()
        if model is not None:
            for effort in model.efforts:
                self.effort.addItem(tr(effort.label), effort)
        index = self.effort.findData(self._preferred_effort)
        if index < 0:
            index = max(0, self.effort.findData(Effort.MEDIUM))
        self.effort.setCurrentIndex(index)
        self.effort.setEnabled(self.effort.count() > 1)
        self._update_refusal()

    def _record_choice(self) -> None:
        self._has_user_choice = True

    def _record_effort(self) -> None:
        self._preferred_effort = self.effort.currentData()

    def _chosen_provider(self) -> BatchProviderOption | None:
        return self._providers.get(self.provider.currentData() or "")

    def _chosen_model(self) -> BatchModelOption | None:
        provider = self._chosen_provider()
        models = provider.models if provider else ()
        return next((m for m in models if m.model == self.model.currentData()), None)

    def _update_refusal(self) -> None:
        provider = self._chosen_provider()
        model = self._chosen_model()
        refusal: str | LinkedText
        if provider is None:
            refusal = linked_text(_NO_PROVIDER)
        elif model is None:
            refusal = provider.refusal or linked_text(_NO_MODELS)
        else:
            refusal = provider.refusal or model.refusal
        self.refusal.set_text(refusal, "warning")
        task = self.task.toPlainText().strip()
        self.read_button.setEnabled(bool(self.files.paths) and bool(task) and not refusal)

    def _request_preparation(self) -> None:
        provider = self._chosen_provider()
        model = self._chosen_model()
        if provider is None or model is None:
            return
        task = self.task.toPlainText().strip()
        prompt = self._prompts.get(self._template_id)
        is_edited = self.task.document().isModified()
        title = "" if prompt is None or is_edited else prompt.title
        effort = self.effort.currentData()  # Qt returns it as a plain string
        self.preparation_requested.emit(
            NewBatchJob(
                paths=self.files.paths,
                title=title,
                task=task,
                template_id=self._template_id,
                provider_id=provider.id,
                model=model.model,
                variant=model.variant,
                effort=Effort(effort) if effort else None,
            )
        )

    def set_theme(self, theme: Theme) -> None:
        self._arrange_choices(theme)
        self._choice_grid.setHorizontalSpacing(theme.px(10))
        self._choice_grid.setVerticalSpacing(theme.px(4))
