"""Command line of the benchmarks.

    python -m tests.benchmarks [NAME] [--OPTION VALUE …]

Prints a line of JSON for each benchmark, or for each variant that the benchmark measures. Options
are the parameters of the benchmark's `main`, such as `streaming --rate 400`.
"""

from __future__ import annotations

import importlib
import inspect
import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any


def names() -> list[str]:
    """Return the names of all benchmarks."""
    return sorted(path.stem for path in Path(__file__).parent.glob("[a-z]*.py"))


def run(name: str, options: dict[str, str]) -> Iterable[dict[str, Any]]:
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
    """Run the named benchmark, or all, and print the results."""
    wanted = arguments[:1] if arguments and not arguments[0].startswith("--") else names()
    rest = [word for word in arguments if word not in wanted]
    options = {
        key.removeprefix("--"): value for key, value in zip(rest[::2], rest[1::2], strict=True)
    }
    for name in wanted:
        for result in run(name, options):
            print(json.dumps(result), flush=True)
    return 0


sys.exit(main(sys.argv[1:]))
