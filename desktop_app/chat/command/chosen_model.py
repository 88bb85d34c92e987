"""The provider and the model that a command's options choose."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Final

from desktop_app.backend.backend import Backend
from desktop_app.cli.command_line import EFFORTS, VARIANTS, Options
from desktop_app.cli.command_setup import expand_path
from desktop_app.cli.console import write_note
from desktop_app.domain import errors, hints
from desktop_app.domain.answering.chat_request import ProviderKind, ProviderProfile
from desktop_app.domain.conversations.conversation import ModelChoice
from desktop_app.domain.models.variants import Effort, Variant
from desktop_app.i18n.translation import N_, tr
from desktop_app.providers.models.choice_resolution import ON_DEVICE_MODEL
from desktop_app.providers.models.model_menu import family_models

MIN_COMPARED: Final = 2
MAX_COMPARED: Final = 4
_LISTING_TIMEOUT_S = 10.0  # commands then continue without the list
_NEEDED_LISTING_TIMEOUT_S = 30.0  # gateways ask every server behind them
_NAME_MODEL: Final = N_("Name one with --model.")
# If the list of models fails with one of these, the question would fail, too.
_FATAL_ERRORS = (
    errors.NetworkError,
    errors.AuthenticationError,
    errors.RateLimitedError,
    errors.QuotaExhaustedError,
    errors.RequestRefusedError,  # a gateway wants a header
    errors.WebPageError,  # the address is wrong
)


async def find_profile(backend: Backend, name: str | None) -> ProviderProfile:
    """Return the provider that a command names, or the default provider without a name.

    Raises:
        IllegalChoiceError: there is no provider of that name.
    """
    profiles = await backend.providers.profiles()
    if name is None:
        return await backend.providers.default_profile(await backend.values(), profiles)
    folded_name = name.casefold().replace("_", "-")
    for profile in profiles:
        names = (profile.id, profile.id.removeprefix("env-"), profile.name, profile.kind.value)
        if folded_name in (known_name.casefold().replace("_", "-") for known_name in names):
            return profile
    known_ids = ", ".join(profile.id for profile in profiles)
    raise errors.IllegalChoiceError(
        N_("There is no provider “{provider}”."),
        hint=hints.LIST_AVAILABLE,
        provider=name,
        known=known_ids,
    )


async def answering_profile(
    backend: Backend, options: Options, compared: Sequence[Options] = ()
) -> ProviderProfile:
    """Return the provider that a command names, or else the default one.

    Fetch a compatible server's list of models if neither its settings nor the command name a model.

    Args:
        compared: the options of each answer, if several are compared.

    Raises:
        IllegalChoiceError: there is no provider of that name.
        UserFacingError: the list is needed, and the server cannot be reached or refuses.
    """
    profile = await find_profile(backend, options.provider)
    if profile.kind is not ProviderKind.COMPATIBLE or profile.models:
        return profile
    compared = compared or [options]
    if any(each.variant for each in compared) and profile.from_environment:
        # By --variant, the user states that the provider has the variants.
        return backend.providers.set_models(profile, family_models(backend.catalog))
    if all(each.model for each in compared):
        return profile
    try:
        await fetch_listing_if_stale(backend, profile, _NEEDED_LISTING_TIMEOUT_S)
    except _FATAL_ERRORS:
        raise
    except TimeoutError as error:
        raise errors.NetworkError(
            N_("{provider} didn’t list its models in time."),
            hint=_NAME_MODEL,
            provider=profile.short_name,
        ) from error
    except errors.ProviderError:
        return profile  # the server sends no list of models
    return await find_profile(backend, options.provider)


async def fetch_window_if_uncertain(
    backend: Backend, profile: ProviderProfile, choice: ModelChoice
) -> None:
    """Fetch the server's models if the model's context window is unknown or may be smaller there.

    Needed before a document is sent, except to the GPT family, whose context windows are known.
    Errors are ignored, because the question reports them.
    """
    info = backend.catalog.info(choice.model)
    is_family = choice.variant is not None or info.variant is not None
    is_uncertain = info.input_limit is None or profile.kind is ProviderKind.COMPATIBLE
    if is_family or not is_uncertain or profile.kind is ProviderKind.ON_DEVICE:
        return
    with suppress(errors.UserFacingError, TimeoutError):
        await fetch_listing_if_stale(backend, profile)


async def fetch_price_if_unknown(
    backend: Backend, profile: ProviderProfile, choice: ModelChoice
) -> None:
    """Fetch a gateway's model list if the catalog does not know the model's price."""
    is_unlisted = (
        profile.kind is ProviderKind.COMPATIBLE and backend.listings.known_listing(profile) is None
    )
    if is_unlisted and backend.chat.resolve(profile, choice).price is None:
        with suppress(errors.UserFacingError, TimeoutError):
            await fetch_listing_if_stale(backend, profile)


async def fetch_listing_if_stale(
    backend: Backend, profile: ProviderProfile, timeout_s: float = _LISTING_TIMEOUT_S
) -> None:
    """Fetch the list of models, unless it is fresh. Raises UserFacingError, TimeoutError."""
    if not backend.listings.is_fresh(profile):
        async with asyncio.timeout(timeout_s):
            await backend.listings.fetch(profile)


async def choice_of(backend: Backend, profile: ProviderProfile, options: Options) -> ModelChoice:
    """Return the model choice from --variant, --effort and --model.

    Without --model, it is a variant at a provider that serves the GPT family. Elsewhere it is the
    local model, the profile's first model, or the first chat model of the server's list.

    Raises:
        IllegalChoiceError: the options contradict each other, the provider does not offer the
            choice, or no model is known.
    """
    if profile.kind is ProviderKind.ON_DEVICE:
        await backend.local_models.refresh()
    choice = backend.providers.default_choice(profile, await backend.values())
    effort = Effort(options.effort) if options.effort else choice.effort
    if options.model and options.variant:
        raise errors.IllegalChoiceError(N_("Choose either a variant or a model, not both."))
    if options.model:
        model = replace_invalid_utf8(options.model)
        if profile.kind is ProviderKind.ON_DEVICE:
            model = _use_local_model(backend, model)
        return ModelChoice(profile.id, model, None, effort if options.effort else None)
    if options.variant and not profile.serves_gpt_family:
        is_local = profile.kind is ProviderKind.ON_DEVICE
        raise errors.IllegalChoiceError(
            N_("The local model isn’t a GPT-5.2 model.")
            if is_local
            else N_("{provider} has no GPT-5.2 models."),
            hint=N_(
                "Choose another --provider, add an API key in the window, or set OPENAI_API_KEY."
            ),
            provider=profile.name,
        )
    if not choice.model and choice.variant is None:
        raise errors.IllegalChoiceError(
            N_("{provider} has no default model."), hint=_NAME_MODEL, provider=profile.short_name
        )
    if choice.model and not profile.models and profile.kind is ProviderKind.COMPATIBLE:
        write_note(
            tr(
                "Using {model}, the first chat model of {provider}. Name another with --model.",
                model=choice.model,
                provider=profile.short_name,
            )
        )
    variant = Variant(options.variant) if options.variant else choice.variant
    return replace(choice, variant=variant, effort=effort)


def options_for(options: Options, spec: str) -> Options:
    """Return the options of the answer that `spec` names: VARIANT[/EFFORT] or MODEL[/EFFORT]."""
    name, _, effort = spec.rpartition("/")
    if not name or effort not in EFFORTS:
        name, effort = spec, ""
    is_variant = name in VARIANTS
    fields = vars(options) | {
        "variant": name if is_variant else None,
        "model": None if is_variant else name,
        "effort": effort or options.effort,
        "has_preset_effort": options.has_preset_effort and not effort,
    }
    return type(options)(**fields)


def require_comparable(specs: Sequence[str], repeats: int | None) -> None:
    """Raise IllegalChoiceError unless two to four choices are compared, and --n is at most 1."""
    if (repeats or 1) > 1:
        raise errors.IllegalChoiceError(
            N_("--compare asks each choice for one response."),
            hint=N_("Leave out --n or --compare."),
        )
    if not MIN_COMPARED <= len(specs) <= MAX_COMPARED:
        raise errors.IllegalChoiceError(
            N_("--compare needs {fewest} to {most} choices."),
            hint=N_("Use --compare once for each choice."),
            fewest=MIN_COMPARED,
            most=MAX_COMPARED,
        )


def required_effort(options: Options, choice: ModelChoice) -> Effort | None:
    """Return the effort that the command line names, which the model must support; else None.

    An effort from a preset is not required: the nearest supported one replaces it.
    """
    return choice.effort if options.effort and not options.has_preset_effort else None


def _use_local_model(backend: Backend, model: str) -> str:
    """Use the built-in model, a model on this computer, or a GGUF file. Return the model's id."""
    local = backend.local_models
    path = expand_path(model).absolute()
    file = local.find(model)
    if model == ON_DEVICE_MODEL:
        local.weights = None
    elif file is not None:
        local.weights = Path(file.path)
    elif path.suffix.lower() == ".gguf":
        local.weights = path
    else:
        raise errors.IllegalChoiceError(
            N_("There is no local model “{model}”."),
            hint=N_("“repartee models list” shows those on this computer. A path works, too."),
            model=model,
        )
    return backend.providers.on_device_model


def replace_invalid_utf8(text: str) -> str:
    """Replace invalid UTF-8, which arrives as surrogates that no database accepts."""
    return os.fsencode(text).decode("utf-8", "replace")
