"""Gate results in the forms that CI systems read: JUnit XML and SARIF.

JUnit: the schema that Jenkins and GitLab document (testsuite, testcase, failure). SARIF: OASIS
SARIF 2.1.0.
"""

from __future__ import annotations

import re
from xml.etree import ElementTree

import msgspec

from nb2image import __version__
from nb2image.model.analysis import Inspection

NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 cannot hold, not even escaped."""
SARIF_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


def junit(inspection: Inspection) -> str:
    """One test case a gate."""
    results = inspection.gates
    failed = sum(not result.ok for result in results)
    suite = ElementTree.Element(
        "testsuite",
        name=xml_text(f"nb2image gates of {inspection.reference}"),
        tests=str(len(results)),
        failures=str(failed),
        errors="0",
        skipped="0",
    )
    for result in results:
        case = ElementTree.SubElement(
            suite, "testcase", classname="nb2image.gates", name=result.gate
        )
        if result.ok:
            ElementTree.SubElement(case, "system-out").text = xml_text(result.message)
        else:
            message = xml_text(result.message)
            ElementTree.SubElement(case, "failure", message=message).text = message
    ElementTree.indent(suite)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ElementTree.tostring(suite, "unicode")


def xml_text(text: str) -> str:
    """The text without the characters that no XML may hold."""
    return NOT_XML.sub("\ufffd", text)


def sarif(inspection: Inspection) -> str:
    """One result for each gate that was not met."""
    results = inspection.gates
    notebook = inspection.provenance.notebook
    return msgspec.json.format(
        msgspec.json.encode(
            {
                "$schema": SARIF_SCHEMA,
                "version": "2.1.0",
                "runs": [
                    {
                        "tool": {
                            "driver": {
                                "name": "nb2image",
                                "version": __version__,
                                "rules": [
                                    {"id": r.gate, "shortDescription": {"text": r.gate}}
                                    for r in results
                                ],
                            }
                        },
                        "results": [
                            {
                                "ruleId": result.gate,
                                "level": "error",
                                "message": {"text": result.message},
                                "locations": [location(inspection.reference, notebook)],
                            }
                            for result in results
                            if not result.ok
                        ],
                    }
                ],
            }
        ),
        indent=2,
    ).decode()


def location(reference: str, notebook: str) -> dict[str, object]:
    """The image, and the notebook that it was made of where it says so."""
    place: dict[str, object] = {
        "logicalLocations": [{"fullyQualifiedName": reference, "kind": "resource"}]
    }
    if notebook:
        place["physicalLocation"] = {"artifactLocation": {"uri": uri(notebook)}}
    return place


def uri(path: str) -> str:
    """A relative path as a URI reference."""
    from urllib.parse import quote

    return quote(path)
