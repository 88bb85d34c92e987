"""Find in the conversation: bar, matches, counting."""
