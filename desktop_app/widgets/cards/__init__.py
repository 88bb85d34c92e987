"""Cards above the prompt: notifications, progress, offers."""
