"""What earlier versions stored as sentences: errors and notices.

Imports domain only.
"""
