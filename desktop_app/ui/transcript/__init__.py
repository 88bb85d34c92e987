"""The conversation in one text view.

`view` is the entry point. State of a message: `message_state`. Everything else by task, in
the packages below.
"""
