# SPDX-License-Identifier: MIT
"""Container images as archives, written without a container engine.

An image here is one layer, given as a table {path: (mode, content)}: bytes make a file, text makes a
symbolic link to it, None makes a folder. The archive is an OCI image layout that also carries docker's
manifest.json: docker, podman, containerd, kind, k3d and minikube load it. Same input, same digest:
entries are sorted, owned by root and dated by the epoch given.
Sources: OCI image-spec v1.0 (image-layout, config, descriptor); docker's "docker save" format.
"""
import gzip
import hashlib
import io
import json
import os
import platform
import re
import sys
import tarfile
import time

ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}


def folders_of(paths):
    found = set()
    for path in paths:
        while (path := os.path.dirname(path)) != "/":
            found.add(path)
    return found


def add(archive, path, mode, content, epoch):
    """content as in an image's table."""
    entry = tarfile.TarInfo(path)
    entry.mode, entry.mtime = mode, epoch
    data = b""
    if content is None:
        entry.type = tarfile.DIRTYPE
    elif isinstance(content, str):
        entry.type, entry.linkname = tarfile.SYMTYPE, content
    else:
        data, entry.size = content, len(content)
    archive.addfile(entry, io.BytesIO(data))


def layer_of(files, epoch):
    """The layer as an uncompressed tar. Folders above the files need no entry in the table."""
    table = {**{path: (0o755, None) for path in folders_of(files)}, **files}
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        folders_first = sorted(table.items(), key=lambda entry: (entry[1][1] is not None, entry[0]))
        for path, (mode, content) in folders_first:
            add(archive, path[1:] + ("/" if content is None else ""), mode, content, epoch)
    return out.getvalue()


def size_of(files):
    return sum(len(content) for _, content in files.values() if isinstance(content, bytes))


def digest(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


def to_json(value):
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()


def date_of(epoch):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(epoch))


def config_of(layer, run, epoch):
    """The image's configuration; run is the part that says how a container starts."""
    created = date_of(epoch)
    return {"architecture": architecture(), "os": "linux", "created": created,
            "config": run, "rootfs": {"type": "layers", "diff_ids": [digest(layer)]},
            "history": [{"created": created, "created_by": "swell image"}]}


def architecture():
    """As container engines call this machine's."""
    machine = platform.machine()
    if machine not in ARCHITECTURES:
        sys.exit(f"images are written on {' and '.join(ARCHITECTURES)}, not on {machine}")
    return ARCHITECTURES[machine]


def descriptor(kind, data, **more):
    return {"mediaType": f"application/vnd.oci.image.{kind}", "digest": digest(data),
            "size": len(data), **more}


def full_name(reference):
    """As containerd calls it: without a registry it is Docker's, without a folder in its library."""
    first, slash, _ = reference.partition("/")
    if not slash:
        return f"docker.io/library/{reference}"
    return reference if re.search(r"[.:]|^localhost$", first) else f"docker.io/{reference}"


def write_archive(path, reference, layer, config, epoch, level=9):
    """Writes the image; returns its manifest's digest and the compressed layer's size.

    reference is NAME:TAG; level is gzip's, and decides on the digest too.
    """
    packed = gzip.compress(layer, compresslevel=level, mtime=0)
    config_json = to_json(config)
    manifest = to_json({
        "schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": descriptor("config.v1+json", config_json),
        "layers": [descriptor("layer.v1.tar+gzip", packed)]})
    index = to_json({"schemaVersion": 2, "manifests": [
        descriptor("manifest.v1+json", manifest, annotations={
            "io.containerd.image.name": full_name(reference),
            "org.opencontainers.image.ref.name": reference.rpartition(":")[2]})]})
    blob = {digest(data): f"blobs/sha256/{digest(data)[7:]}"
            for data in (packed, config_json, manifest)}
    docker = to_json([{"Config": blob[digest(config_json)], "RepoTags": [reference],
                       "Layers": [blob[digest(packed)]]}])
    files = {blob[digest(data)]: data for data in (packed, config_json, manifest)}
    files.update({"oci-layout": to_json({"imageLayoutVersion": "1.0.0"}), "index.json": index,
                  "manifest.json": docker})
    with tarfile.open(path, "w", format=tarfile.USTAR_FORMAT) as archive:
        for entry, data in sorted(files.items()):
            add(archive, entry, 0o644, data, epoch)
    return digest(manifest), len(packed)
