"""Real drags from another program (XDND), and its clipboard."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.end2end.other_program import OtherProgram, pointer
from tests.end2end.program import AssistiveClient, Program, wait_for

PAGE = "https://e.example/plan"
LINK = {"text/uri-list": PAGE, "text/html": f'<a href="{PAGE}">The plan</a>', "text/plain": PAGE}
RICH = {
    "text/html": "<h2>Plan</h2><p>Some <b>bold</b> words</p>",
    "text/plain": "Plan\nSome bold words",
}


def middle_of(program: Program, identifier: str, child: str = "") -> tuple[int, int]:
    """Return the center of a widget on the screen."""
    x, y, width, height = program.do("place", identifier, child=child)
    return x + width // 2, y + height // 2


def answers(program: Program) -> None:
    """Wait until the window does not only show, but answers."""
    shown = "On this computer"  # at the foot of the list
    wait_for(lambda: any(shown in name for _, name, _ in program.names()), "the window to answer")


def drop(program: Program, other: OtherProgram, place: tuple[int, int], words: str) -> None:
    """Hold what was taken over a place until the window says these words, and let go."""
    other.drag_to(place)
    wait_for(lambda: other.accepts_drop() and program.do("name", "drop-label") == words, words)
    assert other.drop() == "CopyAction"


def test_files_and_a_link_are_dropped_on_the_window(
    client: AssistiveClient, repartee_home: Path, tmp_path: Path
) -> None:
    document, folder = tmp_path / "Über uns #1.md", tmp_path / "a folder"
    document.write_text("# Hello\n\nwords\n")
    folder.mkdir()
    (folder / "note.txt").write_text("one note")
    with Program(repartee_home, client) as program, OtherProgram() as other:
        answers(program)
        x, y = middle_of(program, "prompt")
        other.begin_drag({"text/uri-list": f"{document.as_uri()}\r\n{folder.as_uri()}\r\n"})
        drop(program, other, (x, y - 200), "Drop to attach 2 files")

        def chips() -> set[str]:
            return {name for _, name, _ in program.names() if name.startswith("Remove ")}

        wait_for(lambda: chips() == {"Remove Über uns #1.md", "Remove a folder"}, "both chips")
        other.begin_drag(LINK)
        drop(program, other, (x, y - 200), "Drop to insert text")
        program.wait_for_text("prompt", lambda text: text == f"[The plan]({PAGE})")
        program.do("set_text", "prompt", text="")
        other.begin_drag({"text/plain": "words"})  # on the text itself, which says where they go
        other.drag_to(middle_of(program, "prompt"))
        wait_for(other.accepts_drop, "the prompt to take it")
        assert other.drop() == "CopyAction"
        program.wait_for_text("prompt", lambda text: text == "words")
        assert program.quit() == 0


@pytest.mark.slow
def test_rich_text_is_pasted_as_markdown(client: AssistiveClient, repartee_home: Path) -> None:
    with Program(repartee_home, client) as program, OtherProgram() as other:
        answers(program)
        other.copy(RICH)
        found = pointer("search", "--onlyvisible", "--pid", program.process.pid, "--name", ".")
        pointer("windowfocus", "--sync", found.split()[0])  # there is no window manager
        pointer("mousemove", "--sync", *middle_of(program, "prompt"))
        pointer("click", 1)
        pointer("key", "ctrl+v")
        program.wait_for_text("prompt", lambda text: text == "## Plan\n\nSome **bold** words")
        pointer("key", "ctrl+z")
        wait_for(lambda: program.do("text", "prompt") == "", "it to be undone")
        pointer("key", "ctrl+shift+v")
        program.wait_for_text("prompt", lambda text: text == RICH["text/plain"])
        assert program.quit() == 0
