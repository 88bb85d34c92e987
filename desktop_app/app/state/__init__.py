"""The state that controllers share, each part with its own signals.

The objects change only their own state. They import the backend and the services, never a
controller.
"""
