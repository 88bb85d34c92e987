"""The providers of this user: their clients and profiles, and what their replies taught."""
