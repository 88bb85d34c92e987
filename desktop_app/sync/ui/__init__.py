"""Synchronization in the window: what runs by itself, and the section of the Data page."""
