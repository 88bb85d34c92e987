"""The state that controllers share, each part with its own signals.

Objects change their own state only. They import the backend and the services, no controller.
"""
