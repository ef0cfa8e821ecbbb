# SPDX-License-Identifier: MIT
"""The time zone database for an image: each zone once, in the short form of its files.

Debian's files repeat every zone's rules year by year until 2037, three times over, 4 MiB in all. The
short form (zic -b slim) ends in a rule for all years to come, which is what our reader goes by, and
takes a quarter of a MiB. Other names of a zone are symbolic links.
"""
import os
import subprocess
import tempfile

FOLDER = "/usr/share/zoneinfo"
SOURCE = os.path.join(FOLDER, "tzdata.zi")


def compiled(rules, folder):
    """{path: bytes} of the zones that these lines describe; folder is for zic."""
    subprocess.run(["/usr/sbin/zic", "-b", "slim", "-d", folder, "-"], input=rules, check=True,
                   text=True)
    zones = {}
    for parent, _, names in os.walk(folder):
        for name in names:
            path = os.path.join(parent, name)
            with open(path, "rb") as file:
                zones[os.path.join(FOLDER, os.path.relpath(path, folder))] = file.read()
    return zones


def timezones():
    """As a part of an image's table. A link's line in the source is "L ZONE OTHER-NAME"."""
    with open(SOURCE, encoding="ascii") as file:
        lines = file.readlines()
    links = [line.split() for line in lines if line.startswith("L ")]
    rules = "".join(line for line in lines if not line.startswith("L "))
    with tempfile.TemporaryDirectory() as folder:
        files = {path: (0o644, data) for path, data in compiled(rules, folder).items()}
    for _, zone, name in links:
        files[os.path.join(FOLDER, name)] = (0o777, os.path.join(FOLDER, zone))
    return files
