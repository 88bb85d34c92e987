"""Readers for exports and configurations of other programs."""
