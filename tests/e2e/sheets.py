# SPDX-License-Identifier: MIT
"""Follows lab sheets as a student does: types what they say, and looks for what they say is seen.

    sheets.py [--patience N] [SHEET...]        default: all of tests/e2e/sheets/*.md

A sheet is Markdown; these blocks are followed, the rest is for people:

    ```sh                           typed in the repository's folder; has to succeed
    ```sh again until 90s           typed again and again until it is seen, at most so long
    ```sh that fails                has to fail
    ```sh in terminal load          typed in another terminal, where it goes on
    ```sh again until 60s in terminal load     not typed: what that terminal shows is looked at
    ```keys in terminal load        typed there: Ctrl-C
    ```see                          lines that the commands above must show, in this order

In a `see` line any blanks stand for blanks, `…` for anything, and `{2..10}` for a whole number in
that range. What a block's commands print is all that they printed, errors included.

kubectl is the one in PATH and the cluster the one in KUBECONFIG. Each sheet gets a namespace, which
is removed afterwards. --patience stretches every deadline, for clusters with slower settings.
"""
import argparse
import glob
import os
import pty
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
TYPED_S = 120  # for a command that is to end by itself
PAUSE_S = 1.0
KEYS = {"Ctrl-C": b"\x03", "Ctrl-D": b"\x04", "Enter": b"\r"}
FENCE = re.compile(r"^```(\w*)\s*(.*)$")
WHEN = re.compile(r"^(?:again until (?P<until>\d+)s)?\s*(?P<fails>that fails)?\s*"
                  r"(?:in terminal (?P<terminal>\w+))?$")


class Different(Exception):
    """What was seen is not what the sheet says."""


@dataclass
class Step:
    kind: str  # sh or keys
    text: str
    line: int
    until_s: int = 0
    fails: bool = False
    terminal: str = ""
    seen: list = field(default_factory=list)  # lines to be seen

    @property
    def title(self):
        return self.text.strip().split("\n")[0] or f"terminal {self.terminal}"


def blocks(lines):
    """Yields (line number, language, info, text) of the fenced blocks."""
    number = 0
    while number < len(lines):
        opening = FENCE.match(lines[number])
        number += 1
        if not opening:
            continue
        begin = number
        while lines[number] != "```":
            number += 1
        yield begin, opening[1], opening[2], lines[begin:number]
        number += 1


def parse(path):
    steps = []
    with open(path, encoding="utf-8") as file:
        lines = file.read().splitlines()
    for number, language, info, text in blocks(lines):
        if language == "see":
            steps[-1].seen += [line for line in text if line.strip()]
            continue
        when = WHEN.match(info)
        if language not in ("sh", "keys") or not when:
            raise SystemExit(f"{path}:{number}: a block of '{language} {info}' is not understood")
        steps.append(Step(language, "\n".join(text), number, int(when["until"] or 0),
                          bool(when["fails"]), when["terminal"] or ""))
    return steps


def pattern(line):
    """A line of a `see` block as a regular expression, and the ranges its groups must be in."""
    ranges = [(int(low), int(high)) for low, high in re.findall(r"\{(\d+)\.\.(\d+)\}", line)]
    parts = re.split(r"(\{\d+\.\.\d+\}|…|\s+)", line.strip())
    said = {"…": ".*?"}
    expression = "".join(r"(\d+)" if part.startswith("{") else
                         r"\s+" if part.isspace() else said.get(part) or re.escape(part)
                         for part in parts)
    return re.compile(rf"^\s*{expression}\s*$"), ranges


def shows(line, output):
    expression, ranges = pattern(line)
    found = expression.match(output)
    return bool(found) and all(low <= int(number) <= high
                               for number, (low, high) in zip(found.groups(), ranges))


def check(seen, output):
    """Raises Different unless the lines are in the output, in this order."""
    rest = iter(output.splitlines())
    for line in seen:
        if not any(shows(line, candidate) for candidate in rest):
            raise Different(f"not seen: {line.strip()}\nbut:\n{output.rstrip() or '(nothing)'}")


class Terminal:
    """A command with a terminal of its own; Ctrl-C typed there is a signal, as for a person."""

    def __init__(self, text, environment):
        self.master, slave = pty.openpty()
        self.process = subprocess.Popen(["setsid", "--ctty", "--wait", "sh", "-c", text], cwd=ROOT,
                                        stdin=slave, stdout=slave, stderr=slave, env=environment,
                                        start_new_session=True)
        os.close(slave)
        self.output = b""
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self):
        while True:
            try:
                data = os.read(self.master, 65536)
            except OSError:  # the last process with this terminal is gone
                return
            if not data:
                return
            self.output = (self.output + data)[-1_000_000:]

    def text(self):
        return self.output.decode(errors="replace").replace("\r\n", "\n")

    def type(self, names):
        for name in names.split():
            os.write(self.master, KEYS[name])

    def close(self):
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGHUP)
            self.type("Ctrl-C")
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.reader.join(5)
        os.close(self.master)


class Sheet:
    def __init__(self, path, patience):
        self.name = os.path.splitext(os.path.basename(path))[0]
        self.path, self.patience, self.steps = path, patience, parse(path)
        self.terminals, self.namespace = {}, f"sheet-{self.name}"

    def __enter__(self):
        """A kubeconfig of its own: the sheet may change its namespace, as students do."""
        self.scratch = tempfile.mkdtemp(prefix="swell-sheet-")
        own = os.path.join(self.scratch, "config")
        shutil.copyfile(os.environ["KUBECONFIG"], own)
        self.environment = {**os.environ, "KUBECONFIG": own, "TERM": "dumb"}
        self.run(f"kubectl delete namespace {self.namespace} --ignore-not-found")
        self.run(f"kubectl create namespace {self.namespace}")
        self.run(f"kubectl config set-context --current --namespace={self.namespace}")
        self.run(f"kubectl wait --for=create serviceaccount/default --timeout={TYPED_S}s")
        return self

    def __exit__(self, *_):
        for terminal in self.terminals.values():
            terminal.close()
        self.run(f"kubectl delete namespace {self.namespace}")
        shutil.rmtree(self.scratch)

    def run(self, text, fails=False):
        done = subprocess.run(["sh", "-e", "-c", text], cwd=ROOT, env=self.environment, text=True,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, timeout=TYPED_S * self.patience)
        if bool(done.returncode) != fails:
            raise Different(f"it ended with {done.returncode}:\n{done.stdout.rstrip()}")
        return done.stdout

    def look(self, step):
        """Types the step once, or looks at its terminal, and checks what is seen."""
        if step.terminal:
            output = self.terminals[step.terminal].text()
        else:
            output = self.run(step.text, step.fails)
        check(step.seen, output)

    def follow(self, step):
        if step.kind == "keys":
            self.terminals[step.terminal].type(step.text)
            return
        if step.terminal and step.text.strip():
            self.terminals[step.terminal] = Terminal(step.text, self.environment)
            if not step.seen:
                return
        end = time.monotonic() + step.until_s * self.patience
        while True:
            try:
                return self.look(step)
            except Different:
                if time.monotonic() >= end:
                    raise
            time.sleep(PAUSE_S)

    def explain(self):
        """What a person would look at next."""
        for command in ("kubectl get all,hpa", "kubectl describe hpa",
                        "kubectl get events --sort-by=.lastTimestamp | tail -n 30"):
            print(f"--- {command}", flush=True)
            subprocess.run(["sh", "-c", command], env=self.environment, check=False,
                           stderr=subprocess.STDOUT)
        for name, terminal in self.terminals.items():
            print(f"--- terminal {name}\n{terminal.text()[-2000:]}")

    def play(self):
        """Returns the failure's text, or None."""
        for step in self.steps:
            begin = time.monotonic()
            try:
                self.follow(step)
            except (Different, subprocess.TimeoutExpired) as problem:
                print(f"  FAILED     {step.title}\n{self.path}:{step.line}: {problem}")
                self.explain()
                return f"{self.path}:{step.line}: {step.title}"
            print(f"  {time.monotonic() - begin:6.1f} s  {step.title}", flush=True)
        return None


def arguments():
    parser = argparse.ArgumentParser(prog="sheets", description="Follows lab sheets on a cluster.")
    parser.add_argument("--patience", type=float, default=1, help="stretches every deadline")
    parser.add_argument("sheets", nargs="*", metavar="SHEET", help="default: all")
    return parser.parse_args()


def main():
    args = arguments()
    if not os.environ.get("KUBECONFIG") or not shutil.which("kubectl"):
        sys.exit("sheets: needs KUBECONFIG and kubectl in PATH: ./swell cluster exec ... sets both")
    paths = [os.path.join(HERE, "sheets", f"{name}.md") for name in args.sheets] or \
        sorted(glob.glob(os.path.join(HERE, "sheets", "*.md")))
    failures, times = [], []
    for path in paths:
        begin = time.monotonic()
        with Sheet(path, args.patience) as sheet:
            print(f"{sheet.name}", flush=True)
            failure = sheet.play()
        failures += [failure] if failure else []
        times.append((sheet.name, time.monotonic() - begin, len(sheet.steps), failure))
    for name, seconds, steps, failure in times:
        print(f"{'FAILED' if failure else 'ok':7}{name:22}{steps:3} steps {seconds:6.0f} s")
    print(f"{len(paths) - len(failures)} passed, {len(failures)} failed")
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
