"""Models: variants, efforts, the catalog, supported parameters.

May import the rest of `domain`.
"""
