# SPDX-License-Identifier: MIT
"""Writes a container image without a container engine: one program and exactly the files it needs.

    image.py NAME --bin DIR --out FILE.tar     an archive that docker, podman, containerd, kind,
                                               k3d and minikube load
    image.py NAME --bin DIR --rootfs FOLDER    the same files as a folder, for a Dockerfile

Same input, same digest; SOURCE_DATE_EPOCH dates it.
"""
import argparse
import glob
import os
import re
import subprocess
import sys

import archive
import timezones

USER = 65532  # what distroless images call nonroot: a number, so that runAsNonRoot can tell
MIB = 2 ** 20
CERTIFICATES = "/etc/ssl/certs/ca-certificates.crt"
OPENSSL_CERTIFICATES = "/usr/lib/ssl/cert.pem"  # where OpenSSL, and so librdkafka, looks for them

# more: Debian packages whose data the program reads.
IMAGES = {
    "workload": {
        "program": "swell-workload", "args": ["serve"], "port": 8080, "more": [],
        "description": "CPU burner, php-apache twin, durable queue and queue worker"},
    "adapter": {
        "program": "swell-adapter", "args": ["run"], "port": 6443,
        "more": ["ca-certificates", "tzdata"],
        "description": "Serves queue and lag values to the Kubernetes HorizontalPodAutoscaler"},
    "load": {
        "program": "swell-load", "args": ["--help"], "port": None, "more": ["ca-certificates"],
        "description": "HTTP load generator and job producer"},
}


def output_of(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def read(path):
    with open(path, "rb") as file:
        return file.read()


def shared_libraries(program):
    """The shared libraries and the loader that the program needs, by the path it finds them at."""
    found = re.findall(r"(/\S+) \(0x", output_of("ldd", program))
    return sorted(set(found))


def static_libraries(program):
    """The libraries that the linker read for it, but our own, which have no absolute path."""
    inputs = read(f"{program}.inputs").decode().replace("\\\n", " ").partition(":")[2].split()
    return sorted({os.path.realpath(path) for path in inputs if re.match(r"/.*\.[ao]$", path)})


def packages_of(paths):
    """The Debian packages that hold these files, whichever side of the merged /usr they name."""
    spellings = {path: {path, os.path.realpath(path), os.path.realpath(path)[len("/usr"):]}
                 for path in paths}
    found = subprocess.run(["dpkg", "-S", *set().union(*spellings.values())], capture_output=True,
                           text=True)  # fails, as not every spelling is found
    package_of = {path: package for package, path in
                  re.findall(r"^([^:, ]+)\S*: (\S+)$", found.stdout, re.MULTILINE)}
    names = set()
    for path in paths:
        packages = {package_of[name] for name in spellings[path] if name in package_of}
        if not packages:
            sys.exit(f"image: {path} belongs to no Debian package, so its licence is not known")
        names |= packages
    return names


def licences(program, more):
    """The licence of everything in the image that is not ours. What small-libs.sh built lies beside
    its licence."""
    files, debian = {}, []
    for path in shared_libraries(program) + static_libraries(program):
        name = os.path.basename(path).partition(".")[0]
        beside = os.path.join(os.path.dirname(path), "../share/doc", name, "copyright")
        if os.path.exists(beside):
            files[f"/usr/share/doc/{name}/copyright"] = (0o644, read(beside))
        else:
            debian.append(path)
    for package in packages_of(debian) | set(more):
        path = f"/usr/share/doc/{package}/copyright"
        files[path] = (0o644, read(path))
    return files


def certificates():
    """The authorities that Debian trusts, and none that somebody added to this machine."""
    parts = [read(path) for path in sorted(glob.glob("/usr/share/ca-certificates/mozilla/*.crt"))]
    return {CERTIFICATES: (0o644, b"".join(parts)), OPENSSL_CERTIFICATES: (0o777, CERTIFICATES)}


def stripped(program):
    scratch = f"{program}.stripped"
    subprocess.run(["strip", "-o", scratch, program], check=True)
    try:
        return read(scratch)
    finally:
        os.unlink(scratch)


def files_of(image, program):
    """Everything in the image, as archive.py wants it."""
    files = {f"/usr/bin/{image['program']}": (0o755, stripped(program))}
    files.update({path: (0o755, read(path)) for path in shared_libraries(program)})
    files.update(licences(program, image["more"]))
    if "ca-certificates" in image["more"]:
        files.update(certificates())
    if "tzdata" in image["more"]:
        files.update(timezones.timezones())
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
    if os.path.isdir(folder) and os.listdir(folder):
        sys.exit(f"image: {folder} is not empty")
    for path, (mode, content) in files.items():
        target = folder + path
        os.makedirs(os.path.dirname(target), exist_ok=True)
        if isinstance(content, str):
            os.symlink(content, target)
            continue
        with open(target, "wb") as file:
            file.write(content)
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


def built_program(image, folder):
    program = os.path.join(folder, image["program"])
    if not os.path.exists(f"{program}.inputs"):
        sys.exit(f"image: {program} is not there, or was not built by a preset for images "
                 "(small, small-tls)")
    return program


def date():
    text = os.environ.get("SOURCE_DATE_EPOCH", "0")
    if not re.fullmatch(r"[0-9]{1,10}", text):
        sys.exit(f"image: SOURCE_DATE_EPOCH is the seconds since 1970, not '{text}'")
    return int(text)


def write_image(path, image, program, files, labels):
    """labels: revision and source."""
    epoch = date()
    version = output_of(program, "--version").split()[1]
    reference = f"{image['program']}:{version}"
    layer = archive.layer_of(files, epoch)
    run = run_of(image, labels_of(image, version, *labels, epoch))
    name, packed = archive.write_archive(path, reference, layer,
                                         archive.config_of(layer, run, epoch), epoch)
    print(f"{path}: {reference} {name}\n"
          f"  {archive.size_of(files) / MIB:.2f} MiB of files, {packed / MIB:.2f} MiB to pull")


def main():
    args = arguments()
    image = IMAGES[args.name]
    program = built_program(image, args.bin)
    files = files_of(image, program)
    if args.rootfs:
        write_rootfs(args.rootfs, files)
        print(f"{args.rootfs}: the files of {image['program']}\n"
              f"  {archive.size_of(files) / MIB:.2f} MiB of files")
    else:
        write_image(args.out, image, program, files, (args.revision, args.source))


if __name__ == "__main__":
    try:
        main()
    except (OSError, subprocess.CalledProcessError) as error:
        sys.exit(f"image: {error}")
