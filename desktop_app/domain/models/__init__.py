"""Models: variants, efforts, the catalog, supported parameters."""
