"""Every setting of the program, declared once: key, default, bounds, label, group.

The settings panel builds the rows of its tabs from these declarations, and the store has the values
by their keys. Texts are marked for translation; the panel translates them. Shortcuts that the user
changed are settings too, `keys.<command id>`; their commands are declared in commands/.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from desktop_app.domain.answering.generation import MAX_CANDIDATES, MAX_STOP_SEQUENCES
from desktop_app.domain.errors import SettingError
from desktop_app.domain.models.variants import FAMILY_EFFORTS, Effort, Variant
from desktop_app.i18n.translation import LANGUAGES, N_
from desktop_app.settings.setting import Choice, Group, Setting, Unit

KEYS_PREFIX: Final = "keys."
START_AT_LOGIN: Final = "desktop.start_at_login"
NOTIFICATIONS: Final = "desktop.notifications"
ON_CLOSE: Final = "desktop.on_close"
PASTE_BACK: Final = "desktop.paste_back"
LARGE_PASTE: Final = "documents.large_paste"
SPELLING: Final = "spelling.on"
SPELLING_LANGUAGES: Final = "spelling.languages"
SEND_KEYS: Final = "keys.prompt.send"


class OnClose(StrEnum):
    """Values of the setting ON_CLOSE: the effect of closing the window."""

    ASK = "ask"
    KEEP = "keep"
    QUIT = "quit"


class PasteBackChoice(StrEnum):
    """Values of the setting PASTE_BACK: whether the quick prompt types into other windows."""

    ASK = "ask"
    PASTE = "paste"
    COPY = "copy"


_TOKEN_STOPS = (256, 512, 1024, 2048, 4096, 8192, 16_384, 32_768, 65_536, 128_000)

SETTINGS: Final[tuple[Setting, ...]] = (
    # Not shown as a row. Empty: the first provider with a key, else the local model.
    Setting("default.provider", "", N_("Default provider"), Group.PROVIDER),
    Setting(
        "default.variant",
        Variant.THINKING.value,
        N_("Default model"),
        Group.ANSWER,
        choices=tuple(Choice(v.value, v.label) for v in Variant),
        per_folder=True,
    ),
    Setting(
        "default.effort",
        Effort.MEDIUM.value,
        N_("Default effort"),
        Group.ANSWER,
        choices=tuple(Choice(e.value, e.label) for e in FAMILY_EFFORTS),
        per_folder=True,
    ),
    # Not shown as a row. The id of a preset; empty: none.
    Setting("default.preset", "", N_("Default preset"), Group.PRESETS),
    # Not shown as a row. The path of a GGUF file; empty: the built-in model.
    Setting("local_model.weights", "", N_("Local model file"), Group.PROVIDER),
    Setting(
        "local_model.context",
        None,
        N_("Context window"),
        Group.LOCAL_MODEL,
        N_("By default, as large as the free memory allows."),
        stops=(2048, 4096, 8192, 16_384, 32_768, 65_536, 131_072),
        unit=Unit.TOKENS,
        unset_label=N_("Automatic"),
    ),
    Setting(
        "local_model.threads",
        None,
        N_("Processor threads"),
        Group.LOCAL_MODEL,
        N_("By default, all processor cores but one."),
        stops=(1, 2, 3, 4, 6, 8, 12, 16, 24, 32),
        unset_label=N_("Automatic"),
    ),
    Setting(
        "local_model.idle_minutes",
        10,
        N_("Minutes until an idle model is unloaded"),
        Group.LOCAL_MODEL,
        N_("Frees its memory. 0 keeps it loaded."),
        stops=(0, 1, 5, 10, 30, 60, 240),
    ),
    Setting(
        "answer.system_prompt",
        "",
        N_("Instructions"),
        Group.ANSWER,
        N_("Sent with every message. The most effective way to shape responses."),
        placeholder=N_("For example: Be brief and use British English."),
        per_conversation=True,
    ),
    Setting(
        "answer.max_output_tokens",
        None,
        N_("Maximum output tokens"),
        Group.ANSWER,
        N_("Includes reasoning. A low limit may cut responses short."),
        minimum=16,
        stops=_TOKEN_STOPS,
        unit=Unit.TOKENS,
        per_conversation=True,
    ),
    Setting(
        "answer.verbosity",
        None,
        N_("Verbosity"),
        Group.ANSWER,
        choices=(
            Choice("low", N_("Brief")),
            Choice("medium", N_("Medium")),
            Choice("high", N_("Detailed")),
        ),
        per_conversation=True,
    ),
    Setting(
        "answer.candidates",
        1,
        N_("Responses per message"),
        Group.ANSWER,
        N_("Each response is billed. Switch between them with ‹ and ›."),
        stops=tuple(range(1, MAX_CANDIDATES + 1)),
        per_conversation=True,
    ),
    Setting(
        "answer.background",
        "offer",
        N_("Background mode"),
        Group.ANSWER,
        N_(
            "Long responses can finish even if you close the window. The provider stores the "
            "message and the response."
        ),
        choices=(Choice("offer", N_("Available")), Choice("off", N_("Off"))),
    ),
    Setting(
        "answer.temperature",
        None,
        N_("Temperature"),
        Group.ANSWER,
        N_("0 to 0.2 for facts and code, 0.7 to 1 for creative text."),
        stops=tuple(n / 10 for n in range(21)),
        per_conversation=True,
    ),
    Setting(
        "answer.top_p",
        None,
        N_("Top-p"),
        Group.ANSWER,
        N_("Samples only the most likely tokens. Change this or temperature, not both."),
        stops=tuple(n / 20 for n in range(1, 21)),
        per_conversation=True,
    ),
    Setting(
        "answer.presence_penalty",
        None,
        N_("Presence penalty"),
        Group.ANSWER,
        N_("Positive values encourage new topics."),
        stops=tuple(n / 10 for n in range(-20, 21)),
        per_conversation=True,
    ),
    Setting(
        "answer.frequency_penalty",
        None,
        N_("Frequency penalty"),
        Group.ANSWER,
        N_("Positive values reduce repetition."),
        stops=tuple(n / 10 for n in range(-20, 21)),
        per_conversation=True,
    ),
    Setting(
        "answer.stop",
        "",
        N_("Stop sequences"),
        Group.ANSWER,
        N_("The response ends before any of these. One per line, up to four. \\n is a line break."),
        placeholder=N_("For example: END"),
        most_lines=MAX_STOP_SEQUENCES,
        per_conversation=True,
    ),
    Setting(
        "answer.reasoning_summary",
        None,
        N_("Reasoning summary"),
        Group.ANSWER,
        N_("Shown above the response. OpenAI requires a verified organization."),
        choices=(
            Choice("auto", N_("Automatic")),
            Choice("concise", N_("Concise")),
            Choice("detailed", N_("Detailed")),
        ),
        unset_label=N_("Off"),
        per_conversation=True,
    ),
    Setting(
        "answer.service_tier",
        None,
        N_("Service tier"),
        Group.ANSWER,
        N_("Priority is faster and costs more. Flex is slower and costs less."),
        choices=(
            Choice("auto", N_("Automatic")),
            Choice("default", N_("Standard")),
            Choice("flex", N_("Flex")),
            Choice("priority", N_("Priority")),
        ),
        unset_label=N_("Not set"),
        per_conversation=True,
    ),
    Setting(
        "answer.image_detail",
        "auto",
        N_("Image detail"),
        Group.ANSWER,
        N_("For new images. Low is cheapest but may miss small text."),
        choices=(
            Choice("auto", N_("Automatic")),
            Choice("low", N_("Low")),
            Choice("high", N_("High")),
        ),
    ),
    Setting(
        "answer.documents_as_files",
        False,
        N_("Send documents as files"),
        Group.ANSWER,
        N_(
            "For new documents, if the provider supports it. The provider reads the file and also "
            "bills PDF pages as images."
        ),
    ),
    Setting(
        "answer.stream",
        True,
        N_("Stream responses"),
        Group.ANSWER,
        N_("When off, a response appears once it’s complete."),
        per_conversation=True,
    ),
    Setting(
        "answer.tools",
        "",
        N_("Tools"),
        Group.ANSWER,
        N_("The model may use these tools."),
        has_dialog=True,
        per_conversation=True,
    ),
    Setting(
        "tools.vector_stores",
        "",
        N_("Vector stores"),
        Group.ANSWER,
        N_("IDs of your vector stores at the provider, one per line. file_search searches them."),
        most_lines=3,
    ),
    Setting(
        "answer.form",
        "",
        N_("Response format"),
        Group.ANSWER,
        N_("A JSON Schema or a grammar that responses follow."),
        has_dialog=True,
        per_conversation=True,
    ),
    Setting(
        "answer.repair",
        False,
        N_("Repair invalid responses"),
        Group.ANSWER,
        N_("If a response doesn’t match its schema, the model is asked once to correct it."),
    ),
    Setting(
        "tools.max_rounds",
        10,
        N_("Rounds of tool calls"),
        Group.ANSWER,
        N_("How many times a response may call tools before it has to end."),
        stops=(1, 2, 3, 5, 10, 20, 50),
    ),
    Setting(
        "tools.max_seconds",
        600,
        N_("Time limit for tools"),
        Group.ANSWER,
        N_("Excludes the time you take to decide."),
        stops=(10, 30, 60, 120, 300, 600, 1800, 3600, 7200),
        unit=Unit.SECONDS,
    ),
    Setting(
        "tools.max_cost",
        None,
        N_("Cost limit for tools (USD)"),
        Group.ANSWER,
        N_("Once a response has cost this much, it calls no more tools."),
        stops=(0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 50.0, 100.0),
        unset_label=N_("No limit"),
    ),
    Setting(
        "answer.auto_compact",
        False,
        N_("Compact long conversations automatically"),
        Group.ANSWER,
        N_("When a conversation nears the model’s limit. Costs one request. Nothing is deleted."),
    ),
    Setting(
        "answer.routine_model",
        "small",
        N_("Routine work"),
        Group.ANSWER,
        N_("The model for titles, notes on long documents, and compaction."),
        choices=(Choice("small", N_("Small")), Choice("conversation", N_("Same"))),
    ),
    Setting(
        "library.model_titles",
        True,
        N_("Generate conversation titles"),
        Group.LIBRARY,
        N_(
            "By a small model, if that costs less than a cent. Otherwise titles come from question "
            "and response."
        ),
    ),
    Setting(
        "library.embeddings",
        False,
        N_("Semantic search in collections"),
        Group.LIBRARY,
        N_(
            "Sends passages and messages to the default provider to create embeddings. You see the "
            "cost first."
        ),
    ),
    Setting(
        "library.embedding_model",
        "text-embedding-3-small",
        N_("Embedding model"),
        Group.LIBRARY,
        most_lines=1,
    ),
    Setting("backup.folder", "", N_("Backup folder"), Group.BACKUP_FOLDER),
    Setting(
        "backup.every",
        "off",
        N_("Automatic backups"),
        Group.BACKUP,
        choices=(
            Choice("off", N_("Off")),
            Choice("day", N_("Daily")),
            Choice("week", N_("Weekly")),
        ),
    ),
    Setting(
        "backup.keep",
        7,
        N_("Backups to keep"),
        Group.BACKUP,
        N_("Older backups of this library in the folder are deleted."),
        stops=tuple(range(1, 31)),
    ),
    Setting(
        LARGE_PASTE,
        20_000,
        N_("Attach pasted text longer than"),
        Group.DOCUMENTS,
        N_("Paste as plain text always inserts the text itself."),
        stops=(1000, 5000, 10_000, 20_000, 50_000, 100_000, 200_000, 500_000),
        unit=Unit.CHARACTERS,
    ),
    Setting(
        "documents.file_mb",
        200,
        N_("Maximum file size"),
        Group.DOCUMENTS,
        N_("In a folder, this applies to each file."),
        stops=(10, 50, 100, 200, 500, 1000, 2000),
        unit=Unit.MEGABYTES,
    ),
    Setting(
        "documents.unpacked_mb",
        400,
        N_("Maximum unpacked size"),
        Group.DOCUMENTS,
        N_("Applies to archives, Office files, and all files of a folder together."),
        stops=(50, 100, 200, 400, 1000, 2000, 4000),
        unit=Unit.MEGABYTES,
    ),
    Setting(
        "documents.pages",
        5000,
        N_("Maximum pages"),
        Group.DOCUMENTS,
        N_("In archives and folders, the maximum number of files."),
        stops=(100, 500, 1000, 5000, 10_000, 50_000),
    ),
    Setting(
        "documents.megapixels",
        120,
        N_("Maximum image size"),
        Group.DOCUMENTS,
        stops=(20, 50, 120, 250, 500),
        unit=Unit.MEGAPIXELS,
    ),
    Setting(
        "documents.seconds",
        120,
        N_("Time limit"),
        Group.DOCUMENTS,
        N_("Reading a document stops after this time."),
        stops=(10, 30, 60, 120, 300, 900, 3600),
        unit=Unit.SECONDS,
    ),
    Setting(
        "documents.memory_mb",
        2048,
        N_("Memory limit"),
        Group.DOCUMENTS,
        N_("Reading a document stops if it needs more memory."),
        stops=(512, 1024, 2048, 4096, 8192, 16_384),
        unit=Unit.MEGABYTES,
    ),
    Setting(
        "look.theme",
        "system",
        N_("Theme"),
        Group.LOOK,
        choices=(
            Choice("system", N_("System")),
            Choice("light", N_("Light")),
            Choice("dark", N_("Dark")),
            Choice("contrast", N_("High contrast")),
        ),
    ),
    Setting(
        "look.language",
        "",
        N_("Language"),
        Group.LOOK,
        choices=(
            Choice("", N_("System")),
            *(Choice(code, name) for code, name in LANGUAGES.items()),
        ),
    ),
    Setting("look.code_wrap", True, N_("Wrap long lines of code"), Group.LOOK),
    Setting(
        "look.text_size",
        100,
        N_("Text size"),
        Group.LOOK,
        stops=tuple(range(80, 201, 10)),
        unit=Unit.PERCENT,
    ),
    Setting("look.font", "", N_("Font"), Group.LOOK, is_font=True),
    Setting(
        "look.line_width",
        "standard",
        N_("Line width of conversations"),
        Group.LOOK,
        choices=(
            Choice("narrow", N_("Narrow")),
            Choice("standard", N_("Standard")),
            Choice("wide", N_("Wide")),
            Choice("full", N_("Full width")),
        ),
    ),
    # The shortcut of the command prompt.send, which the Shortcuts page can set to other keys.
    Setting(
        SEND_KEYS,
        "Return",
        N_("Send messages with"),
        Group.DESKTOP,
        N_("The other of the two starts a new line."),
        choices=(Choice("Return", N_("Enter")), Choice("Ctrl+Return", N_("Ctrl+Enter"))),
    ),
    Setting(
        SPELLING,
        True,
        N_("Check spelling"),
        Group.DESKTOP,
        N_("Uses the dictionaries of this computer."),
    ),
    # Codes of dictionaries, one per line. Empty: the dictionaries of the system's languages.
    Setting(SPELLING_LANGUAGES, "", N_("Languages for spelling"), Group.DESKTOP, has_dialog=True),
    Setting(
        START_AT_LOGIN,
        False,
        N_("Start at login"),
        Group.DESKTOP,
        N_("Repartee starts without a window. The global shortcut works immediately."),
    ),
    Setting(
        ON_CLOSE,
        OnClose.ASK.value,
        N_("When the window is closed"),
        Group.DESKTOP,
        N_("Repartee hides only if a tray or the global shortcut can bring it back."),
        choices=(
            Choice(OnClose.ASK.value, N_("Ask")),
            Choice(OnClose.KEEP.value, N_("Hide")),
            Choice(OnClose.QUIT.value, N_("Quit")),
        ),
    ),
    Setting(
        PASTE_BACK,
        PasteBackChoice.ASK.value,
        N_("Paste from the quick prompt"),
        Group.DESKTOP,
        N_(
            "Types Ctrl+V into the window behind it, or Shift+Insert in a terminal. On Wayland, "
            "Repartee can’t recognize a terminal: paste there yourself."
        ),
        choices=(
            Choice(PasteBackChoice.ASK.value, N_("Ask")),
            Choice(PasteBackChoice.PASTE.value, N_("Paste")),
            Choice(PasteBackChoice.COPY.value, N_("Only copy")),
        ),
    ),
    Setting(
        NOTIFICATIONS,
        True,
        N_("Notifications"),
        Group.DESKTOP,
        N_(
            "For long responses and batch jobs that end in the background. Only the title is shown."
        ),
    ),
)

_SETTING_BY_KEY: Final[Mapping[str, Setting]] = MappingProxyType({s.key: s for s in SETTINGS})


def setting(key: str) -> Setting:
    """Return the declaration of `key`.

    Raises:
        SettingError: there is no such setting.
    """
    declaration = _SETTING_BY_KEY.get(key)
    if declaration is None:
        raise SettingError(N_("There is no setting “{key}”."), hint=N_("Check its name."), key=key)
    return declaration


def settings_of(group: Group) -> tuple[Setting, ...]:
    """Return the settings of a group, in the order of the panel."""
    return tuple(s for s in SETTINGS if s.group is group)
