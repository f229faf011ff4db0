"""What the processes of a run expect of each other."""

import os
import subprocess
import sys

import pytest
from accelerate import Accelerator
from accelerate.state import AcceleratorState
from launching import ENVIRONMENT, free_port

from medenc.train.distributed import accelerator
from medenc.train.options import FitOptions

PATIENCE = """
import torch
from medenc.train.distributed import accelerator
from medenc.train.options import FitOptions
accelerator(FitOptions())
group = torch.distributed.distributed_c10d._get_default_group()
print(group._get_backend(torch.device("cpu")).options._timeout)
torch.distributed.destroy_process_group()
"""


def test_a_second_run_in_one_process_may_have_another_precision():
    """Seen to fail: a recipe of two trainings stopped at the second when one of them wanted fp32 on a GPU."""
    AcceleratorState._reset_state()  # of the tests before
    Accelerator(mixed_precision="bf16", cpu=True)
    assert accelerator(FitOptions(precision="fp32")).mixed_precision == "no"


@pytest.mark.slow
def test_processes_wait_while_the_first_one_measures():
    """Seen to fail with the default, after which a group gives up."""
    alone = {"RANK": "0", "LOCAL_RANK": "0", "WORLD_SIZE": "1", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": free_port()}
    environment = os.environ | alone | ENVIRONMENT
    found = subprocess.run(
        [sys.executable, "-c", PATIENCE], env=environment, check=True, timeout=120, capture_output=True, text=True
    )
    assert found.stdout.strip() == "1 day, 0:00:00"
