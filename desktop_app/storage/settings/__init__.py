"""Settings, provider profiles, prompts, presets, model listings and token rates.

May import `storage.database` and the row conversions of `storage.conversations`.
"""
