"""The model behind the conversation list: its rows, their order and their date groups."""
