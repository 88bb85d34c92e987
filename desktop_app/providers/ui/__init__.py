"""Providers in the settings: their address, key, network and price fields."""
