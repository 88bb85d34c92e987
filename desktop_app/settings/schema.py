"""Every setting of the program, declared once: key, type, default, bounds, label, group.

The settings panel builds its Answer and Look tabs from these rows, and the store keeps values under
these keys. Shortcuts that the user changed are settings too, `keys.<command id>`; their commands
are declared in commands/.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from desktop_app.domain.errors import SettingError
from desktop_app.domain.models.variants import FAMILY_EFFORTS, Effort, Variant
from desktop_app.i18n.translation import LANGUAGES
from desktop_app.settings.setting import Choice, Group, Setting

KEYS_PREFIX: Final = "keys."
MOST_STOPS: Final = 4  # the most stop sequences that the API takes
MOST_CANDIDATES: Final = 8


_TOKEN_STOPS = (256, 512, 1024, 2048, 4096, 8192, 16_384, 32_768, 65_536, 128_000)

SETTINGS: Final[tuple[Setting, ...]] = (
    Setting(
        "default.provider",
        str,
        "",
        "Provider of new conversations",
        Group.PROVIDER,
        "Empty: the first one with a key, else the model on this computer.",
    ),
    Setting(
        "default.variant",
        str,
        Variant.THINKING.value,
        "New conversations use",
        Group.ANSWER,
        choices=tuple(Choice(v.value, v.value.capitalize()) for v in Variant),
        per_folder=True,
    ),
    Setting(
        "default.effort",
        str,
        Effort.MEDIUM.value,
        "With effort",
        Group.ANSWER,
        choices=tuple(Choice(e.value, e.value.capitalize()) for e in FAMILY_EFFORTS),
        per_folder=True,
    ),
    Setting(
        "default.preset",
        str,
        "",
        "Preset of new conversations",
        Group.PRESETS,
        "The id of a preset; empty: none.",
    ),
    Setting(
        "local_model.weights",
        str,
        "",
        "Weights of the model on this computer",
        Group.PROVIDER,
        "The path of a GGUF file; empty: the small model that comes along.",
    ),
    Setting(
        "answer.system_prompt",
        str,
        "",
        "Instructions",
        Group.ANSWER,
        "Sent before every message. The strongest way to shape answers.",
        placeholder="For example: Answer in British English, briefly.",
        per_conversation=True,
    ),
    Setting(
        "answer.max_output_tokens",
        int,
        None,
        "Longest answer",
        Group.ANSWER,
        "Reasoning counts too: a low limit can cut an answer short.",
        optional=True,
        minimum=16,
        maximum=128_000,
        stops=_TOKEN_STOPS,
        unit="tokens",
        per_conversation=True,
    ),
    Setting(
        "answer.verbosity",
        str,
        None,
        "Length of answers",
        Group.ANSWER,
        optional=True,
        choices=(Choice("low", "Brief"), Choice("medium", "Medium"), Choice("high", "Detailed")),
        per_conversation=True,
    ),
    Setting(
        "answer.candidates",
        int,
        1,
        "Answers at once",
        Group.ANSWER,
        "Each is a version, and each is paid for: ‹ and › below go from one to the next.",
        minimum=1,
        maximum=MOST_CANDIDATES,
        step=1,
        per_conversation=True,
    ),
    Setting(
        "answer.background",
        str,
        "offer",
        "Long answers in the background",
        Group.ANSWER,
        "They go on without the window; for that the provider keeps the request and the reply.",
        choices=(Choice("offer", "Offer"), Choice("off", "Never")),
    ),
    Setting(
        "answer.temperature",
        float,
        None,
        "Temperature",
        Group.ANSWER,
        "0 to 0.2 for facts and code, 0.7 to 1 for creative text.",
        optional=True,
        minimum=0.0,
        maximum=2.0,
        step=0.1,
        per_conversation=True,
    ),
    Setting(
        "answer.top_p",
        float,
        None,
        "Top-p",
        Group.ANSWER,
        "Draws from the likeliest words only. Change this or the temperature, not both.",
        optional=True,
        minimum=0.05,
        maximum=1.0,
        step=0.05,
        per_conversation=True,
    ),
    Setting(
        "answer.presence_penalty",
        float,
        None,
        "Presence penalty",
        Group.ANSWER,
        "Above 0: more new subjects.",
        optional=True,
        minimum=-2.0,
        maximum=2.0,
        step=0.1,
        per_conversation=True,
    ),
    Setting(
        "answer.frequency_penalty",
        float,
        None,
        "Frequency penalty",
        Group.ANSWER,
        "Above 0: fewer words again and again.",
        optional=True,
        minimum=-2.0,
        maximum=2.0,
        step=0.1,
        per_conversation=True,
    ),
    Setting(
        "answer.stop",
        str,
        "",
        "Stop at",
        Group.ANSWER,
        "The answer ends before any of these: one on each line, four at most. \\n stands for a new "
        "line.",
        placeholder="For example: END",
        most_lines=MOST_STOPS,
        per_conversation=True,
    ),
    Setting(
        "answer.reasoning_summary",
        str,
        None,
        "Summary of the reasoning",
        Group.ANSWER,
        "Shown above the answer. OpenAI gives it to verified organisations.",
        optional=True,
        choices=(
            Choice("auto", "Automatic"),
            Choice("concise", "Concise"),
            Choice("detailed", "Detailed"),
        ),
        unset="Off",
        per_conversation=True,
    ),
    Setting(
        "answer.service_tier",
        str,
        None,
        "Service tier",
        Group.ANSWER,
        "Priority answers sooner and costs more; flex takes its time and costs less.",
        optional=True,
        choices=(
            Choice("auto", "Automatic"),
            Choice("default", "Standard"),
            Choice("flex", "Flex"),
            Choice("priority", "Priority"),
        ),
        unset="Not set",
        per_conversation=True,
    ),
    Setting(
        "answer.image_detail",
        str,
        "auto",
        "Detail of pictures",
        Group.ANSWER,
        "Of pictures attached from now on. Low costs least, and shows no small print.",
        choices=(Choice("auto", "Auto"), Choice("low", "Low"), Choice("high", "High")),
    ),
    Setting(
        "answer.documents_as_files",
        bool,
        False,
        "Send documents as files",
        Group.ANSWER,
        "Where the provider takes them: PDF, Word, PowerPoint, RTF, ODT. It then reads them "
        "itself, and charges for a PDF's pages as pictures, too. Of documents attached from now "
        "on.",
    ),
    Setting(
        "answer.stream",
        bool,
        True,
        "Show the answer while it is written",
        Group.ANSWER,
        "Switched off, it appears as a whole.",
        per_conversation=True,
    ),
    Setting(
        "answer.auto_compact",
        bool,
        False,
        "Compact long conversations by themselves",
        Group.ANSWER,
        "Before a question that comes near the model's limit. It costs a call; nothing is deleted.",
    ),
    Setting(
        "library.model_titles",
        bool,
        False,
        "Let a small model write titles",
        Group.LIBRARY,
        "One small call for each new conversation, at its provider: mostly under $0.001.",
    ),
    Setting(
        "library.embeddings",
        bool,
        False,
        "Find passages of collections by their meaning, too",
        Group.LIBRARY,
        "By vectors that the provider of new conversations makes: every passage of a collection is "
        "sent there once, and each question. What that costs is said before.",
    ),
    Setting(
        "library.embedding_model",
        str,
        "text-embedding-3-small",
        "Model of the vectors",
        Group.LIBRARY,
        most_lines=1,
    ),
    Setting("backup.folder", str, "", "Folder of the backups", Group.FOLDER),
    Setting(
        "backup.every",
        str,
        "off",
        "By themselves",
        Group.BACKUP,
        choices=(Choice("off", "Off"), Choice("day", "Daily"), Choice("week", "Weekly")),
    ),
    Setting(
        "backup.keep",
        int,
        7,
        "How many are kept",
        Group.BACKUP,
        "Older ones in that folder are removed.",
        minimum=1,
        maximum=30,
        step=1,
    ),
    Setting(
        "documents.large_paste",
        int,
        20_000,
        "Pasted text becomes a document beyond",
        Group.DOCUMENTS,
        "Paste as plain text (Ctrl+Shift+V) always pastes the text itself.",
        minimum=1000,
        maximum=500_000,
        stops=(1000, 5000, 10_000, 20_000, 50_000, 100_000, 200_000, 500_000),
        unit="characters",
    ),
    Setting(
        "documents.file_mb",
        int,
        200,
        "Largest file",
        Group.DOCUMENTS,
        "Of a folder, each of its files.",
        minimum=10,
        maximum=2000,
        stops=(10, 50, 100, 200, 500, 1000, 2000),
        unit="MB",
    ),
    Setting(
        "documents.unpacked_mb",
        int,
        400,
        "Most that may be packed in it",
        Group.DOCUMENTS,
        "Word's, Excel's and others' files are archives; of a folder, all files together.",
        minimum=50,
        maximum=4000,
        stops=(50, 100, 200, 400, 1000, 2000, 4000),
        unit="MB",
    ),
    Setting(
        "documents.pages",
        int,
        5000,
        "Most pages",
        Group.DOCUMENTS,
        "Of a PDF; of an archive or a folder, files.",
        minimum=100,
        maximum=50_000,
        stops=(100, 500, 1000, 5000, 10_000, 50_000),
    ),
    Setting(
        "documents.megapixels",
        int,
        120,
        "Largest picture",
        Group.DOCUMENTS,
        minimum=20,
        maximum=500,
        stops=(20, 50, 120, 250, 500),
        unit="megapixels",
    ),
    Setting(
        "documents.seconds",
        int,
        120,
        "Longest reading",
        Group.DOCUMENTS,
        "What takes longer is given up.",
        minimum=10,
        maximum=3600,
        stops=(10, 30, 60, 120, 300, 900, 3600),
        unit="s",
    ),
    Setting(
        "documents.memory_mb",
        int,
        2048,
        "Memory for reading",
        Group.DOCUMENTS,
        "What needs more is given up; the window is not touched.",
        minimum=512,
        maximum=16_384,
        stops=(512, 1024, 2048, 4096, 8192, 16_384),
        unit="MB",
    ),
    Setting(
        "look.theme",
        str,
        "system",
        "Theme",
        Group.LOOK,
        choices=(Choice("system", "System"), Choice("light", "Light"), Choice("dark", "Dark")),
    ),
    Setting(
        "look.language",
        str,
        "",
        "Language",
        Group.LOOK,
        choices=(
            Choice("", "System"),
            *(Choice(code, name) for code, name in LANGUAGES.items()),
        ),
    ),
    Setting(
        "look.code_wrap",
        bool,
        True,
        "Wrap long lines of code",
        Group.LOOK,
    ),
    Setting(
        "look.text_size",
        int,
        100,
        "Text size",
        Group.LOOK,
        minimum=80,
        maximum=200,
        step=10,
        unit="%",
    ),
)

_BY_KEY: Final[Mapping[str, Setting]] = MappingProxyType({s.key: s for s in SETTINGS})


def setting(key: str) -> Setting:
    """Return the declaration of `key`.

    Raises:
        SettingError: there is no such setting.
    """
    found = _BY_KEY.get(key)
    if found is None:
        raise SettingError(f"There is no setting “{key}”.", what_to_do="Check its name.")
    return found


def settings_of(group: Group) -> tuple[Setting, ...]:
    """Return the settings of a group, in the order of the panel."""
    return tuple(s for s in SETTINGS if s.group is group)
