"""The command line: options to `workprint.api` and back. No logic of its own."""

from workprint.cli.commands import main

__all__ = ["main"]
