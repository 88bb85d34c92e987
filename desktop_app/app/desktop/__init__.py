"""How the program stands on the desktop: one window for one store."""
