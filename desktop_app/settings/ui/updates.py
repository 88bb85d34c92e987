"""Newer versions and model facts: asked for only by the user, got as this installation allows."""

from __future__ import annotations

import asyncio
import hashlib
import os
import re
import sys
from contextlib import suppress
from datetime import date
from pathlib import Path
from typing import Any, Final, NamedTuple

from desktop_app import __version__
from desktop_app.domain.answering.chat_request import ProviderKind, ProviderProfile
from desktop_app.domain.errors import NetworkError, StorageError, UserFacingError
from desktop_app.i18n import formatting
from desktop_app.i18n.translation import N_, paragraph, tr
from desktop_app.paths import resource_path
from desktop_app.providers.http.request_secrets import ProviderAccess
from desktop_app.providers.http.retries import AttemptError
from desktop_app.providers.http.transport import Timeouts, Transport

PROJECT_PAGE: Final = "https://github.com/repartee/repartee"
RELEASES: Final = "https://api.github.com/repos/repartee/repartee/releases"
"""The feed of releases; `latest` below it is a JSON object with the newest one's `tag_name`."""

_TAG: Final = re.compile(r"v?([0-9]{1,9}(?:\.[0-9]{1,9}){0,3})")

# By the word in the file resources/package, which packaging/build.sh writes.
_WAYS: Final = {
    "deb": N_("Download the new .deb from {page}, then run “sudo apt install ./FILE”."),
    "rpm": N_("Download the new .rpm from {page}, then run “sudo dnf install ./FILE”."),
    "appimage": N_("Download the new AppImage from {page}, and replace {file} with it."),
    "flatpak": N_("Run “flatpak update”, or install the new bundle from {page}."),
    "windows": N_("Download the new setup from {page}, and run it. Your data stays."),
}


class UpdateReport(NamedTuple):
    """The result of a check.

    Attributes:
        text: what is to be told about it, or why it is unknown.
        facts: newer model facts than those in use; None if there are none.
    """

    text: str
    facts: FactsOffer | None = None


async def update_report(facts_day: date | None = None, releases: str = RELEASES) -> UpdateReport:
    """Ask for the newest version.

    Args:
        facts_day: the day of the model facts in use.
    """
    try:
        newest, facts = await newest_release(releases)
    except UserFacingError as error:
        failure = tr("Couldn’t check for updates.")
        return UpdateReport(paragraph(failure, error.what_happened, f"{PROJECT_PAGE}/releases"))
    if facts is not None and (facts_day is None or facts.day <= facts_day):
        facts = None
    if _numbers(newest) <= _numbers(__version__):
        text = tr("This is the newest version: {version}.", version=__version__)
    else:
        news = tr("Version {version} is available; this is {own}.", version=newest, own=__version__)
        text = paragraph(news, update_way())
    if facts is not None and facts_day is not None:
        day = formatting.day(facts.day)
        news = tr(
            "There are newer prices and facts of models, of {day}; those in use are of {own}.",
            day=day,
            own=formatting.day(facts_day),
        )
        text = paragraph(text, news)
    return UpdateReport(text, facts)


async def newest_release(releases: str) -> tuple[str, FactsOffer | None]:
    """Return the newest version in the feed, and its model facts. Raises UserFacingError."""
    kind = ProviderKind.COMPATIBLE
    profile = ProviderProfile(id="", name="GitHub", kind=kind, base_url=releases, needs_key=False)
    transport = Transport(ProviderAccess(profile), Timeouts(quick_read=15, quick_total=20))
    try:
        return await transport.get_json(
            "latest", lambda release: (_version_in(release), offered_facts(release))
        )
    except AttemptError as attempt:
        raise attempt.error from None
    finally:
        await transport.aclose()


def update_way() -> str:
    """Return how this installation is updated, in a sentence."""
    mark = resource_path("package")
    if mark.is_file():
        image = os.environ.get("APPIMAGE", "")
        return tr(_WAYS[mark.read_text().strip()], page=f"{PROJECT_PAGE}/releases", file=image)
    # pipx and uv note down what they installed.
    if Path(sys.prefix, "pipx_metadata.json").exists():
        command = "pipx upgrade repartee"
    elif Path(sys.prefix, "uv-receipt.toml").exists():
        command = "uv tool upgrade repartee"
    elif resource_path("").parent.name == "desktop_app":  # in a wheel
        command = "pip install --upgrade repartee"
    else:
        command = "git pull"
    return tr("To update, run “{command}”.", command=command)


def _version_in(release: object) -> str:
    """Return the version of a release. Raises ValueError if it has none."""
    tag = release.get("tag_name") if isinstance(release, dict) else None
    match = _TAG.fullmatch(tag) if isinstance(tag, str) else None
    if match is None:
        raise ValueError("no tag with a version")
    return match[1]


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(map(int, re.findall(r"\d+", version)))


MAX_BYTES: Final = 8 << 20
"""Forty times the size of the file."""
_NAME: Final = re.compile(r"model_facts-(\d{4}-\d\d-\d\d)\.json")
_DIGEST: Final = re.compile(r"sha256:([0-9a-f]{64})")


class FactsOffer(NamedTuple):
    """A file of model facts in a release.

    Attributes:
        day: of its prices.
        sha256: the hash that the release states.
    """

    day: date
    url: str
    sha256: str


def offered_facts(release: Any) -> FactsOffer | None:
    """Return the newest file of model facts in a release with a hash; None if there is none."""
    assets = release.get("assets") if isinstance(release, dict) else None
    offers = []
    for asset in assets if isinstance(assets, list) else ():
        if not isinstance(asset, dict):
            continue
        texts = (asset.get(key) for key in ("name", "digest", "browser_download_url"))
        name, digest, url = (text if isinstance(text, str) else "" for text in texts)
        named, stated = _NAME.fullmatch(name), _DIGEST.fullmatch(digest)
        if named and stated and url:
            with suppress(ValueError):  # no day of the calendar
                offers.append(FactsOffer(date.fromisoformat(named[1]), url, stated[1]))
    return max(offers, default=None)


async def fetch_facts(offer: FactsOffer, target: Path) -> None:
    """Fetch a file of model facts, check it, and put it into the place of an earlier one.

    Raises:
        NetworkError: it cannot be fetched, or is not the file that the release states.
        StorageError: it cannot be written.
    """
    from desktop_app.domain.models.catalog_file import read_facts
    from desktop_app.providers.http.download import Downloads
    from desktop_app.providers.http.request_secrets import ProviderAccess

    profile = ProviderProfile(id="", name="", kind=ProviderKind.COMPATIBLE, needs_key=False)
    data = bytearray()
    async with Downloads(ProviderAccess(profile)).open(offer.url, 0, "") as reply:
        async for chunk in reply.chunks:
            data += chunk
            if len(data) > MAX_BYTES:
                break
    if hashlib.sha256(data).hexdigest() != offer.sha256:
        raise NetworkError(
            N_("The model facts aren’t those that the release names, and weren’t kept."),
            hint=N_("Try again later."),
        )
    try:
        await asyncio.to_thread(read_facts, bytes(data))
    except ValueError as error:
        raise NetworkError(
            N_("The model facts can’t be used by this version, and weren’t kept."),
            hint=N_("Update Repartee."),
            details=str(error),
        ) from error
    try:
        await asyncio.to_thread(_replace, target, bytes(data))
    except OSError as error:
        raise StorageError(
            N_("Couldn’t write {file}."),
            hint=N_("Check the folder’s permissions."),
            details=str(error),
            file=str(target),
        ) from error


def _replace(target: Path, data: bytes) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f"{target.name}.part")
    part.write_bytes(data)
    part.replace(target)
