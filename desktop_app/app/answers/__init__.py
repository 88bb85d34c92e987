"""Running answers: tasks, retries, endings. Finished ones: verdicts, JSON, servers to retry.

Imports services, state, ui.
"""
