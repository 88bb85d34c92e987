"""The main window, what surrounds the conversation, and cards above the prompt.

Puts the other packages of `ui` together, so it may import all of them.
"""
