"""Results for continuous integration.

The format's own schema is not held here. What is checked against is a part of it, written down again from the
specification: every property that Workprint writes, with its type, its values, and what is required.
"""

import io
import json
from dataclasses import replace
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from report_samples import audio_finding, image_finding, manifest, report, rich_report

from workprint.model import Level, Outcome, Relation, Report
from workprint.reports.sarif import SarifReport

TEXT = {
    "type": "object",
    "required": ["text"],
    "properties": {"text": {"type": "string"}},
    "additionalProperties": False,
}
RULE = {
    "type": "object", "required": ["id"], "additionalProperties": False,
    "properties": {"id": {"type": "string"}, "name": {"type": "string"}, "shortDescription": TEXT},
}  # fmt: skip
LOCATION = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "physicalLocation": {
            "type": "object",
            "required": ["artifactLocation"],
            "additionalProperties": False,
            "properties": {
                "artifactLocation": {
                    "type": "object",
                    "properties": {"uri": {"type": "string", "pattern": "^[!-~]*$"}, "uriBaseId": {"const": "DATASET"}},
                    "additionalProperties": False,
                },
                "region": {"type": "object", "properties": {"startLine": {"type": "integer", "minimum": 1}}},
            },
        },
        "logicalLocations": {"type": "array", "items": {"type": "object"}},
    },
}
RESULT = {
    "type": "object",
    "required": ["message"],
    "additionalProperties": False,
    "properties": {
        "ruleId": {"type": "string"},
        "ruleIndex": {"type": "integer", "minimum": -1},
        "kind": {"enum": ["notApplicable", "pass", "fail", "review", "open", "informational"]},
        "level": {"enum": ["none", "note", "warning", "error"]},
        "rank": {"type": "number", "minimum": -1, "maximum": 100},
        "message": TEXT,
        "locations": {"type": "array", "items": LOCATION},
        "partialFingerprints": {"type": "object", "additionalProperties": {"type": "string"}},
        "baselineState": {"enum": ["new", "unchanged", "updated", "absent"]},
        "properties": {"type": "object"},
    },
    "if": {"properties": {"kind": {"not": {"const": "fail"}}}},
    "then": {"properties": {"level": {"const": "none"}}},
}
SCHEMA = {
    "type": "object", "required": ["version", "runs"], "additionalProperties": False,
    "properties": {
        "$schema": {"type": "string"},
        "version": {"const": "2.1.0"},
        "runs": {"type": "array", "items": {
            "type": "object", "required": ["tool"], "additionalProperties": False,
            "properties": {
                "tool": {"type": "object", "required": ["driver"], "properties": {"driver": {
                    "type": "object", "required": ["name"],
                    "properties": {"rules": {"type": "array", "items": RULE}}}}},
                "invocations": {"type": "array", "items": {
                    "type": "object", "required": ["executionSuccessful"],
                    "properties": {"toolExecutionNotifications": {"type": "array", "items": {
                        "type": "object", "required": ["message"],
                        "properties": {"level": {"enum": ["none", "note", "warning", "error"]}}}}}}},
                "originalUriBaseIds": {"type": "object"},
                "columnKind": {"enum": ["utf16CodeUnits", "unicodeCodePoints"]},
                "results": {"type": "array", "items": RESULT},
                "properties": {"type": "object"},
            },
        }},
    },
}  # fmt: skip


def written(about: Report) -> dict[str, Any]:
    """The run, after checking the whole log against the schema."""
    stream = io.StringIO()
    SarifReport().write(about, stream)
    log = json.loads(stream.getvalue())
    Draft202012Validator(SCHEMA).validate(log)
    run: dict[str, Any] = log["runs"][0]
    return run


@pytest.mark.parametrize("outcome", Outcome)
def test_each_outcome_has_its_rule_and_level(outcome: Outcome) -> None:
    """What is permitted passes; all else fails at the finding's level."""
    run = written(report((image_finding(outcome=outcome),)))

    (result,) = run["results"]
    assert run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == result["ruleId"]
    assert (result["kind"] == "pass") == (outcome is Outcome.PERMITTED)
    assert (result["level"] == "none") == (outcome is Outcome.PERMITTED)
    assert result["partialFingerprints"] == {"workprint/finding/v1": "f1"}
    assert "baselineState" not in result


def test_a_result_points_at_its_file_and_line() -> None:
    """Rows of manifests have a line; members of archives do not; addresses are legal in a URI."""
    items = ["a b/ü.jpg", "list.jsonl#row=16,column=path", "list.csv#row=0,column=path", "x%23.tar!1.jpg",
             "p.parquet#row=3,column=image"]  # fmt: skip
    run = written(report(tuple(image_finding(f"f{at}", item=item) for at, item in enumerate(items))))

    places = [one["locations"][0]["physicalLocation"] for one in run["results"]]
    assert [place["artifactLocation"]["uri"] for place in places] == [
        "a%20b/%C3%BC.jpg", "list.jsonl", "list.csv", "x%23.tar", "p.parquet",
    ]  # fmt: skip
    assert [place.get("region", {}).get("startLine") for place in places] == [None, 17, 2, None, None]


def test_results_say_what_became_of_them_since_the_baseline() -> None:
    """New, worse, the same; and those that are gone."""
    about = report((image_finding("f1"), image_finding("f2"), audio_finding("s1")))
    about = replace(about, baseline={"f1": "unchanged", "f2": "updated", "s1": "new"}, absent=(image_finding("f0"),))

    states = {
        one["partialFingerprints"]["workprint/finding/v1"]: one["baselineState"] for one in written(about)["results"]
    }

    assert states == {"f1": "unchanged", "f2": "updated", "s1": "new", "f0": "absent"}


def test_a_run_with_failures_is_no_success() -> None:
    """And says how many items were not compared."""
    run = written(replace(report(), manifest=manifest({"empty": 2})))

    (invocation,) = run["invocations"]
    assert invocation["executionSuccessful"] is False
    (said,) = invocation["toolExecutionNotifications"]
    assert said["message"]["text"].startswith("This scan is incomplete")
    assert run["properties"]["failed"] == {"empty": 2}


def test_findings_without_a_work_and_hostile_text_are_written() -> None:
    """An item that reserves itself has a message; nothing in it turns the text around."""
    reserved = image_finding(work="", relation=Relation.RESERVED, item="a\u202egpj.exe", level=Level.ERROR)

    (result,) = written(report((reserved,)))["results"]
    assert "speaks for itself (reserved)" in result["message"]["text"]
    assert "\u202e" not in json.dumps(result, ensure_ascii=False)
    assert written(rich_report())["results"]
