"""The composition of the window by its areas: each creates its controllers and connects them."""
