"""Widgets: signals out, methods in.

One package per part of the window. May import domain, rendering, settings, commands and
PySide6; never services, storage or providers.
"""
