"""Several processes on this machine, as torchrun starts them."""

import os
import socket
import subprocess
import sys

ENVIRONMENT = {"OMP_NUM_THREADS": "1", "ACCELERATE_USE_CPU": "true"}


def free_port():
    """A port that nobody listens on."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return str(found.getsockname()[1])


def launch(processes, *command, check=True, **options):
    """Run a program, or a module after "-m", in each of the processes; every one of them must end well."""
    launcher = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", str(processes)]
    launcher += ["--master-port", free_port()]
    environment = os.environ | ENVIRONMENT
    return subprocess.run([*launcher, *command], env=environment, check=check, timeout=600, **options)
