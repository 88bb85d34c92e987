"""The entry point of every process: `repartee`, `python -m desktop_app`, child processes."""

import os
import sys


def start() -> int:
    """Run the command line and return the exit code."""
    _leave_foreign_python()
    _forget_current_folder()
    if sys.argv[1:2] == ["quick"]:
        from desktop_app.quick_call import show_quick_prompt

        if show_quick_prompt(sys.argv[2:]):
            return 0
    from desktop_app.child_processes import hide_keys, keep_files_private
    from desktop_app.main import main

    hide_keys()
    keep_files_private()
    return main()


def _leave_foreign_python() -> None:
    """Start again without PYTHONHOME, which a program with its own Python set for its children.

    Modules of that Python are missing, or of another version. Other starts have `-E`.
    """
    is_used = not (getattr(sys, "frozen", False) or sys.flags.ignore_environment)
    if is_used and sys.platform != "win32" and os.environ.pop("PYTHONHOME", ""):
        os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])


def _forget_current_folder() -> None:
    """Remove the current folder, this file's folder and relative entries from `sys.path`.

    "python -m" and an empty entry in PYTHONPATH add the current folder. A start by path adds this
    file's folder. They would precede Python's own modules, so a file there would run when something
    imports a module of the same name.
    """
    if getattr(sys, "frozen", False):
        return
    try:
        current = os.getcwd()  # noqa: PTH109 — pathlib would delay `repartee quick`
    except FileNotFoundError:
        return  # Python could not find it either
    foreign_folders = {current, os.path.dirname(os.path.abspath(__file__))}  # noqa: PTH100, PTH120
    if not sys.flags.safe_path and sys.path[0] in foreign_folders:
        del sys.path[0]
    if sys.flags.ignore_environment:
        return
    for entry in os.environ.get("PYTHONPATH", "").split(os.pathsep):
        path = os.path.abspath(entry)  # noqa: PTH100
        if not os.path.isabs(entry) and path in sys.path:  # noqa: PTH117
            sys.path.remove(path)


def _import_own_package() -> None:
    """Import `desktop_app` from this file's checkout, and leave `sys.path` unchanged.

    The checkout need not be installed, and the environment may have another one installed.
    """
    parent = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))  # noqa: PTH100, PTH120
    sys.path.insert(0, parent)
    __import__("desktop_app")
    sys.path.remove(parent)


if __name__ == "__main__":
    if not __package__ and not getattr(sys, "frozen", False):
        _import_own_package()
    sys.exit(start())
