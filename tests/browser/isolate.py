"""A network with nobody else in it, for this process and all that it starts."""

from __future__ import annotations

import ctypes
import fcntl
import os
import socket
import struct

CLONE_NEWNET = 0x40000000
SIOCSIFFLAGS = 0x8914
UP = 0x1


def cut_off() -> bool:
    """Leave the machine's network for one with a loopback alone; whether that was allowed.

    Docker's coming and going interfaces make Chromium drop its requests otherwise, and nothing
    outside can be asked for by mistake. Unix sockets, such as an engine's, are still reached.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    if os.geteuid() != 0 or libc.unshare(CLONE_NEWNET) != 0:
        return False
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        fcntl.ioctl(control, SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", UP))
    return True
