"""The host's index, proxy and CA serve the build and leave no trace in the image."""

from __future__ import annotations

import base64
import os
import shutil
import ssl
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.engine.command import nb2image, write_notebook
from tests.engine.engine import Engine
from tests.engine.gateway import Gateway, gateway

INDEX_LOGIN, PROXY_LOGIN = "indexuser:plantedindexmarker", "proxyuser:plantedproxymarker"


@pytest.fixture
def servers() -> Iterator[tuple[Gateway, Gateway]]:
    """An index and a proxy, each with its login."""
    with gateway(INDEX_LOGIN) as index, gateway(PROXY_LOGIN) as proxy:
        yield index, proxy


@pytest.fixture
def authority(tmp_path: Path) -> Path:
    """The host's CA bundle with one certificate more."""
    if shutil.which("openssl") is None:
        pytest.skip("no openssl command to make a certificate")
    made = tmp_path / "planted.pem"
    argv = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
    argv += ["-nodes", "-subj", "/CN=plantedcertificate", "-days", "2"]
    subprocess.run([*argv, "-keyout", os.devnull, "-out", str(made)], check=True, stderr=-3)
    usual = os.environ.get("SSL_CERT_FILE") or ssl.get_default_verify_paths().cafile
    bundle = tmp_path / "bundle.pem"
    bundle.write_text(Path(usual or os.devnull).read_text() + made.read_text())
    return bundle


def test_no_trace_of_index_proxy_and_authority(
    engine: Engine,
    base_image: str,
    image_name: Callable[[str], str],
    servers: tuple[Gateway, Gateway],
    authority: Path,
    tmp_path: Path,
) -> None:
    """Credentials are used by the build and are nowhere in the saved image or its metadata."""
    index, proxy = servers
    write_notebook(tmp_path / "small.ipynb", "import six\nprint(six.__version__)")
    tag = image_name("secrets")
    address = f"http://{PROXY_LOGIN}@{proxy.address}"
    env = {
        "UV_INDEX": f"http://{INDEX_LOGIN}@{index.address}/simple",
        "PIP_EXTRA_INDEX_URL": f"http://{INDEX_LOGIN}@{index.address}/simple",
        "HTTPS_PROXY": address,
        "https_proxy": address,
        "no_proxy": "127.0.0.1",
        "SSL_CERT_FILE": str(authority),
    }
    options = ("--tag", tag, "--output", "context", "--no-cache")
    planned = nb2image("convert", "small.ipynb", "--no-build", *options, cwd=tmp_path, env=env)
    assert planned.returncode == 0, planned.stderr
    index.asked_index.clear()
    proxy.asked_proxy.clear()
    built = nb2image("build", "context", "--tag", tag, "--no-cache", cwd=tmp_path, env=env)
    assert built.returncode == 0, built.stderr
    assert any("six" in path for path in index.asked_index)
    assert any("uv" in path for path in index.asked_index)
    assert proxy.asked_proxy

    saved = tmp_path / "image.tar"
    engine.docker("save", "--output", str(saved), tag)
    told = engine.docker("inspect", tag).stdout + engine.docker("history", "--no-trunc", tag).stdout
    shown = planned.stdout + planned.stderr + built.stdout + built.stderr
    written = b"".join(p.read_bytes() for p in (tmp_path / "context").rglob("*") if p.is_file())
    for marker in markers(index, proxy, authority):
        assert marker not in told.encode()
        # pip names its indexes, without their passwords
        assert marker not in shown.encode() or b"127.0.0.1" in marker
        assert marker not in written
        assert not contains(saved, marker), marker
    # the search itself finds what is there
    assert contains(saved, b"six.py")


def markers(index: Gateway, proxy: Gateway, authority: Path) -> list[bytes]:
    """What would give a secret away: passwords, logins in base64, addresses, the certificate."""
    logins = [base64.b64encode(login.encode()) for login in (INDEX_LOGIN, PROXY_LOGIN)]
    passwords = [login.partition(":")[2].encode() for login in (INDEX_LOGIN, PROXY_LOGIN)]
    certificate = authority.read_text().rstrip().splitlines()[-3].encode()
    addresses = [index.address.encode(), proxy.address.encode()]
    return [*logins, *passwords, *addresses, certificate, b"plantedcertificate"]


def contains(path: Path, wanted: bytes, chunk: int = 1 << 24) -> bool:
    """Whether a file holds these bytes; layers are not compressed in a saved image."""
    rest = b""
    with path.open("rb") as stream:
        while data := stream.read(chunk):
            if wanted in rest + data:
                return True
            rest = data[-len(wanted) :]
    return False
