"""How a table is written: Arrow columns of the declared kinds, Parquet encodings that suit them, and a hash of the values."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from opscourse.company.schema import Column, Table
from opscourse.company.world import Columns

__all__ = ["arrow_table", "value_hash", "write"]

_EMPTY = 0x5EED_0FF_0B5CE55  # stands for an empty value in a hash
_ARROW = {
    "int": pa.int64(),
    "float": pa.float64(),
    "str": pa.dictionary(pa.int16(), pa.string()),
    "bool": pa.bool_(),
    "date": pa.date32(),
    "timestamp": pa.timestamp("ms"),
}


def arrow_table(table: Table, columns: Columns) -> pa.Table:
    """The columns that a builder returned as an Arrow table of the declared kinds, in the declared order."""
    if set(columns) != set(table.by_name):
        raise ValueError(f"the builder of {table.name!r} gave the columns {sorted(columns)}")
    arrays = [_array(columns[column.name], column) for column in table.columns]
    return pa.table(arrays, schema=pa.schema([pa.field(c.name, _ARROW[c.kind]) for c in table.columns]))


def _array(values: object, column: Column) -> pa.Array:
    array = values if isinstance(values, pa.Array) else pa.array(values)
    wanted = _ARROW[column.kind]
    if column.kind == "str" and not pa.types.is_dictionary(array.type):
        array = array.cast(pa.string()).dictionary_encode()
        if len(array.dictionary) < 32_767:
            return array.cast(wanted)
        return array
    return array if array.type == wanted else array.cast(wanted)


def write(data: pa.Table, table: Table, path: Path) -> str:
    """Write one Parquet file and return the sha256 of its bytes."""
    encodings, dictionary = {}, []
    for column in table.columns:
        if column.kind in ("str", "float"):
            dictionary.append(column.name)
        elif column.kind in ("date", "timestamp") or (column.kind == "int" and _ascends(data.column(column.name))):
            encodings[column.name] = "DELTA_BINARY_PACKED"
        elif column.kind == "int" and column.name not in ("user_id", "device_id"):  # those come in runs, which zstd sees
            encodings[column.name] = "BYTE_STREAM_SPLIT"
    sink = pa.BufferOutputStream()
    pq.write_table(data, sink, compression="zstd", use_dictionary=dictionary, column_encoding=encodings, write_statistics=False)
    content = sink.getvalue()
    with open(path, "wb") as file:
        file.write(content)
    return hashlib.sha256(content).hexdigest()


def _ascends(column: pa.ChunkedArray) -> bool:
    if column.null_count:
        return False
    values = column.combine_chunks().to_numpy(zero_copy_only=False)
    return bool((values[1:] >= values[:-1]).all())


def value_hash(data: pa.Table) -> str:
    """A hash of the values in their order: the same however they are stored, another one if a value differs or moves."""
    digest = hashlib.sha256(str(data.num_rows).encode())
    for name, column in zip(data.column_names, data.columns, strict=True):
        digest.update(name.encode())
        numbers = _numbers(column.combine_chunks())
        digest.update(int(np.dot(numbers, _weights(numbers.size))).to_bytes(8, "little"))
    return digest.hexdigest()


@lru_cache(maxsize=32)
def _weights(size: int) -> np.ndarray:
    """A different odd number for each place: a sum of 64-bit products with them shows every single change."""
    return np.arange(size, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C16) + np.uint64(1)


def _numbers(array: pa.Array) -> np.ndarray:
    """The values as unsigned 64-bit numbers; a text stands for the hash of its letters, an empty value for a fixed number."""
    kind = array.type
    if pa.types.is_dictionary(kind):
        texts = [int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "little") for text in array.dictionary.to_pylist()]
        codes = array.indices.fill_null(len(texts)) if array.null_count else array.indices
        return np.array([*texts, _EMPTY], dtype=np.uint64)[codes.to_numpy(zero_copy_only=False)]
    if pa.types.is_floating(kind):
        array = array.fill_null(float("nan")) if array.null_count else array
        return array.to_numpy(zero_copy_only=False).view(np.uint64)
    if pa.types.is_date32(kind):
        array = array.cast(pa.int32())
    array = array.cast(pa.int64())
    return (array.fill_null(_EMPTY) if array.null_count else array).to_numpy(zero_copy_only=False).view(np.uint64)
