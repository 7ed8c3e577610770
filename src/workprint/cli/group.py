"""The command group: help, exit codes, and errors as one sentence."""

from __future__ import annotations

import os
import sys
from typing import Any, NoReturn

import click

from workprint import __version__
from workprint.errors import UsageError, WorkprintError

NOTHING_TO_ACT_ON, FINDINGS, USAGE, FAILED, INCOMPLETE = range(5)
ENDED_BY_READER = 128 + 13
"""What a shell says of a program that SIGPIPE ended."""


class Commands(click.Group):
    """Commands in the order of their use; errors as one sentence, with the design's exit codes."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 (click's signature)
        """In the order in which they were added."""
        return list(self.commands)

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command; what is raised on purpose is told in a sentence."""
        try:
            try:
                return super().invoke(ctx)
            finally:
                sys.stdout.flush()  # else what is left is written, and refused, when nobody can say so any more
        except BrokenPipeError:
            _leave_quietly()
        except UsageError as error:
            _fail(error, USAGE)
        except WorkprintError as error:
            _fail(error, FAILED)
        except OSError as error:
            _fail(error, FAILED)


def _leave_quietly() -> NoReturn:
    """Whoever read the output (`| head`) has seen enough."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    sys.exit(ENDED_BY_READER)


def _fail(error: Exception, code: int) -> NoReturn:
    click.echo(f"workprint: {printable(str(error))}", err=True)
    sys.exit(code)


def printable(text: str) -> str:
    """Text from files and datasets, without what a terminal would take for commands."""
    return "".join(char if char.isprintable() else f"\\x{ord(char):02x}" for char in text)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(__version__, prog_name="workprint")
def main() -> None:
    """Are these creators' works in this training dataset, and was that permitted?

    \b
    At home, once:     workprint index ~/illustrations -o mine.workprint --creator "Ada Lumen" --terms terms.yaml
    For each dataset:  workprint scan DATASET -p mine.workprint -o results
    To see it work:    workprint demo

    \b
    Exit codes: 0 nothing to act on, 1 findings at or above --fail-on, 2 usage, 3 the run failed,
    4 incomplete (some items could not be read, and --allow-failures was not given).
    """
