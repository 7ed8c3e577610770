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
