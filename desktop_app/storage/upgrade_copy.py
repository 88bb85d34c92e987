"""Copies of a store from before its upgrade to this version's schema, so that one can go back.

A copy is the file as it was, which the earlier version opens. It is removed after a week, and on
another day than the first that is so late: a clock that leaps ahead and back removes none. When it
was made is in its name. Its file's time is that of the copy, then the time at which its week was
over for the first time.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final, NamedTuple

from desktop_app.domain import hints
from desktop_app.domain.errors import NoRoomForCopyError, StoreFullError
from desktop_app.domain.lazy_pattern import lazy_pattern
from desktop_app.i18n.formatting import short_date
from desktop_app.i18n.translation import N_, tr
from desktop_app.storage.private_files import copy_private
from desktop_app.storage.storage_errors import translate_errors
from desktop_app.storage.store_lock import UPGRADE_PREFIX
from desktop_app.system import sync

_KEPT: Final = timedelta(days=7)
_DAY: Final = timedelta(days=1)
_TIME: Final = "%Y%m%d-%H%M%S"
_NAME: Final = lazy_pattern(r".*\.before-upgrade-(\d{8}-\d{6})-(\d+)\.sqlite3")


class UpgradeCopy(NamedTuple):
    """A copy.

    Attributes:
        made: the local time.
        version: the version of its schema.
    """

    path: Path
    made: datetime
    version: int

    @property
    def sentence(self) -> str:
        return tr(
            "Your library from before its upgrade is kept until {date} ({file}). "
            "“repartee restore --before-upgrade” goes back to it.",
            file=str(self.path),
            date=short_date((self.made + _KEPT).date()),
        )


def upgrade_copies(database: Path) -> list[UpgradeCopy]:
    """Return the copies of a store, the newest first."""
    found = []
    for path in database.parent.glob(f"{database.stem}.before-upgrade-*.sqlite3"):
        with suppress(ValueError):  # no time
            if match := _NAME.fullmatch(path.name):
                made = datetime.strptime(match[1], _TIME)  # noqa: DTZ007 - local, as is its name
                found.append(UpgradeCopy(path, made, int(match[2])))
    return sorted(found, key=lambda copy: copy.made, reverse=True)


@contextmanager
def copy_kept(database: Path, version: int) -> Iterator[None]:
    """Copy a store of an earlier version before the block migrates it.

    The store is closed and has no log, and the caller has its lock. If the block fails, the copy is
    removed. An earlier copy of this version is of an upgrade that did not end, or that was gone
    back from.

    Raises:
        NoRoomForCopyError: the disk is too full for the copy, or for the block beside it.
        StorageError: the file cannot be copied.
    """
    former = [copy.path for copy in upgrade_copies(database) if copy.version == version]
    name = f"{database.stem}.before-upgrade-{datetime.now():{_TIME}}-{version}.sqlite3"  # noqa: DTZ005
    copy = database.with_name(name)
    try:
        with translate_errors(str(database)):
            with tempfile.TemporaryDirectory(dir=database.parent, prefix=UPGRADE_PREFIX) as scratch:
                copy_private(database, Path(scratch) / name)
                (Path(scratch) / name).replace(copy)
            sync(database.parent)
            for path in former:
                if path != copy:
                    path.unlink(missing_ok=True)
            try:
                yield
            except BaseException:
                copy.unlink()
                raise
    except StoreFullError as error:
        raise NoRoomForCopyError(
            N_("The disk is too full to keep a copy of {place} before upgrading it."),
            hint=hints.FREE_SPACE_FOR_COPY,
            details=error.details,
            place=str(database),
            size=-(-4 * database.stat().st_size >> 20),  # the upgrade may write it twice
        ) from error


def remove_expired_copies(database: Path) -> None:
    """Remove the copies that have been kept for a week; see the module."""
    now = datetime.now()  # noqa: DTZ005
    for copy in upgrade_copies(database):
        with suppress(OSError):  # the next start tries again
            noted = datetime.fromtimestamp(copy.path.stat().st_mtime)  # noqa: DTZ006
            is_over = copy.made + _KEPT <= now
            if is_over != (copy.made + _KEPT <= noted <= now):
                os.utime(copy.path, (now.timestamp(), now.timestamp()))
            elif is_over and noted + _DAY <= now:
                copy.path.unlink()
