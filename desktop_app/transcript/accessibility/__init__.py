"""The transcript as assistive technology sees it: a list of messages, each a tree of its blocks.

`reading_tree` builds the tree of a message as plain values, `accessible_node` presents the tree to
Qt, and `accessible_transcript` presents the list. Both are created on demand, so that they cost
nothing without a screen reader.
"""
