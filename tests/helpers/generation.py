"""Hypothesis strategies for generation parameters."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from desktop_app.domain.answering.generation import PARAMETER_NAMES, GenerationParameters, Overrides


def maybe(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Return a strategy of values or None."""
    return st.none() | values


EVERY_PARAMETER: dict[str, st.SearchStrategy[Any]] = {
    "temperature": maybe(st.floats(0, 2)),
    "top_p": maybe(st.floats(0, 1)),
    "max_output_tokens": maybe(st.integers(1, 128_000)),
    "verbosity": maybe(st.sampled_from(["low", "medium", "high"])),
    "reasoning_summary": maybe(st.sampled_from(["auto", "concise", "detailed"])),
    "presence_penalty": maybe(st.floats(-2, 2)),
    "frequency_penalty": maybe(st.floats(-2, 2)),
    "stop": st.lists(st.text(max_size=20), max_size=4).map(tuple),
    "service_tier": maybe(st.sampled_from(["auto", "default", "flex", "priority"])),
    "candidates": st.integers(1, 8),
    "stream": st.booleans(),
    "seed": maybe(st.integers(0, 2**31)),
    "tools": st.lists(st.sampled_from(["calculator", "a/b"]), max_size=2).map(tuple),
    "form": st.sampled_from(["", '{"kind": "regex", "name": "", "text": "[0-9]+"}']),
}
parameters = st.builds(GenerationParameters, **EVERY_PARAMETER)


def _overrides_with(
    values: GenerationParameters, names: set[str], instructions: str | None
) -> Overrides:
    found = Overrides(instructions)
    for name in names:
        found = found.with_parameter(name, getattr(values, name))
    return found


overrides = st.builds(
    _overrides_with, parameters, st.sets(st.sampled_from(sorted(PARAMETER_NAMES))), maybe(st.text())
)
