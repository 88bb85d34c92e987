"""The thin seam between the use cases and the widgets."""
