"""Readers: containers of media in, (item, bytes) out. Addresses are described in `docs/formats/addresses.md`."""
