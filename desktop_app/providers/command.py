"""`repartee models`: the models of all providers, and the known facts about each."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any, Final

from desktop_app.chat.command.chosen_model import fetch_listing_if_stale, find_profile
from desktop_app.cli import console
from desktop_app.cli.command_setup import open_backend, run_command
from desktop_app.cli.exit_code import ExitCode
from desktop_app.domain.answering.chat_request import ProviderKind
from desktop_app.domain.cost import exact_digits
from desktop_app.domain.errors import UserFacingError
from desktop_app.features import imported, subcommands
from desktop_app.i18n import formatting
from desktop_app.i18n.translation import tr, tr_context, tr_plural
from desktop_app.providers.arguments import ALL
from desktop_app.providers.models.model_menu import favorites_in, model_rows

if TYPE_CHECKING:
    from collections.abc import Sequence
    from decimal import Decimal

    from desktop_app.backend.backend import Backend
    from desktop_app.cli.command_line import Options
    from desktop_app.domain.answering.chat_request import ProviderProfile
    from desktop_app.domain.models.model_entry import ModelRow

_MAX_NAME_CHARS: Final = 60


def run_models(options: Options) -> int:
    if options.action != ALL:
        status: int = imported(dict(subcommands("models"))[options.action].run)(options)
        return status
    return run_command(_show_models(options), options)


async def _show_models(options: Options) -> int:
    rows, notices = await _read_rows(options)
    for notice in notices:
        console.write_diagnostic(notice)
    if options.json:
        console.write_json({"models": [_fields(row) for row in rows], "notices": notices})
    else:
        is_whole = options.all or options.words
        shown = [row for row in rows if is_whole or not row.is_older]
        _write_table(shown)
        if older := len(rows) - len(shown):
            command = "repartee models --all"
            text = tr_plural("{count} older model: {command}", "{count} older models: {command}",
                             older, command=command)  # fmt: skip
            console.write_diagnostic(text)
    if not rows and options.words:
        console.write_diagnostic(tr("No matches"))
        return ExitCode.FAILED
    return 0


async def _read_rows(options: Options) -> tuple[list[ModelRow], list[str]]:
    async with open_backend() as backend:
        await backend.listings.load()
        backend.local_models.use(await backend.settings.all())
        await backend.local_models.refresh()
        if options.provider:
            profiles = [await find_profile(backend, options.provider)]
        else:
            profiles = await backend.providers.usable()
        notices = [console.terminal_error_text(problem) for problem in backend.catalog.problems]
        notices += [why for p in profiles if (why := await _refresh(backend, p))]
        favorites = favorites_in(await backend.settings.all())
        rows = [
            row
            for profile in profiles
            for row in model_rows(
                backend.providers.models_of(profile),
                date.today(),  # noqa: DTZ011 — the user's day
                on_device_model=backend.providers.on_device_model,
                favorites=favorites,
            )
        ]
    return [row for row in rows if row.matches(" ".join(options.words))], notices


async def _refresh(backend: Backend, profile: ProviderProfile) -> str:
    """Fetch the list of models, unless it is fresh. Return why that failed, or ""."""
    if profile.kind is ProviderKind.ON_DEVICE:
        return ""
    try:
        await fetch_listing_if_stale(backend, profile)
    except TimeoutError:
        return tr("{provider} didn’t list its models in time.", provider=profile.short_name)
    except UserFacingError as error:
        return console.terminal_error_text(error, from_environment=profile.from_environment)
    return ""


def _fields(row: ModelRow) -> dict[str, Any]:
    price = row.price
    user_entries = row.user_entries
    cached = None if price is None else price.cached_input
    return {
        "provider": row.provider_id,
        "model": row.model,
        "name": row.name,
        "variant": row.variant.value if row.variant else None,
        "window": row.window,
        "max_output": row.max_output,
        "input_usd": None if price is None else exact_digits(price.input),
        "cached_input_usd": None if cached is None else exact_digits(cached),
        "output_usd": None if price is None else exact_digits(price.output),
        "images": row.images,
        "tools": row.tools,
        "reasoning": row.reasoning,
        "efforts": None if row.efforts is None else [effort.value for effort in row.efforts],
        "structured_output": row.schema,
        "older": row.is_older,
        "ends": row.end_date.isoformat() if row.end_date else None,
        "favorite": row.is_favorite,
        "edited": user_entries is not None and not user_entries.is_empty,
    }


def _write_table(rows: Sequence[ModelRow]) -> None:
    names = [
        f"{'*' if row.is_favorite else ' '} {console.clean_line(row.name)}" for row in rows
    ]  # whole names, which can be copied to --model
    provider_names = [console.clean_line(row.provider_name) for row in rows]
    width = min(max(map(len, [*names, *provider_names]), default=0), _MAX_NAME_CHARS)
    heads = (tr("Window"), tr("Input"), tr("Cached"), tr("Output"))
    figures = [_figures(row) for row in rows]
    widths = [max(8, *map(len, column)) for column in zip(heads, *figures, strict=True)]
    provider = ""
    for row, name, provider_name, cells in zip(rows, names, provider_names, figures, strict=True):
        if row.provider_id != provider:
            provider = row.provider_id
            console.write_line(f"{provider_name:<{width}}  {_align_cells(heads, widths)}")
        line = f"{name:<{width}}  {_align_cells(cells, widths)}  {_abilities(row)}"
        console.write_line(line.rstrip())


def _figures(row: ModelRow) -> tuple[str, ...]:
    price = row.price
    return (
        _unknown() if row.window is None else formatting.tokens(row.window),
        _money(price.input if price else None),
        _money(price.cached_input if price else None),
        _money(price.output if price else None),
    )


def _align_cells(cells: Sequence[str], widths: Sequence[int]) -> str:
    return "  ".join(f"{cell:>{width}}" for cell, width in zip(cells, widths, strict=True))


def _money(amount: Decimal | None) -> str:
    return _unknown() if amount is None else formatting.money(amount)


def _unknown() -> str:
    return tr_context("value", "unknown")


def _abilities(row: ModelRow) -> str:
    capabilities = (
        (tr("images"), row.images),
        (tr("tools"), row.tools),
        (tr("reasoning"), row.reasoning),
        (tr("structured output"), row.schema),
    )
    abilities = [ability for ability, is_supported in capabilities if is_supported]
    if row.end_date is not None:
        has_ended = row.end_date <= date.today()  # noqa: DTZ011 — the user's day
        day = formatting.day(row.end_date)
        abilities.append(
            tr("shut down on {day}", day=day) if has_ended else tr("ends on {day}", day=day)
        )
    return ", ".join(abilities)
