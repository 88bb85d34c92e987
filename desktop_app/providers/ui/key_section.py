"""The field for an API key or a password, which is never shown after it is entered.

The field contains a key only while it is typed, until Save. Afterwards its placeholder tells where
the key is stored, as the controller reports it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from PySide6.QtCore import Qt, QUrl
from PySide6.QtWidgets import QLineEdit

from desktop_app.app.provider_list import KeyPlace, KeyState
from desktop_app.i18n.translation import N_, tr
from desktop_app.widgets.boxes import row_of
from desktop_app.widgets.buttons.dialog_button import compact_button
from desktop_app.widgets.external_open import open_link
from desktop_app.widgets.forms.form_dialog import ask
from desktop_app.widgets.forms.form_widgets import FormSection, Tone, line_field
from desktop_app.widgets.text.foreign_text import PlainButton, set_tooltip, spoken_text


@dataclass(frozen=True)
class SecretTexts:
    """The texts about a kind of secret, marked for translation."""

    name: str
    save: str
    remove: str
    removal_question: str
    elsewhere: str
    """Shown if the stored secret belongs to another address than that of `{host}`."""
    elsewhere_without_host: str


API_KEY: Final = SecretTexts(
    name=N_("API key"),
    save=N_("Save API key"),
    remove=N_("Remove key"),
    removal_question=N_("Remove the API key?"),
    elsewhere=N_("The stored key belongs to another URL. Enter the key for {host}."),
    elsewhere_without_host=N_("The stored key belongs to another URL. Enter the key for this one."),
)
PROXY_PASSWORD: Final = SecretTexts(
    name=N_("Proxy password"),
    save=N_("Save proxy password"),
    remove=N_("Remove password"),
    removal_question=N_("Remove the proxy password?"),
    elsewhere=N_("The stored password belongs to another proxy. Enter the password for {host}."),
    elsewhere_without_host=N_(
        "The stored password belongs to another proxy. Enter the password for this one."
    ),
)
_TEXTS: Final[dict[KeyPlace, tuple[str, str, Tone]]] = {
    "keyring": (
        N_("Stored in your keyring"),
        N_("Never shown again. Not included in backups."),
        "note",
    ),
    "session": (
        N_("Kept until you quit"),
        N_("No keyring has taken it, so it isn’t stored."),
        "warning",
    ),
    "environment": (
        N_("From an environment variable"),
        N_("Used for this run and never stored."),
        "note",
    ),
    "unknown": (
        N_("Paste here"),
        N_("Your keyring is checked on first use. A new entry replaces the stored one."),
        "note",
    ),
    "elsewhere": (N_("Paste here"), "", "warning"),  # `show_state` makes the note
    "none": (
        N_("Paste here"),
        N_(
            "Saved in your keyring, or kept until you quit if there is none. Never saved in a file."
        ),
        "note",
    ),
}
"""The placeholder of the field, and the note below it with its tone, by the key's place."""


class KeySection(FormSection):
    """The key of a provider, or another secret that is stored like a key.

    Args:
        texts: the texts about the secret.
        enter: stores an entered key.
        remove: removes the stored key.
        prefix: the prefix of the controls' object names.
    """

    def __init__(
        self,
        texts: SecretTexts,
        enter: Callable[[str], None],
        remove: Callable[[], None],
        prefix: str = "",
    ) -> None:
        super().__init__(tr(texts.name))
        self._texts = texts
        self._enter = enter
        self._place: KeyPlace = "none"
        self._key_page = ""
        self._entry = line_field(tr(texts.name), f"{prefix}key")
        self._entry.setEchoMode(QLineEdit.EchoMode.Password)
        hints = Qt.InputMethodHint
        self._entry.setInputMethodHints(hints.ImhHiddenText | hints.ImhNoPredictiveText)
        self.note.describe(self._entry)
        self._save_button = PlainButton(tr("Save"), role="plain", name=f"{prefix}save-key")
        self._save_button.setAccessibleName(spoken_text(tr(texts.save)))
        self._remove_button = compact_button(tr(texts.remove), f"{prefix}remove-key")
        self._get_key_button = compact_button(tr("Get an API key"), f"{prefix}get-key")
        self.body.addLayout(row_of((self._entry, 1), self._save_button))
        self.add(self._remove_button)
        self.add(self._get_key_button)
        self._entry.textChanged.connect(self._show_buttons)
        self._entry.returnPressed.connect(self._submit)
        self._save_button.clicked.connect(self._submit)
        self._get_key_button.clicked.connect(lambda: open_link(QUrl(self._key_page)))
        self._remove_button.clicked.connect(
            lambda: ask(
                self,
                "confirm-key-removal",
                tr(texts.removal_question),
                "",
                label=tr("Remove"),
                on_accepted=remove,
            )
        )
        self.show_state(KeyState("none"))

    def begin(self, state: KeyState, title: str = "", key_page: str = "") -> None:
        """Show another profile; discard a typed key.

        Args:
            title: for this kind of provider.
            key_page: the address of the provider's page for API keys, which a link opens.
        """
        self._entry.clear()
        self.title.setText(title or tr(self._texts.name))
        self._key_page = key_page
        set_tooltip(self._get_key_button, key_page)
        self.show_state(state)

    def show_state(self, state: KeyState) -> None:
        """Show where the key is stored; keep a typed key."""
        self._place = state.place
        placeholder, note, tone = _TEXTS[state.place]
        if state.place == "elsewhere":
            texts = self._texts
            note = texts.elsewhere if state.host else texts.elsewhere_without_host
        self._entry.setPlaceholderText(tr(placeholder))
        set_tooltip(self._entry, tr(placeholder))  # it may be cut
        self._entry.setReadOnly(state.place == "environment")
        self.note.set_text(tr(note, host=state.host), tone)
        is_stored = state.place in ("keyring", "session")
        self._remove_button.setVisible(is_stored or state.place in ("elsewhere", "unknown"))
        self._get_key_button.setVisible(
            bool(self._key_page) and not is_stored and state.place != "environment"
        )
        self._show_buttons()

    def _show_buttons(self) -> None:
        has_text = bool(self._entry.text().strip())
        is_stored = self._place in ("keyring", "session", "environment")
        self._save_button.setVisible(has_text or not is_stored)
        self._save_button.setEnabled(has_text)

    def focus_field(self) -> None:
        self._entry.setFocus(Qt.FocusReason.OtherFocusReason)

    @property
    def typed(self) -> str:
        """Return the key that is typed and not saved yet."""
        return self._entry.text().strip()

    def type(self, key: str) -> None:
        """Fill in a key that was typed for another provider; it is not saved yet."""
        self._entry.setText(key)

    def _submit(self) -> None:
        if key := self.typed:
            self._entry.clear()
            self._enter(key)
