"""Records as Arrow: IPC streams, and Parquet and IPC files. Needs pyarrow, which is no part of a plain installation."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from pktvisor.errors import ConfigError, InputError, MissingLibraryError
from pktvisor.windows.record import VERSION, FieldInfo, Form, Record, record_fields

SUFFIXES = (".parquet", ".arrow")
"""Ends of the names of files, which say their format."""

UNFINISHED = ".unfinished"
"""End of the name of a file that is not whole and is to take the place of another."""

VERSION_KEY = b"pktvisor.window_record"
"""Key in the schema's metadata that has the record's version."""

LARGEST_BYTES = 1 << 30
"""Records that take more memory are none of ours."""


def pyarrow(what: str = "window records") -> Any:
    """The library; MissingLibraryError, which says what needs it, where it is not there."""
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError as error:
        raise MissingLibraryError(f"{what} need {error.name}: pip install 'pktvisor[frames]'") from error
    return pyarrow


def schema() -> Any:
    """The record as an Arrow schema."""
    pa = pyarrow()
    types: Mapping[Form, Any] = {
        "text": pa.string(),
        "texts": pa.list_(pa.string()),
        "labels": pa.map_(pa.string(), pa.string()),
        "counts": pa.map_(pa.string(), pa.uint64()),
        "number": pa.uint64(),
        "fraction": pa.float64(),
        "time": pa.timestamp("ns", tz="UTC"),
        "flag": pa.bool_(),
        "bytes": pa.binary(),
    }
    columns = [
        pa.field(column_name(one), types[one.form], nullable=one.is_optional, metadata={"meaning": one.meaning})
        for one in record_fields()
    ]
    return pa.schema(columns, metadata={VERSION_KEY: str(VERSION).encode()})


def column_name(one: FieldInfo) -> str:
    """The name of a field's column: a time bears its unit in its type."""
    return one.name.removesuffix("_ns") if one.form == "time" else one.name


def table(records: Iterable[Record]) -> Any:
    """Records as a table."""
    pa, form = pyarrow(), schema()
    listed = list(records)
    columns = [
        pa.array([_written(getattr(record, one.name)) for record in listed], type=form.field(at).type)
        for at, one in enumerate(record_fields())
    ]
    return pa.Table.from_arrays(columns, schema=form)


def stream(records: Iterable[Record]) -> bytes:
    """Records as an IPC stream."""
    pa = pyarrow()
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, schema()) as writer:
        writer.write_table(table(records))
    return bytes(sink.getvalue())


class TableFile:
    """A file that tables of one schema are written to, part by part: Parquet or IPC, as its name says.

    ConfigError for another name, InputError where it can't be written. It is whole once it is closed.
    """

    def __init__(self, path: str, form: Any, *, replaces: bool = False) -> None:
        """Begin it. One that `replaces` others stands beside its place until it is whole; with an error it is gone."""
        pa, self._path = pyarrow(), path
        check_name(path)
        self._place = Path(path).resolve()
        self._beside = self._place.with_name(f"{self._place.name}{UNFINISHED}") if replaces else None
        if self._place.exists() and not self._place.is_file():
            self._beside = None  # a pipe is written to
        written = path if self._beside is None else str(self._beside)
        with _told(path):
            if path.endswith(".parquet"):
                self._writer = pa.parquet.ParquetWriter(written, form, compression="zstd")
            else:
                self._writer = pa.ipc.new_file(written, form)

    def write_table(self, part: Any) -> None:
        """Write a table of that schema."""
        with _told(self._path):
            self._writer.write_table(part)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            with _told(self._path):
                self._writer.close()
                if self._beside is not None and error is None:
                    self._beside.replace(self._place)
        finally:
            if self._beside is not None:
                self._beside.unlink(missing_ok=True)


class RecordFile(TableFile):
    """A file that records are written to, window by window."""

    def __init__(self, path: str) -> None:
        pyarrow()  # a sentence where it is not there
        super().__init__(path, schema(), replaces=True)

    def write(self, records: Iterable[Record]) -> None:
        """Write some records."""
        self.write_table(table(records))


def check_name(path: str) -> None:
    """ConfigError where a file's name says no format."""
    if not path.endswith(SUFFIXES):
        raise ConfigError(f"{path}: name a file that ends in {' or '.join(SUFFIXES)}")


def read_file(path: str) -> list[Record]:
    """Read the records of a file that `RecordFile` wrote. InputError where it can't be read or holds none."""
    pa = pyarrow()
    check_name(path)
    with _told(path):
        if path.endswith(".parquet"):
            with pa.parquet.ParquetFile(path) as file:
                return _read(file.schema_arrow, file.iter_batches(), path)
        with pa.OSFile(path) as source, pa.ipc.open_file(source) as reader:
            batches = (reader.get_batch(number) for number in range(reader.num_record_batches))
            return _read(reader.schema, batches, path)


def read_stream(content: bytes) -> list[Record]:
    """Read the records of an IPC stream. InputError where the bytes hold none."""
    pa = pyarrow()
    with _told("window records"), pa.ipc.open_stream(content) as reader:
        return _read(reader.schema, reader, "window records")


@contextmanager
def _told(place: str) -> Iterator[None]:
    """Turn the library's errors and the system's into a sentence with the place."""
    try:
        yield
    except (pyarrow().ArrowException, OSError) as error:
        number = getattr(error, "errno", None)
        said = os.strerror(number) if number else str(error).partition("\n")[0]
        raise InputError(f"{place}: {said}") from error


def _read(form: Any, batches: Iterable[Any], place: str) -> list[Record]:
    version = (form.metadata or {}).get(VERSION_KEY, b"").decode(errors="replace")
    if version != str(VERSION):
        told = f"version {version[:20]} of the window record" if version else "no window records"
        raise InputError(f"{place}: this is {told}; this release reads version {VERSION}")
    wanted = record_fields()
    missing = [column_name(one) for one in wanted if column_name(one) not in form.names]
    if missing:
        raise InputError(f"{place}: the columns {', '.join(missing)} are missing")
    expected = schema()
    for one in wanted:
        found = form.field(column_name(one)).type
        if found != expected.field(column_name(one)).type:
            raise InputError(f"{place}: column {column_name(one)} is of type {found}")
    records: list[Record] = []
    total_bytes = 0
    for batch in batches:
        batch.validate(full=True)
        total_bytes += batch.nbytes
        if total_bytes > LARGEST_BYTES:
            raise InputError(f"{place}: the records take more than {LARGEST_BYTES >> 20} MiB")
        records += _records(batch, wanted, place)
    return records


def _records(batch: Any, wanted: Sequence[FieldInfo], place: str) -> Iterator[Record]:
    for one in wanted:
        if not one.is_optional and batch.column(column_name(one)).null_count:
            raise InputError(f"{place}: column {column_name(one)} has rows without a value")
    columns = [_values(batch.column(column_name(one)), one.form) for one in wanted]
    names = [one.name for one in wanted]
    for row in zip(*columns, strict=True):
        yield Record(**dict(zip(names, row, strict=True)))


def _values(column: Any, form: Form) -> list[Any]:
    """The values of a column as fields have them."""
    if form == "time":
        return list(column.cast("int64").to_pylist())
    values = column.to_pylist()
    match form:
        case "labels" | "counts":
            return [dict(value) for value in values]
        case "texts":
            return [tuple(value) for value in values]
        case _:
            return list(values)


def _written(value: object) -> object:
    """A value as the library takes it."""
    match value:
        case dict():
            return list(value.items())
        case tuple():
            return list(value)
        case _:
            return value
