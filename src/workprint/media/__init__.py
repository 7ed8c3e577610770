"""From bytes to pictures and sound, with every cost bounded."""
