"""The seam between services and widgets: controllers, one package per feature.

May import everything; the only place of qasync.
"""
