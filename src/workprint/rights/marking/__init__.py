"""Writing rights metadata into copies of a creator's files. Containers are edited; no pixel or sample is touched."""
