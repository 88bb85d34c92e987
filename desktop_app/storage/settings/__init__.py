"""Settings, provider profiles, prompts, presets and model listings.

May import `storage.database`.
"""
