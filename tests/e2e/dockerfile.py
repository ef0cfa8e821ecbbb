# SPDX-License-Identifier: MIT
"""Compares two images, OCI archives both: the same files, and started in the same way.

    dockerfile.py BY-THE-DOCKERFILE.tar BY-SWELL-IMAGE.tar
"""
import hashlib
import json
import sys
import tarfile

# What somebody who starts the image relies on. buildah adds a PATH, labels and history of its own.
SETTINGS = ("User", "Entrypoint", "Cmd", "ExposedPorts")
LABELS = ("description", "licenses", "title", "version")


class Image:
    """config: as in the archive. files: {path: (mode, owner, content)}; content is a file's sha256, a
    link's target and a folder's None."""

    def __init__(self, path):
        with tarfile.open(path) as tar:
            index = json.load(tar.extractfile("index.json"))
            manifest = json.load(self.blob(tar, index["manifests"][0]))
            self.config = json.load(self.blob(tar, manifest["config"]))["config"]
            self.files = {}
            for layer in manifest["layers"]:
                with tarfile.open(fileobj=self.blob(tar, layer)) as entries:
                    for entry in entries:
                        path = "/" + entry.name.removeprefix("./").strip("/")
                        self.files[path] = self.entry(entries, entry)
        self.files.pop("/", None)

    @staticmethod
    def blob(tar, descriptor):
        return tar.extractfile("blobs/" + descriptor["digest"].replace(":", "/"))

    @staticmethod
    def entry(tar, entry):
        content = entry.linkname or None
        if entry.isfile():
            content = hashlib.sha256(tar.extractfile(entry).read()).hexdigest()
        return (entry.mode & 0o7777, entry.uid, content)


def differences(one, other):
    for path in sorted(one.files.keys() | other.files.keys()):
        if one.files.get(path) != other.files.get(path):
            yield f"{path}: {one.files.get(path)} and {other.files.get(path)}"
    for name in SETTINGS:
        if one.config.get(name) != other.config.get(name):
            yield f"{name}: {one.config.get(name)} and {other.config.get(name)}"
    for name in LABELS:
        label = "org.opencontainers.image." + name
        if one.config["Labels"].get(label) != other.config["Labels"].get(label):
            yield f"{label}: {one.config['Labels'].get(label)} and {other.config['Labels'].get(label)}"


def main():
    one, other = map(Image, sys.argv[1:])
    found = list(differences(one, other))
    if found:
        sys.exit("e2e dockerfile: the Dockerfile and ./swell image differ:\n  " + "\n  ".join(found))
    print(f"{len(one.files)} files and folders are the same: {sys.argv[1]}, {sys.argv[2]}")


if __name__ == "__main__":
    main()
