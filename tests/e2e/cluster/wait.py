# SPDX-License-Identifier: MIT
"""Waiting for an event, never for time to pass."""
import contextlib
import http.client
import os
import ssl
import time

from . import settings


def until(condition, what, seconds=settings.START_S, pause_s=0.05):
    """Polls condition until it returns something true, and returns that.

    A command of kubectl that fails, an AssertionError, is "not yet".
    """
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        with contextlib.suppress(AssertionError):
            result = condition()
            if result:
                return result
        time.sleep(pause_s)
    raise settings.Problem(f"not seen within {seconds} s: {what}")


def apiserver_is_ready(folder, address, port):
    """Asks as the administrator, with the certificates in the state folder."""
    context = ssl.create_default_context(cafile=os.path.join(folder, "ca.crt"))
    context.load_cert_chain(os.path.join(folder, "admin.crt"), os.path.join(folder, "admin.key"))
    connection = http.client.HTTPSConnection(address, port, timeout=5, context=context)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def tail(path, characters=2000):
    """The end of a daemon's log, for a message."""
    with open(path, encoding="utf-8", errors="replace") as file:
        return file.read()[-characters:].strip()
