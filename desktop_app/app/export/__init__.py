"""Export and printing, in processes of their own. Imports no other feature."""
