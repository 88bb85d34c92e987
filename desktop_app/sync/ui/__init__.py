"""Synchronization in the window: what runs automatically, and the section of the Data page."""
