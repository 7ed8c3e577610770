"""The command line: options to `workprint.api` and back. No logic of its own.

Heavy modules are imported inside the commands, so that `workprint --help` answers at once.
"""

from workprint.cli.cleaning import clean, verify_removal
from workprint.cli.group import main
from workprint.cli.keys import key
from workprint.cli.marks import mark
from workprint.cli.portfolios import check, index
from workprint.cli.results import inspect, report
from workprint.cli.scans import demo, fingerprint, match, scan
from workprint.cli.stores import store
from workprint.cli.terms import terms

for _command in (
    index,
    check,
    mark,
    scan,
    fingerprint,
    match,
    report,
    clean,
    verify_removal,
    inspect,
    store,
    terms,
    key,
    demo,
):
    main.add_command(_command)

__all__ = ["main"]
