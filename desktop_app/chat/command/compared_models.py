"""The models that a command asks the same, and the settings of their answers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from desktop_app.backend.backend import Backend
from desktop_app.chat.command import chosen_model
from desktop_app.chat.command.answer_parameters import (
    apply_folder,
    apply_preset,
    prefer_settings_of_template,
    settings_of,
    with_schema_of,
)
from desktop_app.chat.command.ask_collections import refresh_files
from desktop_app.chat.send_context import AskSettings
from desktop_app.cli.command_line import Options
from desktop_app.domain.answering.generation import PARAMETER_NAMES, Overrides
from desktop_app.domain.conversations.conversation import Folder, ModelChoice
from desktop_app.domain.models.variants import Effort
from desktop_app.providers.models.choice_resolution import ResolvedChoice, require_supported


class ComparedModels(NamedTuple):
    """The models that are asked the same, in the order of the options.

    Attributes:
        settings: for one answer without tools, which nobody could approve.
        repeats: how often each is asked.
        folder: the project that they are asked in; None for none.
    """

    settings: AskSettings
    choices: Sequence[tuple[ModelChoice, ResolvedChoice]]
    repeats: int
    folder: Folder | None

    @property
    def overrides(self) -> Overrides:
        """Return the settings as those of a table's column."""
        settings = self.settings
        return Overrides(
            settings.instructions, settings.parameters, PARAMETER_NAMES, settings.examples
        )


async def compared_models(backend: Backend, options: Options) -> ComparedModels:
    """Return the models of --variant and --model, or else the one that the settings choose.

    One that two options name is asked once.

    Raises:
        IllegalChoiceError: there is no such preset, provider or model, or it lacks the effort.
        UserFacingError: the provider's models are needed, and it cannot be reached or refuses.
    """
    specs = [*options.variant, *options.model]
    # `run_command` words errors by `from_environment`, also one of the preset.
    provider = await chosen_model.find_profile(backend, options.provider)
    options.from_environment = provider.from_environment
    single = Options(**{**vars(options), "variant": None, "model": None})
    await prefer_settings_of_template(backend, single)
    preset = await apply_preset(
        backend, single, [chosen_model.options_for(single, spec) for spec in specs]
    )
    # The model of a project does not count beside those of the options.
    folder = await apply_folder(backend, Options(**vars(single)) if specs else single)
    settings = with_schema_of(
        settings_of(await backend.values(), single, preset, folder), options.schema
    )
    await refresh_files(backend, settings.collections)
    repeats = settings.parameters.candidates
    settings = settings.for_one_answer().without_tools()
    compared = [chosen_model.options_for(single, spec) for spec in specs] or [single]
    profile = await chosen_model.answering_profile(backend, single, compared)
    options.from_environment = profile.from_environment
    choices: dict[tuple[str, Effort | None], tuple[ModelChoice, ResolvedChoice]] = {}
    for each in compared:
        choice = await chosen_model.choice_of(backend, profile, each)
        await chosen_model.fetch_window_if_uncertain(backend, profile, choice)
        await chosen_model.fetch_price_if_unknown(backend, profile, choice)
        resolved = backend.chat.resolve_with(profile, choice, settings)
        models = backend.providers.models_of(profile)
        require_supported(resolved, chosen_model.required_effort(each, choice), models)
        choices.setdefault((resolved.model.id, resolved.effort), (choice, resolved))
    return ComparedModels(settings, [*choices.values()], repeats, folder)
