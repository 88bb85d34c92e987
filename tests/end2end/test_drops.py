"""Real drags from another program (XDND), and its clipboard."""

from __future__ import annotations

from itertools import cycle
from pathlib import Path

from Xlib import X
from Xlib import display as xlib

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


def dragging() -> int:
    """Return the window that offers the content of the current or last drag."""
    display = xlib.Display()
    owner = display.get_selection_owner(display.intern_atom("XdndSelection"))
    display.close()
    return int(owner.id) if owner != X.NONE else 0


def cursor() -> int:
    """Return the number of the pointer's picture, which tells whether a drop is accepted."""
    display = xlib.Display()
    display.xfixes_query_version()
    image = display.xfixes_get_cursor_image(display.screen().root)
    display.close()
    return int(image.cursor_serial)


def has_stopped(program: Program) -> bool:
    """Stop the answer unless it has ended; return True once it has."""
    if program.has("stop", "showing"):
        program.do("press", "stop")
    return program.has("send", "showing")


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


def test_a_conversation_is_dropped_on_and_dragged(
    client: AssistiveClient, repartee_home: Path, tmp_path: Path
) -> None:
    document = tmp_path / "plan.md"
    document.write_text("# Plan\n")
    with Program(repartee_home, client) as program, OtherProgram() as other:
        answers(program)
        program.ask("Lighthouse")
        wait_for(lambda: program.do("place", "conversations", child="Lighthouse"), "its row")
        wait_for(lambda: has_stopped(program), "the answer to end")
        program.do("press", "new-conversation")
        wait_for(lambda: "Lighthouse" not in program.do("name", "main"), "a new conversation")
        row = middle_of(program, "conversations", "Lighthouse")
        other.begin_drag({"text/uri-list": f"{document.as_uri()}\r\n"})
        drop(program, other, row, "Drop to attach to “Lighthouse”")
        wait_for(lambda: program.do("name", "main").startswith("Lighthouse"), "it to open")
        wait_for(lambda: any(n == "Remove plan.md" for _, n, _ in program.names()), "the chip")

        program.do("press", "new-conversation")  # nothing in the list is open while one is dragged
        x, y = middle_of(program, "show-trash")
        pointer("mousemove", "--sync", *row)
        usual_cursor = cursor()
        pointer("mousedown", 1)
        before, aside = dragging(), cycle((20, 22))

        def is_dragged() -> bool:
            pointer("mousemove", row[0] + next(aside), row[1])
            return dragging() not in (0, before)

        wait_for(is_dragged, "the drag to begin")  # moves before that would be lost
        for share in (0.3, 0.6, 0.9):
            between = (round(row[0] + (x - row[0]) * share), round(row[1] + (y - row[1]) * share))
            pointer("mousemove", "--sync", *between)
        wait_for(lambda: cursor() != usual_cursor, "the list to refuse it")
        refused_cursor = cursor()

        def is_accepted() -> bool:
            pointer("mousemove", x + next(aside) - 20, y)
            return cursor() not in (usual_cursor, refused_cursor)

        wait_for(is_accepted, "the trash to accept it")  # released before that, it is canceled
        pointer("mouseup", 1)
        wait_for(lambda: "moved to trash" in program.do("name", "status"), "it in the trash")
        assert program.quit() == 0


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
