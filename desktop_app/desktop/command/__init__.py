"""`repartee desktop`: the launcher of an installation by pip, pipx, uv or AppImage."""
