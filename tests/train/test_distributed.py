"""What the processes of a run expect of each other."""

import os
import subprocess
import sys

import pytest
import torch
from accelerate import Accelerator
from accelerate.state import AcceleratorState
from launching import ENVIRONMENT, free_port

from medenc.core.errors import MedencError
from medenc.train.distributed import accelerator, multiplies_bf16
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


@pytest.mark.skipif(torch.cuda.is_available(), reason="an accelerator is asked instead")
@pytest.mark.parametrize(("flag", "fast"), [("avx512_bf16", True), ("amx_bf16", True), ("avx512_vnni", False)])
def test_the_processor_says_whether_it_multiplies_in_bf16(tmp_path, flag, fast):
    """Seen to fail while AMX alone counted: twice as slow as need be on a processor with AVX-512's."""
    cpuinfo = tmp_path / "cpuinfo"
    cpuinfo.write_text(f"flags\t\t: fpu avx2 {flag} clflush\n")
    assert multiplies_bf16(cpuinfo) == fast
    assert not multiplies_bf16(tmp_path / "nowhere")


def test_bf16_where_it_is_emulated_is_refused(monkeypatch):
    monkeypatch.setattr("medenc.train.distributed.multiplies_bf16", lambda: False)
    with pytest.raises(MedencError, match="slower than fp32"):
        accelerator(FitOptions(precision="bf16"))
    assert accelerator(FitOptions()).mixed_precision == "no"


@pytest.mark.slow
def test_processes_wait_while_the_first_one_measures():
    """Seen to fail with the default, after which a group gives up."""
    alone = {"RANK": "0", "LOCAL_RANK": "0", "WORLD_SIZE": "1", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": free_port()}
    environment = os.environ | alone | ENVIRONMENT
    found = subprocess.run(
        [sys.executable, "-c", PATIENCE], env=environment, check=True, timeout=120, capture_output=True, text=True
    )
    assert found.stdout.strip() == "1 day, 0:00:00"
