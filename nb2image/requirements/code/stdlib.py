"""Modules that no distribution of an index provides: the standard library and notebook hosts."""

from __future__ import annotations

import sys

# Modules that a Python 3 release had and a later one lacks (PEP 594, "What's New" of 3.10-3.13).
REMOVED = {
    "aifc", "asynchat", "asyncore", "audioop", "binhex", "cgi", "cgitb", "chunk", "crypt",
    "distutils", "dummy_threading", "formatter", "imghdr", "imp", "lib2to3", "macpath",
    "macurl2path", "mailcap", "msilib", "nis", "nntplib", "ossaudiodev", "parser", "pipes",
    "smtpd", "sndhdr", "spwd", "sunau", "symbol", "telnetlib", "uu", "xdrlib",
}  # fmt: skip
# Modules that came after the oldest Python that can run nb2image.
ADDED = {"annotationlib", "compression", "profiling"}
# Top-level modules that only Python 2 had ("Porting Python 2 code to Python 3").
PYTHON2 = {
    "BaseHTTPServer", "CGIHTTPServer", "ConfigParser", "Cookie", "HTMLParser", "Queue",
    "SimpleHTTPServer", "SimpleXMLRPCServer", "SocketServer", "StringIO", "Tkinter",
    "UserDict", "UserList", "UserString", "__builtin__", "_winreg", "anydbm", "cPickle",
    "cStringIO", "commands", "compiler", "cookielib", "copy_reg", "dbhash", "dumbdbm",
    "dummy_thread", "exceptions", "fpformat", "gdbm", "hotshot", "htmlentitydefs", "htmllib",
    "httplib", "md5", "mimetools", "mimify", "multifile", "popen2", "rfc822", "robotparser",
    "sets", "sgmllib", "sha", "statvfs", "stringold", "thread", "tkColorChooser",
    "tkFileDialog", "tkMessageBox", "tkSimpleDialog", "ttk", "urllib2", "urlparse", "whichdb",
    "xmlrpclib",
}  # fmt: skip
# Modules that a notebook service puts into its own Python; nothing installs them elsewhere.
HOSTS = {
    "google.colab": "Google Colab",
    "condacolab": "Google Colab",
    "awsglue": "AWS Glue",
    "kaggle.gcp": "Kaggle",
    "kaggle_datasets": "Kaggle",
    "kaggle_gcp": "Kaggle",
    "kaggle_secrets": "Kaggle",
    "kaggle_web_client": "Kaggle",
    "dbruntime": "Databricks",
    "dbutils": "Databricks",
    "notebookutils": "Microsoft Fabric",
    "mssparkutils": "Azure Synapse",
    "quantopian": "Quantopian, which is closed",
    "js": "JupyterLite",
    "pyodide": "JupyterLite",
    "piplite": "JupyterLite",
    "pyodide_js": "JupyterLite",
}

STDLIB = frozenset(sys.stdlib_module_names) | REMOVED | ADDED


def is_stdlib(module: str) -> bool:
    """Whether some Python 3 brings the module itself."""
    return module.partition(".")[0] in STDLIB


def is_python2(module: str) -> bool:
    """Whether only Python 2 brought the module."""
    return module.partition(".")[0] in PYTHON2


def host_of(module: str) -> str:
    """The notebook service that provides the module, empty for an ordinary one."""
    parts = module.split(".")
    dotted = (".".join(parts[:n]) for n in range(1, len(parts) + 1))
    return next((HOSTS[name] for name in dotted if name in HOSTS), "")
