"""The pages of the settings panel, each built when it is first opened."""
