"""Casts of Arrow's view types, which few functions of Arrow can process."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyarrow as pa


def cast_views(data: Any) -> Any:
    """Cast strings and bytes of Arrow's view types, which few functions can process, to large ones.

    Args:
        data: A table or a chunked array.
    """
    import pyarrow as pa

    if isinstance(data, pa.ChunkedArray):
        plain = remove_views(data.type)
        return data if plain == data.type else data.cast(plain)
    schema = pa.schema([_remove_field_views(field) for field in data.schema], data.schema.metadata)
    return data if schema == data.schema else data.cast(schema)


def _remove_field_views(field: pa.Field) -> pa.Field:
    return field.with_type(remove_views(field.type))


def remove_views(kind: pa.DataType) -> pa.DataType:
    """Return the type without views, nested ones included."""
    import pyarrow as pa

    is_ = pa.types
    if is_.is_string_view(kind):
        return pa.large_string()
    if is_.is_binary_view(kind):
        return pa.large_binary()
    if is_.is_dictionary(kind):
        return pa.dictionary(kind.index_type, remove_views(kind.value_type), kind.ordered)
    if is_.is_struct(kind):
        return pa.struct([_remove_field_views(field) for field in kind])
    return _remove_list_views(kind)


def _remove_list_views(kind: pa.DataType) -> pa.DataType:
    import pyarrow as pa

    is_ = pa.types
    if is_.is_fixed_size_list(kind):
        return pa.list_(_remove_field_views(kind.value_field), kind.list_size)
    if is_.is_large_list(kind):
        return pa.large_list(_remove_field_views(kind.value_field))
    if is_.is_list(kind):
        return pa.list_(_remove_field_views(kind.value_field))
    return kind  # views of lists stay: Arrow 26 loses lists behind an empty one when it casts them
