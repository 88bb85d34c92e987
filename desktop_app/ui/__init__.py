"""Widgets only: signals out, methods in, no services."""
