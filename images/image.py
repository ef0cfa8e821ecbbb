# SPDX-License-Identifier: MIT
"""Writes a container image without a container engine: one program and exactly the files it needs.

    image.py NAME --bin DIR --out FILE.tar     an archive that docker, podman, containerd, kind,
                                               k3d and minikube load
    image.py NAME --bin DIR --rootfs FOLDER    the same files as a folder, for a Dockerfile

The archive is an OCI image layout that also carries docker's manifest.json. Same input, same
digest: entries are sorted, owned by root and dated by SOURCE_DATE_EPOCH.
Sources: OCI image-spec v1.0 (image-layout, config, descriptor); docker's "docker save" format.
"""
import argparse
import gzip
import hashlib
import io
import json
import os
import platform
import re
import subprocess
import sys
import tarfile
import time

USER = 65532  # what distroless images call nonroot: a number, so that runAsNonRoot can tell
CERTIFICATES = "/etc/ssl/certs/ca-certificates.crt"
ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}

# What is linked statically leaves no trace in the program, so its packages are named here.
IMAGES = {
    "workload": {
        "program": "swell-workload", "args": ["serve"], "port": 8080, "certificates": False,
        "static": ["libmicrohttpd-dev", "libcurl4-gnutls-dev", "libjansson-dev", "libsqlite3-dev",
                   "libhiredis-dev"],
        "description": "CPU burner, php-apache twin, durable queue and queue worker"},
    "adapter": {
        "program": "swell-adapter", "args": ["run"], "port": 6443, "certificates": True,
        "static": [],
        "description": "Serves queue and lag values to the Kubernetes HorizontalPodAutoscaler"},
    "load": {
        "program": "swell-load", "args": ["--help"], "port": None, "certificates": True,
        "static": [],
        "description": "HTTP load generator and job producer"},
}


def output_of(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def libraries(program):
    """The shared libraries and the loader that the program needs, by the path it finds them at."""
    found = re.findall(r"(/\S+) \(0x", output_of("ldd", program))
    return sorted(set(found))


def packages_of(paths):
    """The Debian packages that hold these files, whichever side of the merged /usr they name."""
    names = set()
    for path in paths:
        for spelling in (path, os.path.realpath(path), os.path.realpath(path)[len("/usr"):]):
            answer = subprocess.run(["dpkg", "-S", spelling], capture_output=True, text=True)
            if answer.returncode == 0:
                names.add(answer.stdout.split(":")[0])
                break
        else:
            sys.exit(f"image: {path} belongs to no Debian package, so its licence is not known")
    return names


def read(path):
    with open(path, "rb") as file:
        return file.read()


def stripped(program):
    scratch = f"{program}.stripped"
    subprocess.run(["strip", "-o", scratch, program], check=True)
    try:
        return read(scratch)
    finally:
        os.unlink(scratch)


def files_of(image, folder):
    """{path: (mode, bytes)} of everything in the image."""
    program = os.path.join(folder, image["program"])
    needed = libraries(program)
    files = {f"/usr/bin/{image['program']}": (0o755, stripped(program))}
    files.update({path: (0o755, read(path)) for path in needed})
    for package in packages_of(needed) | set(image["static"]):
        path = f"/usr/share/doc/{package}/copyright"
        files[path] = (0o644, read(path))
    if image["certificates"]:
        files[CERTIFICATES] = (0o644, read(CERTIFICATES))
    files["/etc/passwd"] = (0o644, f"swell:x:{USER}:{USER}::/:/sbin/nologin\n".encode())
    files["/etc/group"] = (0o644, f"swell:x:{USER}:\n".encode())
    files["/etc/nsswitch.conf"] = (0o644, b"hosts: files dns\n")
    return files


def folders_of(paths):
    found = set()
    for path in paths:
        while (path := os.path.dirname(path)) != "/":
            found.add(path)
    return found


def add(archive, path, mode, data, epoch, kind=tarfile.REGTYPE):
    entry = tarfile.TarInfo(path)
    entry.type, entry.mode, entry.size, entry.mtime = kind, mode, len(data), epoch
    archive.addfile(entry, io.BytesIO(data))


def layer_of(files, epoch):
    """The layer as an uncompressed tar."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for path in sorted(folders_of(files)):
            add(archive, path[1:] + "/", 0o755, b"", epoch, tarfile.DIRTYPE)
        for path, (mode, data) in sorted(files.items()):
            add(archive, path[1:], mode, data, epoch)
    return out.getvalue()


def digest(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


def to_json(value):
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()


def config_of(image, layer, labels, epoch):
    created = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(epoch))
    run = {"User": f"{USER}:{USER}", "Entrypoint": [f"/usr/bin/{image['program']}"],
           "Cmd": image["args"], "Env": ["PATH=/usr/bin"], "WorkingDir": "/",
           "Labels": {**labels, "org.opencontainers.image.created": created}}
    if image["port"]:
        run["ExposedPorts"] = {f"{image['port']}/tcp": {}}
    return {"architecture": ARCHITECTURES[platform.machine()], "os": "linux", "created": created,
            "config": run, "rootfs": {"type": "layers", "diff_ids": [digest(layer)]},
            "history": [{"created": created, "created_by": "swell image"}]}


def labels_of(image, version, revision, source):
    known = {"title": image["program"], "description": image["description"], "licenses": "MIT",
             "version": version, "revision": revision, "source": source}
    return {f"org.opencontainers.image.{key}": value for key, value in known.items() if value}


def descriptor(kind, data, **more):
    return {"mediaType": f"application/vnd.oci.image.{kind}", "digest": digest(data),
            "size": len(data), **more}


def write_archive(path, reference, layer, config, epoch):
    """Writes the image; returns its manifest's digest and the compressed layer's size."""
    packed = gzip.compress(layer, compresslevel=9, mtime=0)
    config_json = to_json(config)
    manifest = to_json({
        "schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": descriptor("config.v1+json", config_json),
        "layers": [descriptor("layer.v1.tar+gzip", packed)]})
    name, tag = reference.split(":")
    index = to_json({"schemaVersion": 2, "manifests": [
        descriptor("manifest.v1+json", manifest, annotations={
            "io.containerd.image.name": f"docker.io/library/{reference}",
            "org.opencontainers.image.ref.name": tag})]})
    blob = {digest(data): f"blobs/sha256/{digest(data)[7:]}"
            for data in (packed, config_json, manifest)}
    docker = to_json([{"Config": blob[digest(config_json)], "RepoTags": [f"{name}:{tag}"],
                       "Layers": [blob[digest(packed)]]}])
    files = {blob[digest(data)]: data for data in (packed, config_json, manifest)}
    files.update({"oci-layout": to_json({"imageLayoutVersion": "1.0.0"}), "index.json": index,
                  "manifest.json": docker})
    with tarfile.open(path, "w", format=tarfile.USTAR_FORMAT) as archive:
        for entry, data in sorted(files.items()):
            add(archive, entry, 0o644, data, epoch)
    return digest(manifest), len(packed)


def write_rootfs(folder, files):
    for path, (mode, data) in files.items():
        target = folder + path
        os.makedirs(os.path.dirname(target), exist_ok=True)
        with open(target, "wb") as file:
            file.write(data)
        os.chmod(target, mode)


def arguments():
    parser = argparse.ArgumentParser(prog="image", description=__doc__.splitlines()[0])
    parser.add_argument("name", choices=IMAGES)
    parser.add_argument("--bin", required=True, help="folder of the built programs")
    parser.add_argument("--out", help="archive to write")
    parser.add_argument("--rootfs", help="folder to write instead of an archive")
    parser.add_argument("--revision", default="", help="commit, for the label")
    parser.add_argument("--source", default="", help="URL of the repository, for the label")
    parsed = parser.parse_args()
    if bool(parsed.out) == bool(parsed.rootfs):
        parser.error("give one of --out and --rootfs")
    return parsed


def main():
    args = arguments()
    image = IMAGES[args.name]
    files = files_of(image, args.bin)
    if args.rootfs:
        write_rootfs(args.rootfs, files)
        return
    epoch = int(os.environ.get("SOURCE_DATE_EPOCH", "0"))
    version = output_of(os.path.join(args.bin, image["program"]), "--version").split()[1]
    reference = f"{image['program']}:{version}"
    layer = layer_of(files, epoch)
    labels = labels_of(image, version, args.revision, args.source)
    name, packed = write_archive(args.out, reference, layer, config_of(image, layer, labels, epoch),
                                 epoch)
    size = sum(len(data) for _, data in files.values())
    print(f"{args.out}: {reference} {name}\n"
          f"  {size / 2**20:.2f} MiB of files, {packed / 2**20:.2f} MiB to pull")


if __name__ == "__main__":
    main()
