"""Newer model facts of a release: fetched only on the user's click, and checked by its hash."""

from __future__ import annotations

import asyncio
import hashlib
import re
from contextlib import suppress
from datetime import date
from pathlib import Path
from typing import Any, Final, NamedTuple

from desktop_app.domain.answering.chat_request import ProviderKind, ProviderProfile
from desktop_app.domain.errors import NetworkError, StorageError
from desktop_app.i18n.translation import N_

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
    from desktop_app.domain.models.renewed_facts import read_facts
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
