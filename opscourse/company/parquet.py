"""How a table is written: Arrow columns of the declared kinds, Parquet encodings that suit them, and a hash of the values."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from opscourse.company.schema import Column, Table
from opscourse.company.world import Columns

__all__ = ["arrow_table", "value_hash", "write"]

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
        elif column.kind in ("date", "timestamp") or column.name == table.key[0]:
            encodings[column.name] = "DELTA_BINARY_PACKED"
        elif column.kind == "int" and not column.refers:
            encodings[column.name] = "BYTE_STREAM_SPLIT"
    sink = pa.BufferOutputStream()
    pq.write_table(data, sink, compression="zstd", use_dictionary=dictionary, column_encoding=encodings, write_statistics=False)
    content = sink.getvalue()
    with open(path, "wb") as file:
        file.write(content)
    return hashlib.sha256(content).hexdigest()


def value_hash(data: pa.Table) -> str:
    """A hash of the values in their order: the same however they are stored, another one if any value differs."""
    digest = hashlib.sha256(str(data.num_rows).encode())
    for name, column in zip(data.column_names, data.columns, strict=True):
        digest.update(name.encode())
        for piece in _pieces(column):
            digest.update(np.ascontiguousarray(piece))
    return digest.hexdigest()


def _pieces(column: pa.ChunkedArray) -> list[np.ndarray]:
    """Which values are empty, and the others as 64-bit numbers; a text stands for the hash of its letters."""
    array = column.combine_chunks() if column.num_chunks != 1 else column.chunk(0)
    pieces = []
    if array.null_count:
        pieces.append(np.packbits(array.is_null().to_numpy(zero_copy_only=False)))
    kind = array.type
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        array = array.dictionary_encode()
        kind = array.type
    if pa.types.is_dictionary(kind):
        texts = [hashlib.sha256(text.encode()).digest()[:8] for text in array.dictionary.to_pylist()]
        table = np.frombuffer(b"".join(texts) or bytes(8), dtype="<u8")
        codes = array.indices.fill_null(0).to_numpy(zero_copy_only=False)
        return [*pieces, table[codes] if len(array.dictionary) else np.zeros(0)]
    if pa.types.is_timestamp(kind):
        array = array.cast(pa.timestamp("ms")).cast(pa.int64())
    elif pa.types.is_date32(kind):
        array = array.cast(pa.int32()).cast(pa.int64())
    elif pa.types.is_boolean(kind):
        array = array.cast(pa.int8())
    if array.null_count:
        array = array.fill_null(0)
    return [*pieces, array.to_numpy(zero_copy_only=False)]
