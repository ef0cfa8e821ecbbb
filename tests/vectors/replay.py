#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Replays the vectors through `swell-lab evaluate` and says where it parts from the real controller.

    SWELL_BIN=build/dev/bin tests/vectors/replay.py [VECTOR...]     all of them without a name
"""
import glob
import json
import os
import re
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
DEADLINE_S = 120
AMBIGUOUS = re.compile(r"(controlled by multiple HPAs: \[)([^]]*)(\])")


def vectors(names=()):
    """The scenario files, all of them or those with these names."""
    paths = [os.path.join(HERE, f"{name}.jsonl") for name in names] or glob.glob(f"{HERE}/*.jsonl")
    return sorted(p for p in paths if not p.endswith(".expected.jsonl"))


def sorted_names(match):
    return match[1] + " ".join(sorted(match[2].split())) + match[3]


def comparable(line):
    """A result without what may be left out or is in no order."""
    result = json.loads(AMBIGUOUS.sub(sorted_names, line))
    for member in ("currentMetrics", "lastScaleTime"):
        result["status"].setdefault(member, None)
    for condition in result["status"]["conditions"]:
        condition.pop("lastTransitionTime", None)
    return result


def parting(expected, got, path=""):
    """Where two values part first: (path, expected, got); None when they are the same."""
    if isinstance(expected, dict) and isinstance(got, dict):
        for key in sorted(expected.keys() | got.keys()):
            found = parting(expected.get(key), got.get(key), f"{path}.{key}")
            if found:
                return found
        return None
    if isinstance(expected, list) and isinstance(got, list) and len(expected) == len(got):
        pairs = (parting(e, g, f"{path}[{i}]") for i, (e, g) in enumerate(zip(expected, got)))
        return next((p for p in pairs if p), None)
    return None if expected == got and type(expected) is type(got) else (path, expected, got)


def lines_of(path):
    with open(path, encoding="utf-8") as file:
        return [line for line in file if line.strip()]


def failures(binary, paths):
    """Yields (vector, sentence) for each vector whose result is not the expected one."""
    done = subprocess.run([binary, "evaluate", *paths], capture_output=True, text=True,
                          timeout=DEADLINE_S, check=False)
    got = done.stdout.splitlines()
    if done.returncode != 0:
        yield "all", f"exit code {done.returncode}: {done.stderr.strip()}"
    for path in paths:
        name = os.path.basename(path).removesuffix(".jsonl")
        expected = lines_of(path.replace(".jsonl", ".expected.jsonl"))
        mine, got = got[:len(expected)], got[len(expected):]
        if len(mine) < len(expected):
            yield name, f"{len(mine)} results where {len(expected)} were expected"
        for step, (want, have) in enumerate(zip(expected, mine)):
            found = parting(comparable(want), comparable(have))
            if found:
                yield name, "step %d: %s is expected to be %s, and is %s" % (
                    step, found[0].lstrip("."), json.dumps(found[1]), json.dumps(found[2]))
                break


def main():
    paths = vectors(sys.argv[1:])
    failed = list(failures(os.path.join(os.environ["SWELL_BIN"], "swell-lab"), paths))
    for name, sentence in failed:
        print(f"{name}: {sentence}")
    print(f"{len(paths)} vectors, {len(failed)} failed")
    return 1 if failed or not paths else 0


if __name__ == "__main__":
    sys.exit(main())
