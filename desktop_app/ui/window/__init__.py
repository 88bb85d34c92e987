"""The main window, the panes around the conversation, and the cards above the prompt.

Combines the other packages of `ui`, so it may import all of them.
"""
