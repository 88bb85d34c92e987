"""The field for an API key or a password, which is never shown after it is entered.

The widget contains a key only while it is typed, until Save. Afterwards it shows only the place
where the key is stored, as its controller reports it.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple

from PySide6.QtCore import Qt, QUrl, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QLineEdit, QPushButton

from desktop_app.i18n.translation import N_, tr
from desktop_app.providers.ui.key_state import KeyPlace, KeyState
from desktop_app.widgets.boxes import STRETCH, row_of
from desktop_app.widgets.buttons.dialog_button import cancel_button, compact_button
from desktop_app.widgets.external_open import open_link
from desktop_app.widgets.file_dialogs import choose_file
from desktop_app.widgets.forms.form_dialog import ask
from desktop_app.widgets.forms.form_widgets import FormSection, ReadOnlyLine, Tone
from desktop_app.widgets.look.icons import pixmap
from desktop_app.widgets.look.theme import current_theme
from desktop_app.widgets.text.foreign_text import PlainButton, PlainLabel, set_tooltip, spoken_text

SMALL_MODEL: Final = N_(
    "SmolLM2 135M is included for trying Repartee. It’s often wrong and not meant for real work."
)
OWN_WEIGHTS: Final = N_("Runs on this computer. Nothing you send leaves it.")


class LocalModelSection(FormSection):
    """The file of the local model, with buttons to choose another.

    Signals:
        model_file_chosen(object): a Path, or None for the built-in model.
        downloads_requested(): show the models on this computer, and those to download.
    """

    model_file_chosen = Signal(object)
    downloads_requested = Signal()

    def __init__(self) -> None:
        super().__init__(tr("Model file"))
        self._file = ReadOnlyLine(tr("Model file"), "weights")
        choose_button = PlainButton(tr("Choose…"), name="choose-weights", role="plain")
        set_tooltip(choose_button, tr("Choose a GGUF file"))
        self._built_in_button = compact_button(tr("Use built-in model"), "built-in-weights")
        self.body.addLayout(row_of((self._file, 1), choose_button))
        self.body.addWidget(self._built_in_button)
        downloads_button = compact_button(tr("Download models"), "download-models")
        downloads_button.clicked.connect(self.downloads_requested)
        self.body.addWidget(downloads_button)
        choose_button.clicked.connect(self._open_dialog)
        self._built_in_button.clicked.connect(lambda: self.model_file_chosen.emit(None))

    def show_file(self, path: str) -> None:
        """Show the name of the model file; "" for the built-in model."""
        self._file.show_text(Path(path).name if path else "SmolLM2 135M", path)
        self._built_in_button.setVisible(bool(path))
        self.note.set_text(tr(OWN_WEIGHTS if path else SMALL_MODEL))

    def _open_dialog(self) -> None:
        models = tr("Models ({patterns})", patterns="*.gguf")
        choose_file(self, tr("Choose model file"), self.model_file_chosen.emit, filters=models)


@dataclass(frozen=True)
class SecretTexts:
    """The texts about a kind of secret, marked for translation."""

    name: str
    save: str
    replace: str
    cancel: str
    remove: str
    removal_question: str
    elsewhere: str
    """Shown if the stored secret belongs to another address than that of `{host}`."""
    elsewhere_without_host: str


API_KEY: Final = SecretTexts(
    name=N_("API key"),
    save=N_("Save API key"),
    replace=N_("Replace API key"),
    cancel=N_("Keep current API key"),
    remove=N_("Remove key"),
    removal_question=N_("Remove the API key?"),
    elsewhere=N_("The stored key belongs to another URL. Enter the key for {host}."),
    elsewhere_without_host=N_("The stored key belongs to another URL. Enter the key for this one."),
)
PROXY_PASSWORD: Final = SecretTexts(
    name=N_("Proxy password"),
    save=N_("Save proxy password"),
    replace=N_("Replace proxy password"),
    cancel=N_("Keep current proxy password"),
    remove=N_("Remove password"),
    removal_question=N_("Remove the proxy password?"),
    elsewhere=N_("The stored password belongs to another proxy. Enter the password for {host}."),
    elsewhere_without_host=N_(
        "The stored password belongs to another proxy. Enter the password for this one."
    ),
)


class _Appearance(NamedTuple):
    """The section for a place where the key is stored; the texts are marked for translation.

    Attributes:
        text: in the field.
        icon: at the end of the field.
        note: below the field.
    """

    text: str
    icon: str
    note: str
    tone: Tone = "note"


_APPEARANCES: Final[dict[KeyPlace, _Appearance]] = {
    "keyring": _Appearance(
        N_("Stored in your keyring"), "lock", N_("Never shown again. Not included in backups.")
    ),
    "session": _Appearance(
        N_("Kept until you quit"),
        "clock",
        N_("No keyring is available, so nothing is stored."),
        "warning",
    ),
    "environment": _Appearance(
        N_("From an environment variable"), "lock", N_("Used for this run and never stored.")
    ),
    "unknown": _Appearance(
        "", "key", N_("Your keyring is checked on first use. A new entry replaces the stored one.")
    ),
    "elsewhere": _Appearance("", "key", "", "warning"),  # `reset_state` makes the note
    "none": _Appearance(
        "",
        "key",
        N_(
            "Saved in your keyring, or kept until you quit if there is none. Never saved in a file."
        ),
    ),
}
_WITHOUT_KEY: Final[tuple[KeyPlace, ...]] = ("none", "elsewhere", "unknown")
_SAVING: Final = _Appearance(N_("Saving…"), "key", "")


class KeySection(FormSection):
    """The key of a provider, or another secret that is stored like a key.

    Args:
        texts: the texts about the secret.
        prefix: the prefix of the controls' object names.

    Signals:
        key_entered(str): the user entered a key.
        key_removal_requested(): the user wants the key removed.
    """

    key_entered = Signal(str)
    key_removal_requested = Signal()

    def __init__(self, texts: SecretTexts = API_KEY, prefix: str = "") -> None:
        super().__init__(tr(texts.name))
        self._texts = texts
        self._prefix = prefix
        self._state = KeyState("none")
        self._build()
        self.update_theme()
        self.reset_state(self._state)

    def _build(self) -> None:
        texts = self._texts
        self._entry = QLineEdit()
        self._entry.setObjectName(f"{self._prefix}key")
        self._entry.setAccessibleName(spoken_text(tr(texts.name)))
        self._entry.setEchoMode(QLineEdit.EchoMode.Password)
        self._entry.setPlaceholderText(tr("Paste here"))
        hints = Qt.InputMethodHint
        self._entry.setInputMethodHints(hints.ImhHiddenText | hints.ImhNoPredictiveText)
        self._save_button = self._plain_button("save-key", tr("Save"), tr(texts.save))
        self._location = ReadOnlyLine(tr(texts.name), f"{self._prefix}key-place")
        self._icon = PlainLabel()
        self._replace_button = self._plain_button("replace-key", tr("Replace"), tr(texts.replace))
        self._cancel_button = cancel_button(f"{self._prefix}cancel-key")
        self._cancel_button.setAccessibleName(spoken_text(tr(texts.cancel)))
        self._remove_button = compact_button(tr(texts.remove), f"{self._prefix}remove-key")
        self._key_page = ""
        self._get_key_button = compact_button(tr("Get an API key"), f"{self._prefix}get-key")
        self._get_key_button.clicked.connect(lambda: open_link(QUrl(self._key_page)))
        self._get_key_button.hide()
        self._lay_out()
        self._entry.textChanged.connect(self._show_buttons)
        self._entry.returnPressed.connect(self._submit)
        self._save_button.clicked.connect(self._submit)
        self._replace_button.clicked.connect(self.begin_entry)
        self._cancel_button.clicked.connect(self._cancel_entry)
        self._remove_button.clicked.connect(
            lambda: ask(
                self,
                "confirm-key-removal",
                tr(self._texts.removal_question),
                "",
                label=tr("Remove"),
                on_accepted=self.key_removal_requested.emit,
            )
        )

    def _lay_out(self) -> None:
        row = row_of((self._entry, 1), (self._location, 1))
        for button in (self._save_button, self._replace_button, self._cancel_button):
            row.addWidget(button)
        self._icon_row = row_of(STRETCH, self._icon, parent=self._location)
        self.body.addLayout(row)
        self._column.addWidget(self._remove_button)
        self._column.addWidget(self._get_key_button)

    def set_key_page(self, address: str) -> None:
        """Offer a link to the provider's page for API keys; "" offers none."""
        self._key_page = address
        set_tooltip(self._get_key_button, address)
        self._show_key_page_link()

    def _show_key_page_link(self) -> None:
        self._get_key_button.setVisible(bool(self._key_page) and self._state.place in _WITHOUT_KEY)

    def set_title(self, text: str) -> None:
        """Set the title for this kind of provider."""
        self.title.setText(text)

    def update_state(self, state: KeyState) -> None:
        """Show where the key is stored; keep a typed key if the field for it stays."""
        is_entering = self._entry.isVisibleTo(self)
        typed_key = self._entry.text()
        if state != self._state or not is_entering:
            self.reset_state(state)
            if is_entering and state.place in _WITHOUT_KEY:
                self._entry.setText(typed_key)

    def reset_state(self, state: KeyState) -> None:
        """Show where the key is stored; discard a typed key."""
        self._state = state
        self._show_key_page_link()
        self._entry.clear()
        self._show_appearance(_APPEARANCES[state.place], is_entering=state.place in _WITHOUT_KEY)
        if state.place == "elsewhere":
            texts = self._texts
            note = (
                tr(texts.elsewhere, host=state.host)
                if state.host
                else tr(texts.elsewhere_without_host)
            )
            self.note.set_text(note, "warning")

    def begin_entry(self) -> None:
        """Show the entry field and focus it, unless an environment variable sets the key."""
        if self._state.place == "environment":
            return
        if self._state.place not in _WITHOUT_KEY:
            self._show_appearance(_APPEARANCES["none"], is_entering=True)
        self._entry.setFocus(Qt.FocusReason.OtherFocusReason)

    def _cancel_entry(self) -> None:
        """Restore the state before Replace."""
        self.reset_state(self._state)
        self._replace_button.setFocus(Qt.FocusReason.OtherFocusReason)

    def update_theme(self) -> None:
        theme = current_theme()
        self._location.setFont(theme.note())
        self._location.setTextMargins(0, 0, theme.px(22), 0)
        self._icon_row.setContentsMargins(0, 0, theme.px(8), 0)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        is_replacing = self._entry.isVisible() and self._state.place not in _WITHOUT_KEY
        if event.key() == Qt.Key.Key_Escape and is_replacing:
            self._cancel_entry()
        else:
            super().keyPressEvent(event)

    def _show_appearance(self, appearance: _Appearance, *, is_entering: bool) -> None:
        """Show the field for the key, or the place where it is stored, and the note."""
        is_stored = self._state.place in ("keyring", "session") and not is_entering
        may_be_stored = self._state.place in ("elsewhere", "unknown") and is_entering
        # Qt would move the focus of a hidden widget to the next control.
        has_focus = any(w.hasFocus() for w in (self._entry, self._location, self._save_button))
        self._entry.setVisible(is_entering)
        self._location.setVisible(not is_entering)
        self._location.show_text(tr(appearance.text), tr(appearance.text))
        self._icon.setPixmap(pixmap(appearance.icon, current_theme().dim, current_theme().px(14)))
        self._replace_button.setVisible(is_stored)
        self._remove_button.setVisible(is_stored or may_be_stored)
        self._show_buttons()
        if has_focus:
            visible_field = self._entry if is_entering else self._location
            visible_field.setFocus(Qt.FocusReason.OtherFocusReason)
        self.note.set_text(tr(appearance.note), appearance.tone)

    def _show_buttons(self) -> None:
        """Beside the field, show Cancel if a key is stored and none is typed; otherwise Save."""
        is_entering = self._entry.isVisibleTo(self)
        has_text = bool(self._entry.text().strip())
        can_cancel = self._state.place not in _WITHOUT_KEY
        self._save_button.setVisible(is_entering and (has_text or not can_cancel))
        self._save_button.setEnabled(has_text)
        self._cancel_button.setVisible(is_entering and can_cancel and not has_text)

    def _submit(self) -> None:
        key = self._entry.text().strip()
        if not key:
            return
        self._show_appearance(_SAVING, is_entering=False)
        self._entry.clear()
        self._replace_button.hide()
        self._remove_button.hide()
        self.key_entered.emit(key)

    def _plain_button(self, name: str, label: str, spoken: str) -> QPushButton:
        button = PlainButton(label, role="plain", name=f"{self._prefix}{name}")
        button.setAccessibleName(spoken_text(spoken))
        return button
