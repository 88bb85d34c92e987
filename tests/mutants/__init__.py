"""Mutation testing: changes of single expressions that the tests have to notice."""
