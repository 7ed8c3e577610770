"""The options that several commands share."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import click

from workprint.model import Box, Depth, Level, Outcome, Segment, TimeSpan, Use

NEVER = "never"
PATH: Any = click.Path(path_type=Path)
PORTFOLIO: Any = click.Path(path_type=Path)


OUTCOMES = click.option(
    "--outcome", "outcomes", type=click.Choice([outcome.value for outcome in Outcome]), multiple=True,
    default=(Outcome.PROHIBITED.value,), show_default=True,
    help="Take out items with a finding of this outcome. May be given several times.",
)  # fmt: skip


def choice(names: Iterable[str]) -> click.Choice[str]:
    """One of the values of a vocabulary, as it is written in files."""
    return click.Choice([str(name) for name in names])


class Region(click.ParamType[Any]):
    """`posters/sea.png=0.8,0.9,1,1` or `line.flac=12.5,20` as a work's id and a box or time span."""

    name = "region"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, Segment]:
        """Take it apart, or say what it should look like."""
        work, _, place = str(value).rpartition("=")
        try:
            numbers = [float(number) for number in place.split(",")]
        except ValueError:
            numbers = []
        rising = len(numbers) in (2, 4) and all(
            low < high for low, high in zip(numbers, numbers[len(numbers) // 2 :], strict=False)
        )
        if not work or not rising or min(numbers) < 0 or (len(numbers) == 4 and max(numbers) > 1):
            self.fail(
                f"{value!r} is not WORK=LEFT,TOP,RIGHT,BOTTOM, fractions from 0 to 1, or WORK=START,END, seconds, "
                "with rising numbers",
                param,
                ctx,
            )
        return work, TimeSpan(*numbers) if len(numbers) == 2 else Box(*numbers)


REGION = Region()


def with_options(*options: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Several options as one decorator."""

    def decorated(function: Any) -> Any:
        for option in reversed(options):
            function = option(function)
        return function

    return decorated


READER = with_options(
    click.option("--reader", help="Name of the dataset reader. Default: recognised by content."),
    click.option("--media-root", default="", metavar="FOLDER",
                 help="The folder that paths in a manifest are below. Default: the manifest's own."),
)  # fmt: skip
QUIET = click.option("--quiet", "-q", is_flag=True, help="No progress and no summary.")
JOBS = click.option("--jobs", "-j", type=click.IntRange(min=0), default=0, help="Processes. Default: one per core.")
ENGINE_OPTIONS = with_options(
    JOBS,
    click.option("--engine", default="local", show_default=True,
                 help="What runs the shards: `local` on this machine, or `ray` on a cluster (docs/cluster.md)."),
    click.option("--ray-address", "address", default="", metavar="auto|HOST:PORT",
                 help="The Ray cluster. Default: RAY_ADDRESS, or else a Ray of its own on this machine."),
)  # fmt: skip
PORTFOLIOS = click.option(
    "--portfolio", "-p", "portfolios", type=PORTFOLIO, multiple=True,
    help="A portfolio index, made by `workprint index`, or a folder of them. May be given several times. Without any, "
    "only items that reserve themselves are found.",
)  # fmt: skip
DATASET_OPTIONS = with_options(
    click.option(
        "--depth", type=choice(Depth), default=Depth.THOROUGH.value, show_default=True,
        help="How closely to look at pictures: `fast` compares whole pictures only.",
    ),
    click.option("--signals", type=PATH, metavar="FILE",
                 help="Rights signals captured with the items (docs/signals.md). Default: signals.jsonl at the "
                 "dataset's root."),
    READER,
    click.option("--max-pixels", type=click.IntRange(min=1), default=200_000_000, show_default=True,
                 help="Larger pictures fail as `too_large`."),
    click.option("--max-seconds", type=click.FloatRange(min=0, min_open=True), default=12 * 3600.0, show_default=True,
                 help="Longer recordings fail as `too_large`."),
    click.option("--retry-failures", is_flag=True, help="Do again what failed in an earlier run, and only that."),
    click.option("--max-item-seconds", type=click.FloatRange(min=0, min_open=True), default=600.0, show_default=True,
                 help="Items that take longer to work on fail as `timed_out`."),
    click.option("--max-memory", type=click.IntRange(min=1024), default=4096, show_default=True, metavar="MIB",
                 help="What one process may allocate, in MiB; items that need more fail as `out_of_memory`."),
)  # fmt: skip
VERDICT_OPTIONS = with_options(
    click.option("--names", is_flag=True,
                 help="Also look for the creators' names in captions and the like. Addresses, file names and digests "
                 "are always looked for."),
    click.option("--use", type=choice(Use), default=Use.AI_GENERATIVE_TRAINING.value, show_default=True,
                 help="What the dataset is for."),
    click.option("--as-of", type=click.DateTime(["%Y-%m-%d"]), metavar="YYYY-MM-DD",
                 help="The day to judge permission for. Default: today."),
    click.option("--licensee", default="", metavar="NAME",
                 help="Who wants to use the dataset, as creators' grants name them."),
    click.option("--purpose", "purposes", multiple=True, metavar="TEXT",
                 help="What for, as grants name it. May be given several times, like the next three."),
    click.option("--territory", "territories", multiple=True, metavar="CODE",
                 help="Where: a country's ISO 3166 code."),
    click.option("--media", "publication_media", multiple=True, metavar="TEXT",
                 help="In what it will appear, as grants name it."),
    click.option("--trust", multiple=True, metavar="KEYID|FILE",
                 help="A key's id, a public key's file, or an index that you know to be its creator's own word."),
    click.option("--fail-on", type=choice([*Level, NEVER]), default=Level.WARNING.value, show_default=True,
                 help="Exit with 1 if there is a finding of this level or above."),
    click.option("--baseline", type=PATH, metavar="OLD_OUT",
                 help="Results of an earlier run: exit with 1 only for findings that are new or more serious."),
    click.option("--summary", type=PATH, envvar="GITHUB_STEP_SUMMARY", show_envvar=True,
                 help="Add a summary in Markdown to this file."),
    click.option("--allow-failures", is_flag=True, help="Do not exit with 4 because of items that cannot be read."),
    click.option("--portfolio-media", type=PATH, multiple=True,
                 help="The folder that was given to `index`, to show the works in the report."),
)  # fmt: skip
