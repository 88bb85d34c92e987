"""The commands of `repartee`, in the order of its help.

A line registers a command; no other place names the module of a feature's command.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


class CommandPlaces(NamedTuple):
    """The functions in `desktop_app` that declare a command's options, and that run it."""

    arguments: str
    run: str


COMMANDS: Final[Mapping[str, CommandPlaces]] = {
    "quick": CommandPlaces("quick.arguments.quick_arguments", "main.run_quick"),
    "doctor": CommandPlaces("cli.arguments.doctor_arguments", "cli.doctor.run_doctor"),
    "ask": CommandPlaces("chat.command.arguments.ask_arguments", "chat.command.ask.run_ask"),
    "summarize": CommandPlaces(
        "chat.command.arguments.summarize_arguments", "chat.command.ask.run_ask"
    ),
    "transcribe": CommandPlaces(
        "voice.arguments.transcribe_arguments", "voice.command.run_transcribe"
    ),
    "tools": CommandPlaces(
        "tools.command.arguments.tools_arguments", "tools.command.tool_commands.run_tools"
    ),
    "batch": CommandPlaces(
        "batch.command.arguments.batch_arguments", "batch.command.batch_command.run_batch"
    ),
    "repeat": CommandPlaces("repeat.arguments.repeat_arguments", "repeat.command.run_repeat"),
    "mcp": CommandPlaces(
        "tools.command.arguments.mcp_arguments", "tools.command.mcp_command.run_mcp"
    ),
    "eval": CommandPlaces("evaluation.arguments.eval_arguments", "evaluation.command.run_eval"),
    "spending": CommandPlaces(
        "spending.arguments.spending_arguments", "spending.command.run_spending"
    ),
    "models": CommandPlaces("providers.arguments.models_arguments", "providers.command.run_models"),
    "import": CommandPlaces(
        "exchange.arguments.import_arguments", "cli.library_commands.run_library"
    ),
    "export": CommandPlaces(
        "exchange.arguments.export_arguments", "cli.library_commands.run_library"
    ),
    "search": CommandPlaces("library.arguments.search_arguments", "library.command.run_search"),
    "backup": CommandPlaces(
        "backup.arguments.backup_arguments", "cli.library_commands.run_library"
    ),
    "restore": CommandPlaces(
        "backup.arguments.restore_arguments", "cli.library_commands.run_library"
    ),
    "repair": CommandPlaces(
        "backup.arguments.repair_arguments", "cli.library_commands.run_library"
    ),
    "sync": CommandPlaces("sync.arguments.sync_arguments", "sync.command.run_sync"),
    "desktop": CommandPlaces(
        "desktop.command.arguments.desktop_arguments", "desktop.command.desktop_command.run_desktop"
    ),
}


def load(place: str) -> Callable[..., Any]:
    """Return a function by its place, such as `evaluation.command.run_eval`."""
    module, _, name = place.rpartition(".")
    function: Callable[..., Any] = getattr(import_module(f"desktop_app.{module}"), name)
    return function
