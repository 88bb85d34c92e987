"""The entries of the desktop's keyring, as another program sees them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager

import secretstorage


@contextmanager
def default_collection() -> Iterator[secretstorage.Collection]:
    """Open the collection that keys are stored in."""
    with closing(secretstorage.dbus_init()) as connection:
        yield secretstorage.get_default_collection(connection)


def keyring_secrets() -> dict[str, str]:
    """Return the secrets of all entries by user name."""
    with default_collection() as collection:
        items = list(collection.get_all_items())
        found = {i.get_attributes()["username"]: i.get_secret().decode() for i in items}
        assert len(found) == len(items)
        return found
