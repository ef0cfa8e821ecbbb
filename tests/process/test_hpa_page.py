# SPDX-License-Identifier: MIT
"""docs/hpa.md: every command of a ```console block is run, and has to print what stands below it.
`SWELL_BIN=build/dev/bin tests/process/test_hpa_page.py --write` writes what it prints now."""
import os
import re
import subprocess
import sys
import tempfile
import unittest

from program import BIN, DEADLINE_S

DOCS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../docs")
PAGE = os.path.join(DOCS, "hpa.md")


def page():
    with open(PAGE, encoding="utf-8") as file:
        return file.read()


def commands(block):
    return [line[2:] for line in block.splitlines() if line.startswith("$ ")]


def play(block, folder):
    """The block as it should be: each command with its output."""
    lines = []
    for command in commands(block):
        done = subprocess.run(["bash", "-o", "pipefail", "-c", command], cwd=folder, text=True,
                              capture_output=True, timeout=DEADLINE_S, check=False,
                              env={**os.environ, "PATH": f"{os.path.abspath(BIN)}:{os.environ['PATH']}"})
        if done.returncode or done.stderr:
            raise AssertionError(f"{command}: exit code {done.returncode}, {done.stderr}")
        lines += [f"$ {command}\n", done.stdout]
    return "".join(lines)


def played(text):
    """All blocks in order, in one folder: a later one reads the files of an earlier one."""
    with tempfile.TemporaryDirectory() as folder:
        os.symlink(os.path.abspath(DOCS), os.path.join(folder, "docs"))
        return re.sub(r"(?<=```console\n).*?(?=```)", lambda m: play(m.group(), folder), text,
                      flags=re.DOTALL)


class HpaPage(unittest.TestCase):
    maxDiff = None

    def test_shows_what_its_commands_print(self):
        self.assertEqual(page(), played(page()))

    def test_uses_every_example(self):
        used = set(re.findall(r"docs/examples/(\S+\.jsonl)", page()))
        self.assertEqual(set(os.listdir(os.path.join(DOCS, "examples"))), used)
        self.assertGreater(len(used), 5)

    def test_is_linked_from_the_readme(self):
        with open(os.path.join(DOCS, "../README.md"), encoding="utf-8") as file:
            readme = file.read()
        for link in ("docs/hpa.md", "docs/decision-record.md"):
            self.assertIn(f"({link})", readme)


if __name__ == "__main__":
    if "--write" in sys.argv:
        TEXT = played(page())
        with open(PAGE, "w", encoding="utf-8") as output:
            output.write(TEXT)
    else:
        unittest.main()
