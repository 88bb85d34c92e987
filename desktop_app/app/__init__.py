"""The layer between services and widgets: controllers, with a package per feature.

May import everything; the only place that uses qasync.
"""
