"""Stands for the package of the extra “voice” where the product asks whether it is installed."""
