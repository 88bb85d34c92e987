"""Models that providers serve: listings, the model menu, and the resolution of choices."""
