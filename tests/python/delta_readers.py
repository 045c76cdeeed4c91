"""Reads a lake as others do, through its Delta logs, and compares with what its editions say.

    python delta_readers.py LAKE

Needs deltalake, polars, duckdb and pyarrow. For every table and every version: the number of rows by deltalake,
Polars and DuckDB, the text-ness of codes, the rows themselves against those read straight from the edition's
files, and filters on every column, because readers skip files by what the log has of them.
Exit code 1 when anything differs.
"""

import json
import sys
from pathlib import Path

import duckdb
import polars
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq
from deltalake import DeltaTable

TEXT = ["municipality_code", "county_code", "organisation_number", "from_code", "to_code", "old_code", "new_code"]


def versions(lake: Path) -> dict[str, list[list[dict]]]:
    """Each table's lists of files, one for each edition that changed it: what version k must hold."""
    found: dict[str, list[list[dict]]] = {}
    numbers = sorted(int(path.stem) for path in (lake / "editions").glob("*.json"))
    for number in numbers:
        tables = json.loads((lake / "editions" / f"{number}.json").read_text())["tables"]
        for name in set(found) | set(tables):
            files = tables.get(name, [])
            lists = found.setdefault(name, [])
            if not lists or lists[-1] != files:
                lists.append(files)
    return found


def rows_of(table: pa.Table) -> list[str]:
    return sorted(repr(row) for row in table.to_pylist())


class Duck:
    """DuckDB, through its Delta extension where that is installed, else over deltalake's dataset."""

    def __init__(self) -> None:
        self.connection = duckdb.connect()
        try:
            self.connection.execute("LOAD delta")
            self.way = "its delta extension"
        except duckdb.Error:
            self.way = "the pyarrow dataset of deltalake (no delta extension here)"

    def read(self, path: Path, version: int, delta: DeltaTable) -> pa.Table:
        if self.way == "its delta extension":
            return self.connection.sql(f"SELECT * FROM delta_scan('{path}', version => {version})").to_arrow_table()
        dataset = delta.to_pyarrow_dataset()  # noqa: F841 - DuckDB finds it by its name
        return self.connection.sql("SELECT * FROM dataset").to_arrow_table()


def check(lake: Path, name: str, lists: list[list[dict]], duck: Duck, wrong: list[str]) -> None:
    path = lake / "tables" / name
    newest = DeltaTable(path).version()
    if newest != len(lists) - 1:
        wrong.append(f"{name}: the log's newest version is {newest}, the editions make {len(lists) - 1}")
    for version, files in enumerate(lists):
        delta = DeltaTable(path, version=version)
        read = {
            "deltalake": pa.table(delta.to_pyarrow_table()),
            "polars": polars.read_delta(str(path), version=version).to_arrow(),
            "duckdb": duck.read(path, version, delta),
        }
        rows = sum(file["rows"] for file in files)
        direct = [pq.read_table(lake / file["path"], partitioning=None) for file in files]
        whole = pa.concat_tables(direct) if direct else None
        truth = rows_of(whole) if whole else []
        if whole:
            skip(f"{name} version {version}", path, version, whole, wrong)
        for reader, table in read.items():
            where = f"{name} version {version} by {reader}"
            if table.num_rows != rows:
                wrong.append(f"{where}: {table.num_rows} rows, the edition has {rows}")
            for column in set(TEXT) & set(table.column_names):
                kind = table.schema.field(column).type
                if not (pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind)):
                    wrong.append(f"{where}: {column} is {kind}, not text")
            if rows <= 100_000 and normal(table) != truth and rows_of(table) != truth:
                wrong.append(f"{where}: the rows differ from those of the edition's files")


def skip(where: str, path: Path, version: int, whole: pa.Table, wrong: list[str]) -> None:
    """A filter must find every row: what a log has wrong of a file's columns would lose rows without a word."""
    for column in whole.column_names:
        for value in whole.column(column).drop_null().unique().to_pylist()[:50]:
            expected = sum(1 for found in whole.column(column).to_pylist() if found == value)
            lazy = polars.scan_delta(str(path), version=version).filter(polars.col(column) == value)
            by_polars = lazy.collect().height
            dataset = DeltaTable(path, version=version).to_pyarrow_dataset()
            by_deltalake = dataset.count_rows(filter=ds.field(column) == pa.scalar(value, whole.schema.field(column).type))
            if (by_polars, by_deltalake) != (expected, expected):
                wrong.append(f"{where}: {column} = {value!r}: {by_polars}, {by_deltalake} rows found, there are {expected}")


def normal(table: pa.Table) -> list[str]:
    """Rows with moments in UTC: readers name the same time zone differently."""
    columns = []
    for field, column in zip(table.schema, table.columns):
        if pa.types.is_timestamp(field.type):
            column = column.cast(pa.timestamp("us", tz="UTC"))
        columns.append(column)
    return rows_of(pa.table(columns, names=table.column_names))


def main() -> int:
    if len(sys.argv) != 2:
        print(__doc__, file=sys.stderr)
        return 2
    lake = Path(sys.argv[1]).resolve()
    duck = Duck()
    wrong: list[str] = []
    found = versions(lake)
    for name, lists in sorted(found.items()):
        check(lake, name, lists, duck, wrong)
    print(f"DuckDB read through {duck.way}")
    print(f"{len(found)} tables, {sum(map(len, found.values()))} versions, {len(wrong)} differences")
    for difference in wrong:
        print(difference, file=sys.stderr)
    return 1 if wrong or not found else 0


if __name__ == "__main__":
    sys.exit(main())
