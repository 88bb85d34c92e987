"""Buttons and controls of choice, for every window.

Imports ui/look and other widgets.
"""
