"""`repartee eval`: the same cases asked of several models, their answers checked and compared."""
