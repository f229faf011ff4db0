"""Several processes of one launch before, between and after trainings, where no process group stands."""

from __future__ import annotations

import os
from typing import Self

from torch import distributed
from torch.distributed import PrefixStore, Store

from medenc.core import processes
from medenc.core.errors import MedencError
from medenc.train.distributed import PATIENCE


class Team:
    """The processes that torchrun started; they meet by the store that it keeps for them."""

    def __init__(self, store: Store) -> None:
        self._store = PrefixStore("medenc", store)

    @classmethod
    def joined(cls) -> Self:
        """This process among the others. Raises: MedencError under a launcher that keeps no store."""
        if os.environ.get("TORCHELASTIC_USE_AGENT_STORE") != "True":
            raise MedencError(
                f"{processes.count()} processes of a launcher that is not known",
                hint="torchrun --nproc-per-node N -m medenc run RECIPE",
            )
        store, _, _ = next(distributed.rendezvous("env://"))
        return cls(store)

    def meet(self, place: str) -> None:
        """Wait until all are at `place`, which has a name of its own."""
        self._store.set(f"{place}/{processes.rank()}", "here")
        self._store.wait([f"{place}/{rank}" for rank in range(processes.count())], PATIENCE)

    def part(self) -> None:
        """End the group that trainings made."""
        if distributed.is_initialized():
            distributed.destroy_process_group()
