"""The quick prompt in the running program.

Of the other features it imports shared objects of `answers`, `attachments`, `chat` and `library`,
and the limit of files in `desktop.window_request`. `quick_host` is a part of the window's
composition.
"""
