"""The prompt: text, attachments, model choice, completion of `/` prompts.

May import `ui.look` and `ui.widgets`.
"""
