"""Export and printing, in processes of their own. Imports `answers`, no other feature."""
