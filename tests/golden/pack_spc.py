"""Pack the reference figures of the SPC tools into the tables beside this.

    python tests/golden/pack_spc.py ../shared/golden

Inputs are our own synthetic series; outputs are figures the tools printed, kept as they were
printed. Each tool has a table of its cases (version, call, options) and one of each file of a
case, with the case in the first column; a column a case does not have is left empty.
"""

import csv
import gzip
import io
import json
import sys
from pathlib import Path

HERE = Path(__file__).parent
TOOLS = ("qicharts2", "nhsrplotthedots", "qcc", "runcharter", "funnelplotr")


def write(path: Path, rows: list[dict[str, str]]) -> None:
    columns = list(dict.fromkeys(column for row in rows for column in row))
    text = io.StringIO()
    table = csv.DictWriter(text, columns, lineterminator="\n", restval="")
    table.writeheader()
    table.writerows(rows)
    # No time in the header: the same figures give the same file.
    path.write_bytes(gzip.compress(text.getvalue().encode(), mtime=0))


def main(source: Path) -> None:
    with (source / "MANIFEST.csv").open(newline="") as file:
        manifest = list(csv.DictReader(file))
    for tool in TOOLS:
        cases, tables = [], {}
        for case in (row for row in manifest if row["path"].split("/")[0] == tool):
            folder = source / case["path"]
            args = json.loads((folder / "args.json").read_text())
            cases.append({"case": folder.name, "args": json.dumps(args), **case})
            for found in sorted(folder.glob("*.csv")):
                with found.open(newline="") as file:
                    rows = [{"case": folder.name, **row} for row in csv.DictReader(file)]
                tables.setdefault(found.stem, []).extend(rows)
        write(HERE / f"{tool}_cases.csv.gz", cases)
        for name, rows in tables.items():
            write(HERE / f"{tool}_{name}.csv.gz", rows)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
