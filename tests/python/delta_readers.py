"""Reads a lake as others do, through its Delta logs, and compares with what its editions say.

    python delta_readers.py LAKE

Needs deltalake, polars, duckdb and pyarrow. DuckDB reads a log itself with the package duckdb-extension-delta, of the
version of duckdb; else it is given what deltalake read.

For every table and every version: the number of rows by deltalake, Polars and DuckDB, the text-ness of codes, the rows
themselves against those read straight from the edition's files, and the files with their sizes and rows as the log has
them. Of some versions filters on every column, because readers skip files by what the log has of them.
For every checkpoint of a log: the same of a copy whose log begins there, so that nothing but the checkpoint can say
what was before.
Exit code 1 when anything differs.
"""

import importlib.util
import json
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import duckdb
import polars
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq
from deltalake import DeltaTable

T = TypeVar("T")

TEXT = ["municipality_code", "county_code", "organisation_number", "from_code", "to_code", "old_code", "new_code"]

# Versions from one checkpoint to the next.
EVERY = 100

# Of so many versions every column is filtered, and of the newest and of those read from a checkpoint: it takes seconds.
FILTERED = 10


def versions(lake: Path, wrong: list[str]) -> dict[str, list[list[dict]]]:
    """Each table's lists of files, one for each edition that changed it: what version k must hold."""
    found: dict[str, list[list[dict]]] = {}
    now: dict[str, list[dict]] = {}
    numbers = sorted(int(path.stem) for path in (lake / "editions").glob("*.json"))
    for number in numbers:
        record = json.loads((lake / "editions" / f"{number}.json").read_text())
        now = content(record, now)
        for name in set(found) | set(now):
            files = now.get(name, [])
            lists = found.setdefault(name, [])
            if not lists or lists[-1] != files:
                lists.append(files)
        # The lake names the next version of a log by this number, without counting the editions.
        for name, change in record.get("changes", {}).get("tables", {}).items():
            if change["versions"] != len(found[name]):
                wrong.append(f"edition {number}: {change['versions']} versions of {name}, there are {len(found[name])}")
    return found


def content(record: dict, before: dict[str, list[dict]]) -> dict[str, list[dict]]:
    """The files of each table in an edition, by its record and what was in the edition before it."""
    if record["format"] == 1:
        return record["tables"]
    # A checkpoint names everything, as what changed since an empty lake.
    now = {} if record["checkpoint"] == record["number"] else dict(before)
    for name, change in record["changes"]["tables"].items():
        removed = set(change["removed"])
        now[name] = [file for file in now.get(name, []) if file["path"] not in removed] + change["added"]
    return now


def rows_of(table: pa.Table) -> list[str]:
    return sorted(repr(row) for row in table.to_pylist())


class Duck:
    """DuckDB, through its Delta extension where that is installed, else over deltalake's dataset."""

    def __init__(self) -> None:
        self.connection = duckdb.connect()
        try:
            self.connection.execute(f"LOAD {self.extension()}")
            self.way = "its delta extension"
        except duckdb.Error:
            self.way = "the pyarrow dataset of deltalake (no delta extension here)"

    @staticmethod
    def extension() -> str:
        """The extension's file where a package brought it, else its name."""
        package = importlib.util.find_spec("duckdb_extension_delta")
        for folder in package.submodule_search_locations or [] if package else []:
            for file in Path(folder).glob(f"extensions/v{duckdb.__version__}/delta.duckdb_extension"):
                return f"'{file}'"
        return "delta"

    def read(self, path: Path, version: int | None, delta: DeltaTable) -> pa.Table:
        if self.way == "its delta extension":
            at = "" if version is None else f", version => {version}"
            return self.connection.sql(f"SELECT * FROM delta_scan('{path}'{at})").to_arrow_table()
        dataset = delta.to_pyarrow_dataset()  # noqa: F841 - DuckDB finds it by its name
        return self.connection.sql("SELECT * FROM dataset").to_arrow_table()


class Check:
    """One lake, read by all, and what is wrong with it."""

    def __init__(self, lake: Path) -> None:
        self.lake = lake
        self.duck = Duck()
        self.wrong: list[str] = []
        self.checkpoints = 0

    def table(self, name: str, lists: list[list[dict]]) -> None:
        path = self.lake / "tables" / name
        newest = self.attempt(f"{name} by deltalake", lambda: DeltaTable(path).version())
        if newest != len(lists) - 1:
            self.wrong.append(f"{name}: the log's newest version is {newest}, the editions make {len(lists) - 1}")
        for version, files in enumerate(lists):
            filtered = version < FILTERED or version == len(lists) - 1
            self.version(f"{name} version {version}", path, version, files, filtered)
        self.from_checkpoints(name, path, lists)

    def from_checkpoints(self, name: str, path: Path, lists: list[list[dict]]) -> None:
        """Reads a log from each of its checkpoints on: that version, and the last before the next checkpoint."""
        found = sorted(int(file.name.split(".")[0]) for file in path.glob("_delta_log/*.checkpoint.parquet"))
        for first, end in zip(found, [*found[1:], len(lists)]):
            self.checkpoints += 1
            read = sorted({first, end - 1})
            with tempfile.TemporaryDirectory() as folder:
                copy = Path(folder) / name
                cut(path, copy, first, {Path(file["path"]).name for version in read for file in lists[version]})
                for version in read:
                    # The newest is asked for as most do, by no number: `_last_checkpoint` leads there.
                    asked = None if version == len(lists) - 1 else version
                    self.version(f"{name} version {version} from {first} on", copy, asked, lists[version], True)

    def version(self, what: str, path: Path, version: int | None, files: list[dict], filtered: bool) -> None:
        """Compares a version of a log, or its newest, with the files it must have."""
        delta = self.attempt(f"{what} by deltalake", lambda: DeltaTable(path, version=version))
        if delta is None:
            return
        self.attempt(what, lambda: self.files(what, delta, files))
        read = {
            "deltalake": lambda: pa.table(delta.to_pyarrow_table()),
            "polars": lambda: polars.read_delta(str(path), version=version).to_arrow(),
            "duckdb": lambda: self.duck.read(path, version, delta),
        }
        rows = sum(file["rows"] for file in files)
        direct = [pq.read_table(self.lake / file["path"], partitioning=None) for file in files]
        # A file of before its table grew a column lacks it.
        whole = pa.concat_tables(direct, promote_options="default") if direct else None
        truth = rows_of(whole) if whole and rows <= 100_000 else []
        if whole and filtered:
            self.attempt(what, lambda: self.skip(what, path, version, whole))
        for reader, step in read.items():
            where = f"{what} by {reader}"
            table = self.attempt(where, step)
            if table is None:
                continue
            if table.num_rows != rows:
                self.wrong.append(f"{where}: {table.num_rows} rows, the edition has {rows}")
            for column in set(TEXT) & set(table.column_names):
                kind = table.schema.field(column).type
                if not (pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind)):
                    self.wrong.append(f"{where}: {column} is {kind}, not text")
            if whole:
                table = like(whole, table)
            if rows <= 100_000 and normal(table) != truth and rows_of(table) != truth:
                self.wrong.append(f"{where}: the rows differ from those of the edition's files")

    def attempt(self, what: str, step: Callable[[], T]) -> T | None:
        """Does a step; a reader that refuses a log is a difference, and the next may read it."""
        try:
            return step()
        except Exception as error:  # each reader has errors of its own
            self.wrong.append(f"{what}: {type(error).__name__}: {error}")
            return None

    def files(self, what: str, delta: DeltaTable, files: list[dict]) -> None:
        """What a log says of each file: readers count rows by it without opening the file."""
        actions = pa.table(delta.get_add_actions(flatten=True)).to_pylist()
        has = Counter((action["path"], action["size_bytes"], action["num_records"]) for action in actions)
        must = Counter((Path(file["path"]).name, file["bytes"], file["rows"]) for file in files)
        if has != must:
            self.wrong.append(f"{what}: of its files the log alone has {has - must}, the edition alone {must - has}")

    def skip(self, where: str, path: Path, version: int | None, whole: pa.Table) -> None:
        """A filter must find every row: what a log has wrong of a file's columns would lose rows without a word."""
        lazy = polars.scan_delta(str(path), version=version)
        dataset = DeltaTable(path, version=version).to_pyarrow_dataset()
        for column in whole.column_names:
            kind = whole.schema.field(column).type
            counts = Counter(whole.column(column).drop_null().to_pylist())
            for value, expected in list(counts.items())[:50]:
                by_polars = lazy.filter(polars.col(column) == value).collect().height
                by_deltalake = dataset.count_rows(filter=ds.field(column) == pa.scalar(value, kind))
                if (by_polars, by_deltalake) != (expected, expected):
                    found = f"{by_polars}, {by_deltalake} rows found, there are {expected}"
                    self.wrong.append(f"{where}: {column} = {value!r}: {found}")


def cut(path: Path, copy: Path, first: int, files: set[str]) -> None:
    """Copies some files of a table with its log from a version on, as is left when others have tidied up a log."""
    (copy / "_delta_log").mkdir(parents=True)
    for file in (path / "_delta_log").iterdir():
        number = file.name.split(".")[0]
        if file.name == "_last_checkpoint" or (number.isdigit() and int(number) >= first):
            shutil.copy(file, copy / "_delta_log")
    for name in files:
        shutil.copy(path / name, copy)


def like(whole: pa.Table, table: pa.Table) -> pa.Table:
    """What was read, with the columns that the files have: those that their table grew later are NULL, and left out."""
    grown = [name for name in set(table.column_names) - set(whole.column_names) if table[name].null_count == len(table)]
    table = table.drop_columns(grown)
    return table.select(whole.column_names) if set(table.column_names) == set(whole.column_names) else table


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
    check = Check(Path(sys.argv[1]).resolve())
    found = versions(check.lake, check.wrong)
    for name, lists in sorted(found.items()):
        check.table(name, lists)
    print(f"DuckDB read through {check.duck.way}")
    # A log that an earlier version of the lake began may lack some: readers then begin before them.
    due = sum((len(lists) - 1) // EVERY for lists in found.values())
    read = f"{len(found)} tables, {sum(map(len, found.values()))} versions, {check.checkpoints} of {due} checkpoints"
    print(f"{read}, {len(check.wrong)} differences")
    for difference in check.wrong:
        print(difference, file=sys.stderr)
    return 1 if check.wrong or not found else 0


if __name__ == "__main__":
    sys.exit(main())
