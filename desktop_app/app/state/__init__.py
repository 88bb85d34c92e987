"""The state that controllers share, each part with its own signals.

The objects change only their own state; `MessagePresenter` also shows it in the transcript. They
import the backend and the services, never a controller.
"""
