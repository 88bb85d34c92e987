"""Parameters of an answer, and the chain of overrides that sets them.

A value is looked up along a chain: the conversation, its folder, the defaults. Each link contains
only the values that are set there, so that "not set here" differs from "set here to the model's
default".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal

from msgspec import Meta
from msgspec.structs import replace

from desktop_app.domain.bounds import Amount, Count, converted
from desktop_app.domain.value import Value

ImageShape = Literal["square", "wide", "high"]
ImageQuality = Literal["low", "medium", "high", "auto"]
MAX_STOP_SEQUENCES: Final = 4
"""The most stop sequences that OpenAI's API accepts."""
MAX_CANDIDATES: Final = 8
"""The most answers to a question."""


class GenerationParameters(Value, frozen=True):
    """The user's parameters for an answer; None leaves the field out of the request.

    Attributes:
        candidates: the number of answers, each a version with a request of its own.
        seed: makes answers repeatable at servers that support it.
        tools: the full names of the tools that the model may call.
        image_shape, image_quality: of generated images, as in domain/tools/image_settings.py.
        read_aloud: the window reads the answer aloud; this is never sent.
        form: the schema or grammar of the answer, as `FormSource.to_setting` returns it; "" for
            none.
    """

    temperature: Amount | None = None
    top_p: Amount | None = None
    max_output_tokens: Count | None = None
    verbosity: str | None = None
    reasoning_summary: str | None = None
    presence_penalty: Amount | None = None
    frequency_penalty: Amount | None = None
    stop: tuple[str, ...] = ()
    service_tier: str | None = None
    candidates: Annotated[int, Meta(ge=1, le=MAX_CANDIDATES)] = 1
    stream: bool = True
    seed: Count | None = None
    tools: tuple[str, ...] = ()
    image_shape: ImageShape | None = None
    image_quality: ImageQuality | None = None
    form: str = ""
    read_aloud: bool = False


PARAMETER_NAMES = frozenset(GenerationParameters.__struct_fields__)
USUAL_PARAMETERS = GenerationParameters()

Examples = tuple[tuple[str, str], ...]
"""Pairs of a question and its ideal answer."""


class Overrides(Value, frozen=True):
    """The values that are set at one link of the chain.

    Attributes:
        instructions: None if not set here; "" for no instructions.
        parameters: the values of `names`; all others are the defaults, so that equal settings
            compare equal.
        names: the parameters that are set here.
        examples: pairs of a question and its ideal answer, sent before the conversation. () if not
            set here: a conversation cannot leave out its folder's examples.
    """

    instructions: str | None = None
    parameters: GenerationParameters = USUAL_PARAMETERS
    names: frozenset[str] = frozenset()
    examples: Examples = ()

    def __bool__(self) -> bool:
        return self.instructions is not None or bool(self.names) or bool(self.examples)

    def with_parameter(self, name: str, value: Any) -> Overrides:
        """Return a copy with a parameter set; None is the model's default."""
        parameters = replace(self.parameters, **{name: value})
        return replace(self, parameters=parameters, names=self.names | {name})

    def without_parameter(self, name: str) -> Overrides:
        """Return a copy with a parameter not set here."""
        parameters = replace(self.parameters, **{name: getattr(USUAL_PARAMETERS, name)})
        return replace(self, parameters=parameters, names=self.names - {name})

    def to_json(self) -> dict[str, Any]:
        """Return the settings made here, ready for JSON."""
        settings: dict[str, Any] = {
            name: getattr(self.parameters, name) for name in sorted(self.names)
        }
        if self.instructions is not None:
            settings["instructions"] = self.instructions
        if self.examples:
            settings["examples"] = [list(pair) for pair in self.examples]
        return settings

    @classmethod
    def from_json(cls, settings: Mapping[str, Any]) -> Overrides:
        """Parse the output of `to_json`; ignore unknown names, such as those of newer versions.

        Raises:
            ValueError: a value has another type, or is out of bounds.
        """
        values = {name: value for name, value in settings.items() if value is not None}
        return cls(
            instructions=converted(settings.get("instructions"), str | None),  # type: ignore[arg-type]
            parameters=converted(values, GenerationParameters),
            names=frozenset(settings) & PARAMETER_NAMES,
            examples=converted(settings.get("examples", ()), Examples),
        )


def resolve_overrides(
    default_instructions: str, default_parameters: GenerationParameters, *chain: Overrides
) -> tuple[str, GenerationParameters]:
    """Return each value from the first link that sets it, else the default.

    Args:
        chain: the overrides of the conversation, then those of its folder.
    """
    instructions, parameters = default_instructions, default_parameters
    for link in reversed(chain):
        settings = {name: getattr(link.parameters, name) for name in link.names}
        parameters = replace(parameters, **settings)
        instructions = instructions if link.instructions is None else link.instructions
    return instructions, parameters


def examples_of(*chain: Overrides) -> Examples:
    """Return the examples of the first link that has any."""
    return next((link.examples for link in chain if link.examples), ())
