# SPDX-License-Identifier: MIT
"""The images that a cluster without a registry has: written here, from programs that are here.

busybox:1.28, which lab sheets name, is Debian's busybox of today with the libraries it needs.
"""
import os
import re
import shutil
import subprocess
import sys
import tempfile

from . import build, daemons, settings

sys.path.append(os.path.join(settings.ROOT, "images"))
import archive  # pylint: disable=wrong-import-position

EPOCH = 0
FAST = 1  # gzip's level: these are read once, on this machine

COREDNS = "swell/coredns:1"
METRICS_SERVER = "swell/metrics-server:1"
BUSYBOX = "busybox:1.28"


def read(path):
    with open(path, "rb") as file:
        return file.read()


def output_of(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def one_program(path):
    return {f"/{os.path.basename(path)}": (0o755, read(path)), "/tmp": (0o1777, None)}


def pause_files():
    with tempfile.TemporaryDirectory() as scratch:
        program = os.path.join(scratch, "pause")
        subprocess.run(["gcc", "-static", "-Os", "-s", "-o", program,
                        os.path.join(settings.HERE, "pause.c")], check=True)
        return one_program(program)


def busybox_files():
    program = shutil.which("busybox")
    libraries = set(re.findall(r"(/\S+) \(0x", output_of("ldd", program)))
    applets = set(output_of(program, "--list").split()) - {"busybox"}
    return {"/bin/busybox": (0o755, read(program)), "/tmp": (0o1777, None),
            **{path: (0o755, read(path)) for path in libraries},
            **{f"/bin/{applet}": (0o777, "busybox") for applet in applets},
            "/etc/passwd": (0o644, b"root:x:0:0:root:/:/bin/sh\n"),
            "/etc/nsswitch.conf": (0o644, b"hosts: files dns\n")}


IMAGES = {  # by reference: the files, the command
    daemons.PAUSE_IMAGE: (pause_files, ["/pause"]),
    COREDNS: (lambda: one_program(build.path_of("coredns")), ["/coredns"]),
    METRICS_SERVER: (lambda: one_program(build.path_of("metrics-server")), ["/metrics-server"]),
    BUSYBOX: (busybox_files, ["/bin/sh"]),
}


def path_of(reference):
    return os.path.join(settings.IMAGES, re.sub(r"[/:]", "-", reference) + ".tar")


def write(reference):
    files, command = IMAGES[reference]
    layer = archive.layer_of(files(), EPOCH)
    entry = "Cmd" if reference == BUSYBOX else "Entrypoint"
    run = {entry: command, "Env": ["PATH=/bin"], "WorkingDir": "/"}
    path = path_of(reference)
    archive.write_archive(f"{path}.new", reference, layer, archive.config_of(layer, run, EPOCH),
                          EPOCH, FAST)
    os.replace(f"{path}.new", path)


def newest(paths):
    return max(os.path.getmtime(path) for path in paths)


def sources(reference):
    """The files whose change makes the image anew."""
    built = {COREDNS: "coredns", METRICS_SERVER: "metrics-server"}
    if reference in built:
        return [build.path_of(built[reference]), __file__]
    return [os.path.join(settings.HERE, "pause.c"), shutil.which("busybox"), __file__]


def ensure(say):
    """Paths of all of them, written where they are missing or older than what they are made of."""
    os.makedirs(settings.IMAGES, exist_ok=True)
    for reference in IMAGES:
        path = path_of(reference)
        if not os.path.exists(path) or os.path.getmtime(path) < newest(sources(reference)):
            say(f"writing the image {reference}")
            write(reference)
    return [path_of(reference) for reference in IMAGES]
