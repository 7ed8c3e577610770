"""Findings as JSON Lines."""

import io
import json

from report_samples import audio_finding, image_finding, report

from workprint.model import Finding
from workprint.reports.lines import JsonLinesReport
from workprint.serial import finding_from_json


def written(*findings: Finding) -> str:
    """The lines as text."""
    stream = io.StringIO()
    JsonLinesReport().write(report(findings), stream)
    return stream.getvalue()


def test_each_finding_is_one_line_that_can_be_read_back() -> None:
    """Lines come in the report's order and make the same findings again."""
    findings = (image_finding(confidence=0.99), audio_finding(transform=audio_finding().transform))
    lines = written(*findings).splitlines()
    back = [finding_from_json(json.loads(line)) for line in lines]

    assert back[0] == findings[0]
    assert [one.finding_id for one in back] == ["f1", "s1"]


def test_hostile_text_stays_on_its_line() -> None:
    """Line ends and names that are no UTF-8 are escaped, and come back as they were."""
    name = "a\nb\udc80\x1b.jpg"
    text = written(image_finding(item=name))

    text.encode("utf-8")
    assert text.count("\n") == 1
    assert json.loads(text)["item"] == name


def test_nothing_found_is_an_empty_file() -> None:
    """No finding, no line."""
    assert written() == ""
