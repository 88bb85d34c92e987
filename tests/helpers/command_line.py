"""The commands and options of a command line, which argparse keeps private."""

from __future__ import annotations

import argparse


def subcommands(parent: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    """Return the parsers of the commands directly below a command."""
    for action in parent._actions:
        if isinstance(action, argparse._SubParsersAction):
            return dict(action.choices)
    return {}


def options(command: argparse.ArgumentParser) -> set[str]:
    """Return the options of a command, with their dashes."""
    return set(command._option_string_actions)
