"""Rights signals in media files and beside them: what they say, never what follows from it."""
