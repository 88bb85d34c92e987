"""The transcript as assistive technology sees it: a list of messages, each a tree of its blocks.

`reading_tree` builds the tree as plain values from a message's items, `accessible_node` is its
interface in Qt, and `accessible_transcript` that of the list. They are created on demand, so that
nothing here costs anything without a screen reader.
"""
