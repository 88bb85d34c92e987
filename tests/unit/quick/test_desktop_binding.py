"""A shortcut in the desktop's own settings, with simulated tools of the desktops."""

from __future__ import annotations

import shutil
from collections.abc import Callable

import pytest

from desktop_app.domain.errors import StorageError
from desktop_app.quick import desktop_binding
from desktop_app.quick.desktop_binding import (
    BindingDesktop,
    binding_desktop,
    bound_command,
    create_binding,
    remove_binding,
)
from tests.helpers.fragment import Fragment

KEYS = "Meta+Alt+Space"
LIST = ["org.gnome.settings-daemon.plugins.media-keys", "custom-keybindings"]
FOLDER = "/org/gnome/settings-daemon/plugins/media-keys/custom-keybindings"
OURS, OTHER = f"{FOLDER}/repartee/", f"{FOLDER}/custom0/"
ENTRY = f"{LIST[0]}.custom-keybinding:{OURS}"
KDE = [
    *("kwriteconfig6", "--file", "kglobalshortcutsrc", "--group", "services"),
    *("--group", "io.github.repartee.Repartee.desktop", "--key", "quick"),
]
XFCE = [
    *("xfconf-query", "--channel", "xfce4-keyboard-shortcuts"),
    *("--property", "/commands/custom/<Alt><Super>space"),
]
SET = ["gsettings", "set"]
Said = tuple[int, str, str]


class Tools:
    """The tools of all desktops, which return `answers` in turn and then succeed."""

    def __init__(self) -> None:
        self.answers: list[Said | OSError] = []
        self.calls: list[list[str]] = []

    def run(self, *words: str) -> Said:
        self.calls.append(list(words))
        answer = self.answers.pop(0) if self.answers else (0, "", "")
        if isinstance(answer, OSError):
            raise answer
        return answer


@pytest.fixture
def tools(monkeypatch: pytest.MonkeyPatch) -> Tools:
    """Replace the tools of the desktops."""
    simulated = Tools()
    monkeypatch.setattr(desktop_binding, "run_desktop_tool", simulated.run)
    return simulated


@pytest.mark.parametrize(
    ("names", "desktop"),
    [
        ("ubuntu:GNOME", BindingDesktop.GNOME),
        ("kde", BindingDesktop.KDE),
        ("XFCE", None),
        ("sway", None),
        ("", None),
    ],
)
def test_a_desktop_is_one_whose_tool_is_installed(
    monkeypatch: pytest.MonkeyPatch, names: str, desktop: BindingDesktop | None
) -> None:
    installed = {"gsettings", "kwriteconfig6"}
    monkeypatch.setattr(shutil, "which", lambda tool: tool in installed or None)
    assert binding_desktop({"XDG_CURRENT_DESKTOP": names}) is desktop
    assert binding_desktop({}) is None


@pytest.mark.parametrize(
    ("listed", "paths"),
    [("@as []\n", [OURS]), (f"['{OTHER}']\n", [OTHER, OURS]), (f"['{OURS}', '{OTHER}']\n", None)],
)
def test_gnomes_list_gets_an_entry(tools: Tools, listed: str, paths: list[str] | None) -> None:
    tools.answers = [(0, listed, "")]
    create_binding(BindingDesktop.GNOME, KEYS)
    assert tools.calls == [
        ["gsettings", "get", *LIST],
        [*SET, ENTRY, "name", "Repartee"],
        [*SET, ENTRY, "command", bound_command()],
        [*SET, ENTRY, "binding", "<Alt><Super>space"],
        *([] if paths is None else [[*SET, *LIST, str(paths)]]),
    ]


@pytest.mark.parametrize(
    ("listed", "paths"),
    [(f"['{OTHER}', '{OURS}']", str([OTHER])), (f"['{OURS}']", "@as []"), ("@as []", "@as []")],
)
def test_gnomes_entry_is_removed(tools: Tools, listed: str, paths: str) -> None:
    tools.answers = [(0, listed, "")]
    remove_binding(BindingDesktop.GNOME, KEYS)
    assert tools.calls == [
        ["gsettings", "get", *LIST],
        [*SET, *LIST, paths],
        ["gsettings", "reset-recursively", ENTRY],
    ]


def test_kdes_entry_is_written_and_deleted(tools: Tools) -> None:
    create_binding(BindingDesktop.KDE, KEYS)
    remove_binding(BindingDesktop.KDE, KEYS)
    assert tools.calls == [[*KDE, KEYS], [*KDE, "--delete"]]


@pytest.mark.parametrize(
    ("said", "calls"),
    [
        ((0, f"{bound_command()}\n", ""), [XFCE, [*XFCE, "--reset"]]),
        ((0, "xterm\n", ""), [XFCE]),
        ((1, "", "no such property"), [XFCE]),
    ],
)
def test_xfce_frees_only_keys_that_are_ours(
    tools: Tools, said: Said, calls: list[list[str]]
) -> None:
    tools.answers = [said]
    remove_binding(BindingDesktop.XFCE, KEYS)
    assert tools.calls == calls


@pytest.mark.parametrize("listed", ["7", "('a',)", "['a', 7]", "{[]: 'a'}", "@as", ""])
@pytest.mark.parametrize("change", [create_binding, remove_binding])
def test_gnomes_list_is_not_written_if_it_cannot_be_read(
    tools: Tools, change: Callable[[BindingDesktop, str], None], listed: str
) -> None:
    tools.answers = [(0, listed, "")]
    with pytest.raises(StorageError):
        change(BindingDesktop.GNOME, KEYS)
    assert len(tools.calls) == 1


@pytest.mark.parametrize("said", [(1, "", "no such property"), (0, f"{bound_command()}\n", "")])
def test_xfce_binds_keys_that_are_free_or_ours(tools: Tools, said: Said) -> None:
    tools.answers = [said]
    create_binding(BindingDesktop.XFCE, KEYS)
    made = ["--create", "--type", "string", "--set", bound_command()]
    assert tools.calls == [XFCE, [*XFCE, *made]]


@pytest.mark.parametrize(
    ("desktop", "answer", "details"),
    [
        (BindingDesktop.XFCE, (0, "xterm\n", ""), "xterm"),
        (BindingDesktop.KDE, (1, "", " broken \n"), "broken"),
        (BindingDesktop.KDE, FileNotFoundError("no tool"), "no tool"),
        (BindingDesktop.GNOME, (0, "[" + "a" * 300, ""), "[" + "a" * 199),
        (BindingDesktop.GNOME, (0, "name", ""), "name"),
    ],
)
def test_a_failing_tool_is_an_error(
    tools: Tools, desktop: BindingDesktop, answer: Said | OSError, details: str
) -> None:
    tools.answers = [answer]
    with pytest.raises(StorageError) as failed:
        create_binding(desktop, KEYS)
    assert (failed.value.message, failed.value.details) == (
        Fragment("change the shortcuts of the"),
        details,
    )
    assert len(tools.calls) == 1
