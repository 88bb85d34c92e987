"""The open conversation, the initial state of a new one, and the settings of their answers.

May import the backend, the services, the transcript's messages and `app.state`.
"""
