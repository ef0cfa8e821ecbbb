#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Shows that the vectors can fail: breaks lab/hpa one rule at a time, and wants a vector to notice.

    tests/vectors/mutants.py [--only TEXT]   builds and replays each mutant (whose rule has TEXT)
    tests/vectors/mutants.py --check         only says whether all of them still apply

A mutant is an entry of mutants/*.toml: a rule, a file, a text that stands there once, and another in
its place. It is made in a copy of the sources under build/mutants, where nothing else is built.
Exit code 1: some mutant survives, does not compile, or does not apply.
"""
import argparse
import glob
import os
import shutil
import subprocess
import sys
import tomllib

import replay

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
SCRATCH = os.path.join(ROOT, "build", "mutants")


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def write(path, text):
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


def mutants(texts=("",)):
    """Those whose rule has one of the texts, in order, each with the name of its chapter."""
    for path in sorted(glob.glob(f"{HERE}/mutants/*.toml")):
        chapter = os.path.basename(path).removesuffix(".toml")
        for mutant in tomllib.loads(read(path))["mutant"]:
            if any(text in mutant["rule"] for text in texts):
                yield chapter, mutant


def misfit(mutant):
    """Why it does not apply, or None."""
    count = read(os.path.join(ROOT, mutant["file"])).count(mutant["from"])
    return None if count == 1 else f"its text stands {count} times in {mutant['file']}"


def build():
    """Builds the copy. Returns what the compiler said if it failed, else None."""
    done = subprocess.run(["cmake", "--build", SCRATCH, "--target", "swell-lab"],
                          capture_output=True, text=True, check=False)
    return None if done.returncode == 0 else done.stdout + done.stderr


def prepare():
    source = os.path.join(SCRATCH, "source")
    shutil.rmtree(source, ignore_errors=True)
    # With times of now: the sources are newer than any object that a mutant left.
    shutil.copytree(ROOT, source, copy_function=shutil.copy,
                    ignore=shutil.ignore_patterns("build", ".git"))
    subprocess.run(["cmake", "-S", source, "-B", SCRATCH, "-G", "Ninja", "-DBUILD_TESTING=OFF",
                    "-DCMAKE_BUILD_TYPE=Debug", "-DCMAKE_C_FLAGS=-w"],
                   check=True, stdout=subprocess.DEVNULL)
    return source


def noticed():
    """The vectors that fail now."""
    try:
        binary = os.path.join(SCRATCH, "bin", "swell-lab")
        return [name for name, _ in replay.failures(binary, replay.vectors())]
    except subprocess.TimeoutExpired:
        return ["all (they take too long)"]


def fate(source, mutant):
    """What became of one mutant: (bad, sentence)."""
    path = os.path.join(source, mutant["file"])
    original = read(path)
    write(path, original.replace(mutant["from"], mutant["to"]))
    try:
        error = build()
        names = [] if error else noticed()
    finally:
        write(path, original)
    if error:
        return True, "does not compile:\n" + error
    if not names:
        return True, "SURVIVES"
    return False, f"caught by {len(names)}: {', '.join(names[:3])}"


def check():
    bad = [(chapter, m, misfit(m)) for chapter, m in mutants() if misfit(m)]
    for chapter, mutant, why in bad:
        print(f"{chapter}: {mutant['rule']}: {why}")
    print(f"{len(list(mutants()))} mutants, {len(bad)} do not apply")
    return 1 if bad else 0


def run(texts):
    source = prepare()
    error = build()
    if error or noticed():
        print(error or "the vectors fail without a mutant: " + ", ".join(noticed()))
        return 1
    total = survivors = 0
    for chapter, mutant in mutants(texts):
        bad, sentence = fate(source, mutant)
        total += 1
        survivors += bad
        print(f"{chapter}: {mutant['rule']}: {sentence}", flush=True)
    print(f"{total} mutants, {total - survivors} caught, {survivors} not")
    return 1 if survivors or not total else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="only say whether all of them still apply")
    parser.add_argument("--only", action="append", metavar="TEXT",
                        help="only those whose rule has this text (may be given again)")
    args = parser.parse_args()
    return check() or (0 if args.check else run(args.only or [""]))


if __name__ == "__main__":
    sys.exit(main())
