"""The table of models. Imports no other feature."""
