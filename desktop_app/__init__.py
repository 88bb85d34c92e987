"""Repartee: a desktop assistant for the GPT-5.2 family and for models on the user's computer."""

__version__ = "0.2.0"
