"""Command line of the benchmarks.

    python -m tests.benchmarks [NAME …] [--OPTION VALUE …]
    python -m tests.benchmarks [NAME …] --smallest

Prints a line of JSON for each benchmark, or for each variant that the benchmark measures. Options
are the parameters of the benchmark's `main`, such as `streaming --rate 400`. With --smallest, each
runs in its smallest form, whose figures mean nothing. A benchmark that takes longer than an hour
(--smallest: two minutes) is ended, with the stack of what it waited for.
"""

from __future__ import annotations

import faulthandler
import importlib
import inspect
import json
import sys
from collections.abc import Iterable, Mapping
from itertools import takewhile
from pathlib import Path
from typing import Any, Final

LONGEST_S: Final = 3600
LONGEST_SMALLEST_S: Final = 120
SMALLEST: Final[Mapping[str, Mapping[str, str]]] = {
    "commands": {"rounds": "1"},
    "delta_path": {"deltas": "12", "rate": "20"},
    "documents": {"peers": "0"},
    "growth": {"scale": "0.001", "rounds": "1"},
    "library_growth": {"conversations": "4", "small": "2"},
    "memory": {"characters": "2000"},
    "open_conversation": {"messages": "20", "times": "1"},
    "restore": {"conversations": "2", "messages": "2"},
    "retrieval": {"variants": "1"},
    "search": {"conversations": "20", "messages": "2", "each": "1"},
    "start_up": {"pairs": "1", "idle_s": "0.1", "settle_s": "0.1", "first_s": "0.1"},
    "synchronization": {"conversations": "2", "messages": "2", "changes": "1"},
    "tables": {"rows": "100", "columns": "2", "screens": "2"},
    "streaming": {"deltas": "50", "typeset": "0"},
    "whole_program": {"rate": "80", "deltas": "20", "pairs": "1"},
}


def names() -> list[str]:
    """Return the names of all benchmarks."""
    return sorted(path.stem for path in Path(__file__).parent.glob("[a-z]*.py"))


def run(name: str, options: Mapping[str, str]) -> Iterable[dict[str, Any]]:
    """Run a benchmark. Options are converted to the types of the defaults."""
    main = importlib.import_module(f"tests.benchmarks.{name}").main
    known = inspect.signature(main).parameters
    arguments = {
        key: type(known[key].default)(float(value))
        if isinstance(known[key].default, int | float)
        else value
        for key, value in options.items()
    }
    result: dict[str, Any] | Iterable[dict[str, Any]] = main(**arguments)
    return [result] if isinstance(result, dict) else result


def main(arguments: list[str]) -> int:
    """Run the named benchmarks, or all, and print the results."""
    named = list(takewhile(lambda word: not word.startswith("--"), arguments))
    rest = arguments[len(named) :]
    is_smallest = rest == ["--smallest"]
    words = [] if is_smallest else rest
    pairs = zip(words[::2], words[1::2], strict=True)
    options = {key.removeprefix("--"): value for key, value in pairs}
    for name in named or names():
        # Not by a signal, whose handler would not run within Qt's event loop.
        limit = LONGEST_SMALLEST_S if is_smallest else LONGEST_S
        faulthandler.dump_traceback_later(limit, exit=True)
        for result in run(name, SMALLEST[name] if is_smallest else options):
            print(json.dumps(result), flush=True)
        faulthandler.cancel_dump_traceback_later()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
