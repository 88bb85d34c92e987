"""Fuzzes a target, or all in turn, under Atheris.

    python -m tests.fuzz [TARGET] [--seconds N]

Atheris is in `packaging/requirements/fuzz.txt`. `build/fuzz/TARGET/` keeps each finding, with its
traceback in a second file. It also keeps inputs that reached new code, so that the next run
continues from them.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib.util
import subprocess
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from tests.fuzz import NAMES, load

_BUILD: Final = Path(__file__).parents[2] / "build" / "fuzz"
_TURN_S: Final = 300
"""Seconds that a target runs before the next one."""
_LONGEST_INPUT: Final = 4_096
_LONGEST_STEP_S: Final = 60
"""Seconds after which an input counts as a hang."""
_MOST_MEMORY_MB: Final = 2_048


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the turns and return 1 if anything was found."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz")
    parser.add_argument("target", nargs="?", choices=(*NAMES, "all"), default="all")
    parser.add_argument("--seconds", type=int, default=_TURN_S * len(NAMES))
    parser.add_argument("--turn", action="store_true", help=argparse.SUPPRESS)
    asked = parser.parse_args(arguments)
    if importlib.util.find_spec("atheris") is None:
        print("Atheris is not installed: pip install -r packaging/requirements/fuzz.txt")
        return 2
    if asked.turn:
        _fuzz(asked.target, asked.seconds)
        return 0
    names = NAMES if asked.target == "all" else (asked.target,)
    left = asked.seconds
    while left > 0:
        for name in names[: -(-left // _TURN_S)]:
            _take_turn(name, min(left, _TURN_S))
            left -= _TURN_S
    return _report(names)


def _take_turn(name: str, seconds: int) -> None:
    """Run a target in its own process, because libFuzzer ends the process it runs in."""
    folder = _BUILD / name
    (folder / "corpus").mkdir(parents=True, exist_ok=True)
    for seed in load(name).seeds():
        (folder / "corpus" / hashlib.sha1(seed, usedforsecurity=False).hexdigest()).write_bytes(
            seed
        )
    command = [sys.executable, "-m", "tests.fuzz", name, "--turn", "--seconds", str(seconds)]
    subprocess.run(command, check=False)


def _fuzz(name: str, seconds: int) -> None:
    """Fuzz in this process for the given time. Findings are kept and do not end the run."""
    import atheris

    with atheris.instrument_imports(include=["desktop_app"]):
        one_input = load(name).one_input
    folder = _BUILD / name

    def guarded(data: bytes) -> None:
        try:
            one_input(data)
        except Exception as error:  # noqa: BLE001 — any escaping exception is a finding
            _keep(folder, data, error)

    options = [
        f"-max_total_time={seconds}",
        f"-max_len={_LONGEST_INPUT}",
        f"-timeout={_LONGEST_STEP_S}",
        f"-rss_limit_mb={_MOST_MEMORY_MB}",
        f"-artifact_prefix={folder}/",
        "-print_final_stats=1",
        str(folder / "corpus"),
    ]
    atheris.Setup([sys.argv[0], *options], guarded)
    atheris.Fuzz()


def _keep(folder: Path, data: bytes, error: Exception) -> None:
    """Keep the shortest input for each place that raises."""
    frames = traceback.extract_tb(error.__traceback__)
    places = [f"{Path(frame.filename).name}:{frame.lineno}" for frame in frames[-3:]]
    key = hashlib.sha1(
        f"{type(error).__name__} {places}".encode(), usedforsecurity=False
    ).hexdigest()[:12]
    kept = folder / f"finding-{key}"
    if kept.exists() and kept.stat().st_size <= len(data):
        return
    kept.write_bytes(data)
    kept.with_suffix(".txt").write_text(
        "".join(traceback.format_exception(error)), errors="backslashreplace"
    )


def _report(names: Sequence[str]) -> int:
    """Print the findings so far. Return 1 if there are any."""
    kinds = ("finding-*", "timeout-*", "crash-*", "oom-*")
    found = [path for name in names for kind in kinds for path in (_BUILD / name).glob(kind)]
    inputs = [path for path in found if path.suffix != ".txt"]
    print(*inputs, sep="\n")
    return 1 if inputs else 0


if __name__ == "__main__":
    sys.exit(main())
