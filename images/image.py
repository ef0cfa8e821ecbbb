# SPDX-License-Identifier: MIT
"""Writes a container image without a container engine: one program and exactly the files it needs.

    image.py NAME --bin DIR --out FILE.tar     an archive that docker, podman, containerd, kind,
                                               k3d and minikube load
    image.py NAME --bin DIR --rootfs FOLDER    the same files as a folder, for a Dockerfile

Same input, same digest; SOURCE_DATE_EPOCH dates it.
"""
import argparse
import os
import re
import subprocess
import sys

import archive

USER = 65532  # what distroless images call nonroot: a number, so that runAsNonRoot can tell
CERTIFICATES = "/etc/ssl/certs/ca-certificates.crt"

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


def run_of(image, labels):
    run = {"User": f"{USER}:{USER}", "Entrypoint": [f"/usr/bin/{image['program']}"],
           "Cmd": image["args"], "Env": ["PATH=/usr/bin"], "WorkingDir": "/", "Labels": labels}
    if image["port"]:
        run["ExposedPorts"] = {f"{image['port']}/tcp": {}}
    return run


def labels_of(image, version, revision, source, epoch):
    known = {"title": image["program"], "description": image["description"], "licenses": "MIT",
             "version": version, "revision": revision, "source": source,
             "created": archive.date_of(epoch)}
    return {f"org.opencontainers.image.{key}": value for key, value in known.items() if value}


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
    layer = archive.layer_of(files, epoch)
    run = run_of(image, labels_of(image, version, args.revision, args.source, epoch))
    name, packed = archive.write_archive(args.out, reference, layer,
                                         archive.config_of(layer, run, epoch), epoch)
    size = sum(len(data) for _, data in files.values())
    print(f"{args.out}: {reference} {name}\n"
          f"  {size / 2**20:.2f} MiB of files, {packed / 2**20:.2f} MiB to pull")


if __name__ == "__main__":
    main()
