"""Where judging is done: in this process or by a Spark cluster; what is said is the same."""

from __future__ import annotations

import os

# Only this program's own work is unpacked, within the call that packed it.
import pickle  # nosec B403
import re
import sys
from collections.abc import Callable, Sequence
from typing import Any

import pandas as pd

from qi_equity.errors import UserError
from qi_equity.findings import Judged
from qi_equity.judging import Work, Workers

LOCAL = "local"
# Sites in a piece of work: the total is judged along with each, a tenth more for its calendar.
SITES = 10
# How a local Spark ("local[2]") and a cluster ("spark://host:7077") are written.
ADDRESSES = ("spark://", "local[")
MISSING = re.compile(r"ModuleNotFoundError: No module named '([^']+)'")


def workers(engine: str) -> Workers:
    """Who judges, by the name or address of an engine."""
    if engine == LOCAL:
        return Workers()
    if engine.startswith(ADDRESSES):
        return Workers(_on_spark(engine), SITES)
    raise UserError(f"--engine {engine}: choose {LOCAL}, local[2] or spark://host:port")


def _on_spark(address: str) -> Callable[[Sequence[Work]], list[dict[str, Judged]]]:
    """Pieces of work as rows of a Spark table, a group each, judged by its grouped map."""
    try:
        from py4j.protocol import Py4JError
        from pyspark.errors import PySparkException, PythonException
        from pyspark.sql import SparkSession
    except ImportError:
        raise UserError(
            f"--engine {address} needs pip install 'qi-equity[spark]' and a Java runtime"
        ) from None
    try:
        session = SparkSession.builder.master(address).appName("qi-equity").getOrCreate()
    except (Py4JError, PySparkException) as problem:
        from qi_equity.sources.engine import cause

        raise UserError(
            f"--engine {address}: Spark did not start; is the address right? {cause(problem)}"
        ) from problem
    if address.startswith("local[") and "PYSPARK_PYTHON" not in os.environ:
        # Workers on this machine are of this environment, not of the first python3 on the path.
        session.sparkContext.pythonExec = sys.executable

    def do(works: Sequence[Work]) -> list[dict[str, Judged]]:
        if not works:
            return []
        packed = [(place, bytearray(pickle.dumps(work))) for place, work in enumerate(works)]
        table: Any = session.createDataFrame(packed, "place long, packed binary")
        # A partition each, so that no worker waits while another has several.
        spread = table.repartition(len(works), "place").groupBy("place")
        judged = spread.applyInPandas(judge, "place long, packed binary")
        try:
            found = judged.collect()
        except PythonException as problem:  # a worker's
            if (lacking := MISSING.search(str(problem))) is None:
                raise  # a fault of judging is not the engine's
            raise UserError(
                f"--engine {address}: a worker's Python has no {lacking[1]}: install qi-equity "
                "there too, or name the Python that has it with PYSPARK_PYTHON"
            ) from problem
        except (Py4JError, PySparkException) as problem:
            from qi_equity.sources.engine import cause

            raise UserError(f"--engine {address}: Spark gave up: {cause(problem)}") from problem
        return [pickle.loads(row.packed) for row in found]  # nosec B301

    return do


def judge(rows: pd.DataFrame) -> pd.DataFrame:
    """The judgements of a group's pieces of work, packed as they came."""
    done = [pickle.dumps(pickle.loads(one).done()) for one in rows["packed"]]  # nosec B301
    return pd.DataFrame({"place": rows["place"], "packed": done})
