"""The catalogue as data, and how a module is looked up in it."""

from __future__ import annotations

import re

import pytest

from nb2image.requirements.code.stdlib import host_of, is_python2, is_stdlib
from nb2image.requirements.index.release import parse_specifier
from nb2image.requirements.naming.catalogue import load_catalogue
from nb2image.requirements.naming.pipreqs_vote import vote

SOURCES = re.compile(
    r"files of \S+ \S+|pyodide|pants|marimo|pipreqs|documentation|known project|PEP 420 namespace"
)


@pytest.mark.parametrize(
    ("module", "distribution"),
    [
        ("cv2", "opencv-python"),
        ("sklearn.ensemble", "scikit-learn"),
        ("mpl_toolkits.mplot3d", "matplotlib"),
        ("mpl_toolkits.basemap", "basemap"),
        ("google.cloud.vision_v1", "google-cloud-vision"),
        ("google.cloud.something_new", "google-cloud-something-new"),
        ("google.protobuf.message", "protobuf"),
        ("azure.ai.ml.entities", "azure-ai-ml"),
        ("azureml.core", "azureml-core"),
        ("llama_index.llms.groq", "llama-index-llms-groq"),
        ("numpy.linalg", "numpy"),
    ],
)
def test_the_longest_prefix_wins(module: str, distribution: str) -> None:
    """An entry for what is below a module beats the module's own, and the namespace's rule."""
    entry = load_catalogue().find(module)
    assert entry is not None
    assert entry.distribution == distribution


def test_an_unknown_module() -> None:
    """The catalogue says nothing of what it does not know."""
    assert load_catalogue().find("nobody_knows_this") is None


def test_the_file_is_whole() -> None:
    """Every entry has a source of a known kind and bounds that can be read."""
    catalogue = load_catalogue()
    for module, entry in catalogue.entries.items():
        assert SOURCES.fullmatch(entry.source), module
        assert entry.distribution not in entry.alternatives, module
        assert not entry.specifier or str(parse_specifier(entry.specifier)), module
        assert not is_stdlib(module) or "." in module, module
    for module, pattern in catalogue.namespaces.items():
        assert pattern.count("{}") == 1, module
    for module in catalogue.generic & set(catalogue.entries):
        assert catalogue.entries[module].ambiguous, module


def test_pipreqs_is_asked_for_a_name() -> None:
    """Its mapping is a vote; where it has no entry it does not vote."""
    pytest.importorskip("pipreqs")
    assert vote("yaml.nodes") == "pyyaml"
    assert vote("nobody_knows_this") == ""


@pytest.mark.parametrize(
    ("module", "kind"),
    [
        ("os.path", "stdlib"),
        ("imp", "stdlib"),
        ("distutils.core", "stdlib"),
        ("urllib2", "python2"),
        ("google.colab.drive", "host"),
        ("google.cloud", "none"),
        ("numpy", "none"),
    ],
)
def test_modules_that_no_distribution_brings(module: str, kind: str) -> None:
    """The standard library of any Python 3, of Python 2, and notebook services."""
    found = [
        name
        for name, yes in (
            ("stdlib", is_stdlib(module)),
            ("python2", is_python2(module)),
            ("host", bool(host_of(module))),
        )
        if yes
    ]
    assert found == ([] if kind == "none" else [kind])
