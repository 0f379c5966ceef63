"""Pack the reference figures of PHEindicatormethods and healthequal into the tables beside this.

    python tests/golden/pack_equity.py ../shared/golden

Inputs are our own synthetic series; outputs are figures those tools printed, kept as they were
printed (no rounding). One row is one cell: case, file, row, column, value.
"""

import csv
import json
import sys
from pathlib import Path

HERE = Path(__file__).parent
TOOLS = {
    "phe": "PHEindicatormethods 2.1.0 (R), commit 093fd288d8f8",
    "healthequal": "healthequal 1.0.1 (R), commit 3e7e0406a7ed",
}


def cells(case: Path):
    options = json.loads((case / "args.json").read_text())
    for name, value in sorted(options.items()):
        if not name.startswith("_"):
            yield case.name, "args", 0, name, json.dumps(value)
    for table in sorted(case.glob("*.csv")):
        with table.open(newline="") as file:
            for number, row in enumerate(csv.DictReader(file)):
                for column, value in row.items():
                    yield case.name, table.stem, number, column, value


def pack(source: Path) -> None:
    for tool, version in TOOLS.items():
        with (HERE / f"{tool}.csv").open("w", newline="") as file:
            file.write(f"# {version}; options in the rows 'args'; packed by pack_equity.py\n")
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(["case", "file", "row", "column", "value"])
            for case in sorted((source / tool).iterdir()):
                writer.writerows(cells(case))


if __name__ == "__main__":
    pack(Path(sys.argv[1]))
