"""Stored evaluations in the window. Imports no other feature."""
