"""The composition root without Qt: builds stores, services and providers.

May import everything but `cli`, `app`, `ui` and Qt.
"""
