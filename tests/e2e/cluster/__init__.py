# SPDX-License-Identifier: MIT
"""A real Kubernetes on a plain Linux machine: no Docker, no virtual machine, no registry.

`./swell cluster` is this package's command line (__main__.py). Two kinds of cluster come out of it:

* the whole one: a node in pid, network and mount namespaces of its own, with pods, Services, DNS
  and metrics (node.py starts it, inside.py is its process 1);
* the control plane alone: etcd, API server and controllers as plain processes on the loopback
  address, as many as wanted, for tests of anything that talks to the API (controlplane.py).

Both are built from Go modules (build.py, go/) into a cache folder outside the tree (settings.py).
"""
