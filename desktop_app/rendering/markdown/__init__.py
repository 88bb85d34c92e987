"""The Markdown that models write, parsed into blocks and runs.

May import `block_model`.
"""
