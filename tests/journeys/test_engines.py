"""The same project and the same 200,000 births give the same observations from every engine."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from births import births, project
from qi_equity import engines, sources
from qi_equity.analyse import analyse
from qi_equity.errors import UserError
from qi_equity.findings import TABLES
from qi_equity.observations import observations
from qi_equity.project import Project
from qi_equity.sources import Imported

BIRTHS = 200_000


@pytest.fixture(scope="module")
def records(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("records") / "births.parquet"
    births(BIRTHS, np.random.default_rng(11)).to_parquet(path, index=False)
    return path


@pytest.fixture(scope="module")
def embedded(records: Path) -> Imported:
    return sources.load(project(), records)


def same(found: Imported, expected: Imported) -> None:
    pd.testing.assert_frame_equal(found.observations, expected.observations)
    pd.testing.assert_frame_equal(found.excluded, expected.excluded)
    assert dict(zip(found.refused["reason"], found.refused["rows"], strict=True)) == dict(
        zip(expected.refused["reason"], expected.refused["rows"], strict=True)
    )
    codes = [each.codes.sort_values("code", ignore_index=True) for each in (found, expected)]
    pd.testing.assert_frame_equal(*codes)
    assert (found.read, found.taken) == (expected.read, expected.taken)


def test_duckdb_gives_what_pandas_gives(records: Path, embedded: Imported) -> None:
    """An independent count of the same births, written the long way."""
    table = pd.read_parquet(records)
    table = table[table["born"].notna() & table["unit"].isin(["north", "south", "west"])]
    letters = {"A": "White", "B": "White", "C": "White", "M": "Black", "N": "Black", "P": "Black"}
    letters |= {"H": "Asian", "J": "Asian", "K": "Asian", "L": "Asian", "R": "Other", "S": "Other"}
    letters |= dict.fromkeys("DEFG", "Mixed")
    letters |= dict.fromkeys(("Z", "9", "X"), "Not recorded")
    # A code that stands there and is no code is refused; an empty one is not recorded.
    first = table["ethnicity"].fillna("Z").str.strip().replace("", "Z").str.upper().str[0]
    table = table.assign(stratum=first.map(letters))
    table = table[table["stratum"].notna()]
    day = table["born"].dt.normalize()
    table["subgroup"] = day - pd.to_timedelta(day.dt.day_of_week, unit="D")
    keys = ["unit", "stratum", "subgroup"]
    pph = table[table["loss"].notna()].assign(event=lambda rows: rows["loss"] >= 1000)
    sums = pph.groupby(keys)["event"].agg(["sum", "size"])
    found = embedded.observations.query("measure == 'pph' and denominator > 0")
    found = found.set_index(["site", "stratum", "subgroup"])[["numerator", "denominator"]]
    assert (found.to_numpy() == sums.sort_index().to_numpy()).all()
    assert embedded.read == BIRTHS
    assert embedded.taken == len(table)
    pd.testing.assert_frame_equal(embedded.observations, observations(embedded.observations))


def test_a_csv_of_the_same_births_gives_the_same(
    records: Path, embedded: Imported, tmp_path: Path
) -> None:
    pd.read_parquet(records).to_csv(tmp_path / "births.csv", index=False)
    same(sources.load(project(), tmp_path / "births.csv"), embedded)


def database(records: Path, url: str, plan: Project) -> Project:
    """The births in a PostgreSQL table, and the project that reads them there."""
    import psycopg

    table = pd.read_parquet(records)
    with psycopg.connect(url.replace("+psycopg", "")) as connection, connection.cursor() as cursor:
        cursor.execute(
            "create table births (born timestamp, unit text, ethnicity text, loss double precision,"
            " gestation bigint, weighed boolean, gestation_text text)"
        )
        with cursor.copy("copy births from stdin with (format csv)") as copy:
            copy.write(table.to_csv(index=False, header=False))
    assert plan.data is not None
    return plan.model_copy(update={"data": plan.data.model_copy(update={"table": "births"})})


@pytest.mark.postgres
def test_postgresql_gives_the_same(records: Path, embedded: Imported, postgres_url: str) -> None:
    plan = database(records, postgres_url, project())
    # As a path, the way it comes from a command line.
    same(sources.load(plan, Path(postgres_url.replace("+psycopg", ""))), embedded)


@pytest.fixture(scope="module")
def spark() -> Iterator[None]:
    """A local Spark, in UTC, without its web page."""
    java = shutil.which("java")
    try:
        from pyspark.sql import SparkSession
    except ImportError:
        java = None
    if java is None:
        message = "needs pyspark and Java: pip install '.[spark]', Debian's default-jre-headless"
        if os.environ.get("CI") == "true":
            pytest.fail(message)
        pytest.skip(message)
    session = (
        SparkSession.builder.master("local[2]")
        .config("spark.ui.enabled", "false")
        .config("spark.driver.memory", "2g")
        .config("spark.sql.shuffle.partitions", "1")
        # Each query runs once: what is compiled to be quick the tenth time is never quick here.
        .config("spark.driver.extraJavaOptions", "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC")
        .config("spark.sql.session.timeZone", "UTC")
        .getOrCreate()
    )
    yield
    session.stop()


@pytest.mark.spark
@pytest.mark.usefixtures("spark")
@pytest.mark.filterwarnings("ignore")  # Spark and its bridge to Java warn of their own affairs
def test_spark_gives_the_same(records: Path, embedded: Imported) -> None:
    same(sources.load(project(), f"spark:{records}"), embedded)


@pytest.mark.spark
@pytest.mark.usefixtures("spark")
@pytest.mark.filterwarnings("ignore")  # Spark and its bridge to Java warn of their own affairs
def test_spark_judges_to_the_last_digit(
    embedded: Imported, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pyspark import SparkContext

    # Workers of this machine are of this environment, whichever Python is first on the path.
    monkeypatch.delenv("PYSPARK_PYTHON", raising=False)
    monkeypatch.setattr(SparkContext.getOrCreate(), "pythonExec", "/nowhere/python3")
    plan, rows = project(), embedded.observations
    found, expected = analyse(plan, rows, engine="local[2]"), analyse(plan, rows)
    for name in TABLES:
        left, right = getattr(found, name), getattr(expected, name)
        pd.testing.assert_frame_equal(left, right, check_exact=True)
    assert (found.cautions, found.chance) == (expected.cautions, expected.chance)


@pytest.mark.spark
@pytest.mark.usefixtures("spark")
@pytest.mark.filterwarnings("ignore")  # Spark and its bridge to Java warn of their own affairs
@pytest.mark.parametrize("why", ["Spark gave up: .*worker exited", "has no nowhere: install"])
def test_a_spark_that_gives_up_says_why_in_a_line(
    why: str, embedded: Imported, monkeypatch: pytest.MonkeyPatch
) -> None:
    def given_up(rows: pd.DataFrame) -> pd.DataFrame:
        if "nowhere" in why:
            import nowhere  # type: ignore[import-not-found]  # noqa: F401
        os._exit(3)  # as a worker ends that the machine has no memory for

    monkeypatch.setattr(engines, "judge", given_up)
    with pytest.raises(UserError, match=rf"--engine local\[2\]: .*{why}") as raised:
        analyse(project(), embedded.observations, engine="local[2]")
    assert len(str(raised.value).splitlines()) == 1


def test_an_engine_that_is_not_known_is_named(embedded: Imported) -> None:
    with pytest.raises(UserError, match=r"--engine dask: choose local, local\[2\]"):
        analyse(project(), embedded.observations, engine="dask")
