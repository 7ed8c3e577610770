"""Findings as JSON Lines: what `findings.jsonl` holds, for programs."""

import re
from typing import TextIO

from workprint.model import Report
from workprint.serial import dumps, finding_to_json

_LONE_SURROGATE = re.compile("[\ud800-\udfff]")


class JsonLinesReport:
    """Writes one finding per line."""

    name = "jsonl"

    def write(self, report: Report, stream: TextIO) -> None:
        """Write each finding as one line of JSON, in the order of the report; UTF-8 can hold every line."""
        for finding in report.findings:
            stream.write(_encodable(dumps(finding_to_json(finding))) + "\n")


def _encodable(line: str) -> str:
    r"""Escape lone surrogates (from file names that are no UTF-8) as JSON does: `\udc80`."""
    return _LONE_SURROGATE.sub(lambda found: f"\\u{ord(found[0]):04x}", line)
