"""Workprint as functions. The command line is a thin shell over this module.

    from pathlib import Path
    from workprint import api

    api.index([Path("illustrations")], Path("mine.workprint"), api.Labels(creator="Ada Lumen"))
    results = api.scan("dataset/", [Path("mine.workprint")], Path("out"))
    for finding in results.findings:
        print(finding.item, finding.work, finding.verdict.outcome)

With more than one job, work is done in other processes, which import the calling script once more: keep such calls
under `if __name__ == "__main__":`. Every function raises children of `workprint.errors.WorkprintError` only.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from workprint.api.acting import against, write_removal
    from workprint.api.checking import Card, check, read_card, write_card
    from workprint.api.cleaning import Again, Cleaned, Remaining, clean, verify_removal
    from workprint.api.demo import demo
    from workprint.api.indexing import Indexed, index
    from workprint.api.inspecting import inspect
    from workprint.api.keys import SigningKey, key_id_of, new_key, read_key
    from workprint.api.marking import Marked, Marking, mark
    from workprint.api.reporting import REPORT, report
    from workprint.api.scanning import Settings, fingerprint, match, scan
    from workprint.api.storing import compact_store, merge_stores, store_candidates, store_stats, verify_store
    from workprint.api.terms import begin_terms, check_terms, show_terms
    from workprint.api.works import Labels
    from workprint.findings import Results, read_failures, read_results
    from workprint.plugins import make_ready
    from workprint.reports.robustness import Robustness, robustness
    from workprint.reports.summary import unseen

__all__ = [
    "REPORT",
    "Again",
    "Card",
    "Cleaned",
    "Indexed",
    "Labels",
    "Marked",
    "Marking",
    "Remaining",
    "Results",
    "Robustness",
    "Settings",
    "SigningKey",
    "against",
    "begin_terms",
    "check",
    "check_terms",
    "clean",
    "compact_store",
    "demo",
    "fingerprint",
    "index",
    "inspect",
    "key_id_of",
    "make_ready",
    "mark",
    "match",
    "merge_stores",
    "new_key",
    "read_card",
    "read_failures",
    "read_key",
    "read_results",
    "report",
    "robustness",
    "scan",
    "show_terms",
    "store_candidates",
    "store_stats",
    "unseen",
    "verify_removal",
    "verify_store",
    "write_card",
    "write_removal",
]

_PLACES = {
    "workprint.api.acting": ("against", "write_removal"),
    "workprint.api.checking": ("Card", "check", "read_card", "write_card"),
    "workprint.api.cleaning": ("Again", "Cleaned", "Remaining", "clean", "verify_removal"),
    "workprint.api.demo": ("demo",),
    "workprint.api.indexing": ("Indexed", "index"),
    "workprint.api.inspecting": ("inspect",),
    "workprint.api.keys": ("SigningKey", "key_id_of", "new_key", "read_key"),
    "workprint.api.marking": ("Marked", "Marking", "mark"),
    "workprint.api.reporting": ("REPORT", "report"),
    "workprint.api.scanning": ("Settings", "fingerprint", "match", "scan"),
    "workprint.api.storing": ("compact_store", "merge_stores", "store_candidates", "store_stats", "verify_store"),
    "workprint.api.terms": ("begin_terms", "check_terms", "show_terms"),
    "workprint.api.works": ("Labels",),
    "workprint.findings": ("Results", "read_failures", "read_results"),
    "workprint.plugins": ("make_ready",),
    "workprint.reports.robustness": ("Robustness", "robustness"),
    "workprint.reports.summary": ("unseen",),
}
"""Modules are imported when something in them is asked for: a scan needs neither edits nor archives to clean."""


def __getattr__(name: str) -> Any:
    for module, names in _PLACES.items():
        if name in names:
            value = globals()[name] = getattr(import_module(module), name)
            return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
