"""The settings of an answer, from the options of a command."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from desktop_app.backend.answer_settings import ask_settings
from desktop_app.backend.preset_loader import preset_named, with_built_in
from desktop_app.chat.command.chosen_model import answering_profile
from desktop_app.chat.command.form_options import read_text_file
from desktop_app.domain import hints
from desktop_app.domain.answering.generation import MAX_STOP_SEQUENCES, Overrides
from desktop_app.domain.errors import IllegalChoiceError
from desktop_app.i18n.translation import N_

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from desktop_app.backend.backend import Backend
    from desktop_app.chat.send_context import AskSettings
    from desktop_app.cli.command_line import Options
    from desktop_app.prompts.preset import Preset

MAX_INSTRUCTIONS_BYTES: Final = 4 * 1024 * 1024
"""The largest file with instructions: more than any model takes."""
# The parameters whose options have another name, by that name.
_PARAMETER_NAMES: Final = {"max_tokens": "max_output_tokens", "n": "candidates"}
_PARAMETER_OPTIONS: Final = ("temperature", "top_p", "max_tokens", "stop", "verbosity", "n", "seed")


async def apply_preset(
    backend: Backend, options: Options, compared: Sequence[Options] = ()
) -> Preset | None:
    """Return the preset that the options name, and fill its choices into the options.

    The choices are provider, variant, model and effort. Options that the user gave are kept. A
    provider without variants does not get the preset's variant. A variant that the user gave
    without an effort gets the preset's effort, or the nearest that it supports. Without --preset,
    return None.

    Args:
        compared: the options of each answer, if several are compared.

    Raises:
        IllegalChoiceError: there is no preset or provider of that name.
        UserFacingError: the provider's models are needed, and it cannot be reached or refuses.
    """
    if options.preset is None:
        return None
    presets = with_built_in(await backend.prompts.presets())
    preset = preset_named(options.preset, presets)
    if preset is None:
        preset_names = ", ".join(p.name for p in presets)
        raise IllegalChoiceError(
            N_("There is no preset “{preset}”."),
            hint=hints.LIST_AVAILABLE,
            preset=options.preset,
            known=preset_names,
        )
    if options.provider is None and preset.provider_id:
        options.provider = preset.provider_id
    profile = await answering_profile(backend, options, compared)
    is_model_unset = options.model is None and options.variant is None
    uses_preset_model = is_model_unset and bool(preset.model or profile.serves_gpt_family)
    is_variant = options.model is None and profile.serves_gpt_family
    if (uses_preset_model or is_variant) and options.effort is None and preset.effort is not None:
        options.effort = preset.effort.value
        options.has_preset_effort = True
    if uses_preset_model:
        options.variant = preset.variant.value if preset.variant else None
        options.model = preset.model or None
    return preset


def settings_of(values: Mapping[str, Any], options: Options, preset: Preset | None) -> AskSettings:
    """Return the settings of an answer: the options, then the preset, then the user's settings.

    Only --n and the preset ask for several answers; the user's setting does not count.

    Raises:
        IllegalChoiceError: the file with instructions cannot be read, or --stop is given too often.
    """
    overrides = _overrides(options)
    chain = (overrides,) if preset is None else (overrides, preset.overrides)
    requested = overrides.names | (preset.overrides.names if preset else frozenset())
    settings = replace(ask_settings(values, *chain), requested=requested)
    return settings if "candidates" in requested else settings.for_one_answer()


def _overrides(options: Options) -> Overrides:
    if len(options.stop) > MAX_STOP_SEQUENCES:
        raise IllegalChoiceError(
            N_("At most {most} stop sequences are supported."),
            hint=N_("Use --stop less often."),
            most=MAX_STOP_SEQUENCES,
        )
    instructions = options.instructions
    if options.system is not None:
        instructions = read_text_file(
            options.system,
            MAX_INSTRUCTIONS_BYTES,
            N_("Can’t read the instructions in {file}."),
            N_("Choose a UTF-8 text file of at most 4 MB."),
        )
    overrides = Overrides(instructions)
    for name in _PARAMETER_OPTIONS:
        value = getattr(options, name)
        if value is not None and value != []:
            overrides = overrides.with_parameter(
                _PARAMETER_NAMES.get(name, name), tuple(value) if name == "stop" else value
            )
    return overrides
