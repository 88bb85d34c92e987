"""Cards above the prompt: notifications, progress, offers.

Imports ui/look, ui/widgets, domain.
"""
