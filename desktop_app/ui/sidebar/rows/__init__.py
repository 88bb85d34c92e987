"""The model behind the conversation list: its rows, their order and their date groups.

May import `ui.look` and `ui.widgets`.
"""
