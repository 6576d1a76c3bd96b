"""Files that hold secrets by their name: never taken along unless named one by one."""

from __future__ import annotations

from nb2image.image.pattern import excluded

SECRET_FOLDERS = (".aws", ".azure", ".docker", ".git", ".gnupg", ".hg", ".kube", ".ssh", ".svn")
SECRET_FILES = (
    ".env",
    ".env.*",
    ".git-credentials",
    ".htpasswd",
    ".netrc",
    ".npmrc",
    ".pgpass",
    ".pypirc",
    "*.jks",
    "*.kdbx",
    "*.key",
    "*.p12",
    "*.pem",
    "*.pfx",
    "*credentials*.json",
    "client_secret*.json",
    "id_dsa",
    "id_ecdsa",
    "id_ed25519",
    "id_rsa",
    "kaggle.json",
    "pip.conf",
    "secrets.json",
    "secrets.toml",
    "secrets.y*ml",
    "service?account*.json",
    "token.json",
    "uv.toml",
)


def looks_secret(path: str) -> bool:
    """Whether the file's name, or a folder above it, is one that usually holds secrets."""
    return excluded(path.lower(), SECRET_FOLDERS + SECRET_FILES)
