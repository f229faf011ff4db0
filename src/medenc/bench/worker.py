"""One system in a process of its own: a vector as soon as it can, then everything that is timed.

`python -m medenc.bench.worker` reads a `Job` from standard input. It prints `FIRST` when the first query has its
vector, and at the end its figures; what libraries print goes to standard error.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from time import perf_counter, process_time
from typing import IO, Any, cast

import numpy as np

from medenc.bench.contract import FIRST, Encode, Job, System, Texts
from medenc.core.errors import MedencError
from medenc.core.plugins import build

WARM_UP = 64  # texts encoded before the clock runs: what is compiled late is not part of the speed


def main() -> None:
    """Do the job that standard input names."""
    job = Job.parse(json.load(sys.stdin), "job")
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    try:
        _say(answers, _figures(job, answers))
    except (ImportError, MedencError, OSError) as error:
        _say(answers, json.dumps({"left_out": str(error).strip().splitlines()[0]}))


def _figures(job: Job, answers: IO[str]) -> str:
    encode = cast(System, build("system", job.system, "system")).open(Path(job.model))
    encode(job.queries[:1])
    _say(answers, FIRST)
    encode(job.texts[:WARM_UP])
    before = process_time()
    bulk = _seconds(encode, job.texts)
    processor = process_time() - before
    one_by_one = [1000 * _seconds(encode, [query]) for query in job.queries]
    peak = _peak_bytes()
    np.save(job.vectors, np.asarray(encode(job.compared), np.float32), allow_pickle=False)
    timed = {"bulk_seconds": bulk, "processor_seconds": processor, "query_milliseconds": one_by_one}
    return json.dumps(timed | {"peak_bytes": peak})


def _seconds(encode: Encode, texts: Texts) -> float:
    start = perf_counter()
    encode(texts)
    return perf_counter() - start


def _peak_bytes() -> int:
    """The most memory this process has held; what `getrusage` says would include the process that started it."""
    lines = dict(line.split(":") for line in Path("/proc/self/status").read_text().splitlines())
    return int(lines["VmHWM"].split()[0]) * 1024


def _say(answers: IO[str], line: Any) -> None:
    answers.write(line + "\n")
    answers.flush()


if __name__ == "__main__":
    main()
