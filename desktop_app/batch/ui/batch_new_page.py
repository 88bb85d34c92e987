"""The page for a new batch job: its files, the message for each file, and the model."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFormLayout, QWidget

from desktop_app.backend.prompt_loader import today
from desktop_app.composer.prompt_list import PromptList
from desktop_app.domain.conversations.conversation import ModelChoice
from desktop_app.domain.error_text import WINDOW, error_segments
from desktop_app.domain.models.model_entry import ModelEntry
from desktop_app.domain.models.variants import Effort
from desktop_app.domain.places import LinkedText, linked_text
from desktop_app.i18n import formatting
from desktop_app.i18n.translation import N_, tr, tr_plural
from desktop_app.prompts.prompt import DATE, fill
from desktop_app.prompts.prompt_library import SUMMARY
from desktop_app.providers.jobs.batch_jobs import batch_refusal
from desktop_app.providers.models.model_menu import menu_entries
from desktop_app.widgets.boxes import STRETCH, FlowLayout, column_of, row_of
from desktop_app.widgets.buttons.dialog_button import dialog_button
from desktop_app.widgets.file_dialogs import choose_files, choose_folder
from desktop_app.widgets.forms.form_widgets import Combo, FieldLabel, MultilineField, Note
from desktop_app.widgets.look.theme import set_role
from desktop_app.widgets.text.foreign_text import PlainLabel, spoken_text

if TYPE_CHECKING:
    from desktop_app.batch.ui.batch_page import BatchPage

MAX_NAMED_FILES: Final = 3
CUSTOM_MESSAGE: Final = ""
"""The id of the entry for a custom message, in place of a prompt's id."""
_NO_PROVIDER: Final = N_("Add a provider that supports batches in {provider_page}.")
_NO_MODELS: Final = N_(
    "This provider lists no models for batches. Add model IDs in {network_page}."
)


class NewBatchJob(NamedTuple):
    """The job that the user asks for.

    Attributes:
        title: the title of the prompt that is the message; "" for a custom or edited message.
        task: the message for each file.
        template_id: the id of the prompt that the message was made from, even if it was edited
            since; "" for a custom message.
        folder_id: whose instructions and files are sent, too; "" for none.
    """

    paths: tuple[Path, ...]
    title: str
    task: str
    template_id: str
    choice: ModelChoice
    folder_id: str = ""


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
        self._set_paths((*self.paths, *paths))

    def remove_paths(self, paths: Collection[Path]) -> None:
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
    """

    def __init__(self, batches: BatchPage) -> None:
        super().__init__()
        self.setObjectName("batch-new")
        self._batches = batches
        self._models: dict[str, tuple[ModelEntry, tuple[Effort, ...]]] = {}  # of the provider
        self._refusal: LinkedText = ()
        self._prompt_text = ""  # the text of the prompt that was chosen last
        self._preferred_effort: Effort | None = None  # selected with each model that offers it
        self.back_button = dialog_button(tr("‹ All jobs"), "batch-back", "link")
        self.files = BatchFileChooser()
        self.prompt = Combo(tr("Prompt"), object_name="batch-prompt")
        self.task = MultilineField(tr("Message for each file"), 96)
        self.task.setObjectName("batch-task")
        self.task.setPlaceholderText(tr("Message for each file"))
        self.provider = Combo(tr("Provider"), object_name="batch-provider")
        self.model = Combo(tr("Model"), object_name="batch-model")
        self.effort = Combo(tr("Effort"), object_name="batch-effort")
        self.folder = Combo(tr("Project"), object_name="batch-folder")
        self.refusal = Note(object_name="batch-refusal")
        self.read_button = dialog_button(tr("Read files"), "batch-read", "primary")
        choices = self._choices = QFormLayout()
        choices.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        choices.setLabelAlignment(Qt.AlignmentFlag.AlignLeading | Qt.AlignmentFlag.AlignVCenter)
        for field in (self.provider, self.model, self.effort, self.folder):
            choices.addRow(FieldLabel(field.accessibleName(), role="note"), field)
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
        foot = row_of(self.read_button, (hint, 1), spacing=12)
        column_of(back, (fields, 1), foot, parent=self, margins=0, spacing=10)
        self.files.changed.connect(self._update)
        self.prompt.activated.connect(self._apply_prompt)
        self.task.textChanged.connect(self._update)
        self.provider.currentIndexChanged.connect(lambda _: self._show_models())
        self.model.currentIndexChanged.connect(self._show_efforts)
        self.effort.activated.connect(self._record_effort)
        self.read_button.clicked.connect(self._create_job)
        self._update()

    # ------------------------------------------------------------------ options

    def refresh(self) -> None:
        """List prompts and providers; select those of the window, unless a job was begun here."""
        session = self._batches.session
        task = self.task.toPlainText().strip()
        is_begun = bool(self.files.paths) or task not in ("", self._prompt_text)
        prompt_id = self.prompt.currentData() if task else SUMMARY
        self.prompt.clear()
        for prompt in session.of(PromptList).offered_prompts:
            self.prompt.addItem(prompt.title, prompt.id)
        self.prompt.addItem(tr("Custom message"), CUSTOM_MESSAGE)
        index = self.prompt.findData(prompt_id)
        self.prompt.setCurrentIndex(self.prompt.count() - 1 if index < 0 else index)
        if not task:
            self._apply_prompt()
        folder_id = session.current.conversation.folder_id or ""
        if is_begun:
            folder_id = self.folder.currentData()
        folders = [(folder.name, folder.id) for folder in session.folders.by_id.values()]
        self.folder.fill([(tr("No project"), ""), *folders], folder_id)
        self._choices.setRowVisible(self.folder, bool(folders))
        choice = session.setup.choice
        provider_id, model = choice.provider_id, choice.model
        if choice.variant is not None:
            models = session.providers.models_of(session.setup.profile)
            model = models.variant_model(choice.variant)
        if is_begun:
            provider_id, model = self.provider.currentData(), self.model.currentData() or ""
        else:
            self._preferred_effort = choice.effort
        refused = {p.id for p in session.providers.all if batch_refusal(p)}
        profiles = sorted(session.providers.all, key=lambda p: p.id in refused)
        current = None if provider_id in refused else provider_id
        self.provider.fill([(profile.name, profile.id) for profile in profiles], current)
        self._show_models(model)

    def clear_job(self, job: NewBatchJob) -> None:
        """Remove the files and the message of a job that was created; keep later entries."""
        self.files.remove_paths(job.paths)
        if self.task.toPlainText().strip() == job.task:
            self.task.clear()

    def _apply_prompt(self) -> None:
        prompts = self._batches.session.of(PromptList).offered_prompts
        prompt = next((p for p in prompts if p.id == self.prompt.currentData()), None)
        if prompt is None:  # the entry for a custom message, which keeps the text
            self.task.setFocus(Qt.FocusReason.OtherFocusReason)
        else:
            self._prompt_text = fill(prompt.text, {DATE: today()}).text.strip()
            self.task.setPlainText(self._prompt_text)

    def _show_models(self, requested_model: str = "") -> None:
        """List the models of the provider, and select `requested_model`, or with "" the present."""
        session = self._batches.session
        profile = session.providers.get(self.provider.currentData() or "")
        model_id = requested_model or self.model.currentData()
        self._models = {}
        self._refusal = linked_text(_NO_PROVIDER)
        if profile is not None and (refusal := batch_refusal(profile)):
            self._refusal = error_segments(refusal, WINDOW)
        elif profile is not None:
            day = date.today()  # noqa: DTZ011 - the user's day
            for entry in menu_entries(session.providers.models_of(profile), day):
                choice = _choice(entry)
                resolved = session.backend.chat.resolve(profile, choice)
                info = resolved.model
                if batch_refusal(profile, info):
                    continue
                efforts = info.efforts or ()
                if info.id != entry.model:  # another model replaces it, at a single effort
                    efforts = (resolved.effort,) if resolved.effort else ()
                self._models[entry.model] = (entry, efforts)
            self._refusal = () if self._models else linked_text(_NO_MODELS)
        entries = [entry for entry, _ in self._models.values()]
        self.model.fill([(entry.name, entry.model) for entry in entries], model_id)
        self._show_efforts()

    def _show_efforts(self) -> None:
        _, efforts = self._models.get(self.model.currentData() or "", (None, ()))
        current = self._preferred_effort if self._preferred_effort in efforts else Effort.MEDIUM
        self.effort.fill([(tr(effort.label), effort) for effort in efforts], current)
        self.effort.setEnabled(self.effort.count() > 1)
        self._update()

    def _record_effort(self) -> None:
        self._preferred_effort = self.effort.currentData()

    def _update(self) -> None:
        self.refusal.set_text(self._refusal, "warning")
        task = self.task.toPlainText().strip()
        self.read_button.setEnabled(bool(self.files.paths and task and self._models))

    def _create_job(self) -> None:
        template_id = self.prompt.currentData()
        task = self.task.toPlainText().strip()
        is_prompt = bool(template_id) and task == self._prompt_text
        effort = self.effort.currentData()  # Qt returns it as a plain string
        entry, _ = self._models[self.model.currentData()]
        choice = _choice(entry)
        job = NewBatchJob(
            paths=self.files.paths,
            title=self.prompt.currentText() if is_prompt else "",
            task=task,
            template_id=template_id,
            choice=replace(choice, effort=Effort(effort) if effort else None),
            folder_id=self.folder.currentData() or "",
        )
        self._batches.request(self._batches.create_job, job)


def _choice(entry: ModelEntry) -> ModelChoice:
    return ModelChoice(entry.provider_id, "" if entry.variant else entry.model, entry.variant)
