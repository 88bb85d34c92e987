"""How an answer is to be made: what is set for it, and where.

What holds for an answer is found along a chain: the conversation's own settings come before what
it lies in, and that before the defaults. Each link says only what is set there, so that "not set
here" and "set here to what the model does by itself" are two things.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any


@dataclass(frozen=True)
class GenerationParameters:
    """What the person set for the answer; None leaves the field out of the request.

    `candidates` is how many answers are asked for at once; each becomes a version of its own.
    """

    temperature: float | None = None
    top_p: float | None = None
    max_output_tokens: int | None = None
    verbosity: str | None = None
    reasoning_summary: str | None = None
    presence_penalty: float | None = None
    frequency_penalty: float | None = None
    stop: tuple[str, ...] = ()
    service_tier: str | None = None
    candidates: int = 1
    stream: bool = True


NAMES = frozenset(field.name for field in fields(GenerationParameters))
_PLAIN = GenerationParameters()


@dataclass(frozen=True)
class Overrides:
    """One link of the chain.

    Attributes:
        instructions: None where not set here; "" sets that there are none.
        names: the parameters that are set here; of the others, `parameters` says nothing.
    """

    instructions: str | None = None
    parameters: GenerationParameters = _PLAIN
    names: frozenset[str] = frozenset()

    def __bool__(self) -> bool:
        return self.instructions is not None or bool(self.names)

    def setting(self, name: str, value: Any) -> Overrides:
        """These, with the parameter of this name set; None is the model's own default."""
        parameters = replace(self.parameters, **{name: value})
        return replace(self, parameters=parameters, names=self.names | {name})

    def without(self, name: str) -> Overrides:
        """These, with the parameter of this name not set here."""
        parameters = replace(self.parameters, **{name: getattr(_PLAIN, name)})
        return replace(self, parameters=parameters, names=self.names - {name})

    def to_json(self) -> dict[str, Any]:
        """What is set here, ready for JSON."""
        said: dict[str, Any] = {name: getattr(self.parameters, name) for name in sorted(self.names)}
        return said if self.instructions is None else {**said, "instructions": self.instructions}

    @classmethod
    def from_json(cls, said: Mapping[str, Any]) -> Overrides:
        """The reverse of `to_json`; names that are unknown here (a newer version's) are left aside."""
        values = {name: value for name, value in said.items() if name in NAMES}
        if "stop" in values:
            values["stop"] = tuple(values["stop"])
        return cls(said.get("instructions"), replace(_PLAIN, **values), frozenset(values))


def resolved(
    instructions: str, parameters: GenerationParameters, *chain: Overrides
) -> tuple[str, GenerationParameters]:
    """What holds: for each setting the first link of `chain` that sets it, else the default.

    Args:
        instructions, parameters: the defaults, where the chain ends.
        chain: the nearest first: the conversation's own, then what it lies in.
    """
    for link in reversed(chain):
        said = {name: getattr(link.parameters, name) for name in link.names}
        parameters = replace(parameters, **said)
        instructions = instructions if link.instructions is None else link.instructions
    return instructions, parameters
