"""Answers under way: their tasks, retries and end, and what is done with those that ended.

Imports services, state, ui.
"""
