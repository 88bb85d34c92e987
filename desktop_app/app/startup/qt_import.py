"""Imports Qt without what PySide does at each start for features that this program never uses.

It is imported first. PySide compiles the sources of its signatures, which only messages of errors
and `help` need, and of a generator of stub files: here they are compiled when they are first used.
It replaces `__import__` to look for `__feature__` switches; this hook reads the source of each
imported module, and adds three calls to every import statement: 50 ms or more of each start, and
11 MB for cached sources. PySide keeps the replaced function in `builtins`. If a version of PySide
does not keep it, its hook stays.

Qt's 300 enums in use are made in a quarter of the time that `enum` takes, which checks each member
as if a person had written it. The result is the same.
"""

import builtins
import enum
import sys
from typing import Any

_UNUSED = "shibokensupport/signature/"
_USED = ("__init__.py", "loader.py", "importhandler.py")
_ON_FIRST_USE = """
def __getattr__(name):
    if name.startswith("__"):
        raise AttributeError(name)
    del globals()["__getattr__"]
    exec(compile({source!r}, {filename!r}, "exec"), globals())
    return globals()[name]
def update_mapping():  # called without __getattr__
    return __getattr__("update_mapping")()
"""
_BASES = (enum.Enum, enum.IntEnum, enum.Flag, enum.IntFlag)
_OF_BASES = frozenset(dir(enum.IntFlag))
_bodies: dict[type, dict[str, Any]] = {}  # of empty enums, by their base
_compile = builtins.compile
_create: Any = enum.EnumType._create_  # type: ignore[attr-defined]


def _compile_needed(source: Any, filename: Any, *arguments: Any, **options: Any) -> Any:
    if str(filename).startswith(_UNUSED) and not filename.endswith(_USED):
        source = _ON_FIRST_USE.format(source=source, filename=filename[len(_UNUSED) :])
    return _compile(source, filename, *arguments, **options)


def _create_enum(cls: Any, class_name: str, names: Any, **options: Any) -> Any:
    """Make an enum as Python does, but one of PySide without the checks of each member."""
    if not _is_of_pyside(cls, names, options["boundary"]):
        return _create(cls, class_name, names, **options)
    if cls not in _bodies:
        _bodies[cls] = {**_create(cls, class_name, (), **options).__dict__}
    by_name: dict[str, Any] = {}
    by_value: dict[int, Any] = {}
    listed: list[str] = []
    maps = {"_member_map_": by_name, "_value2member_map_": by_value, "_member_names_": listed}
    made: Any = type.__new__(enum.EnumType, class_name, (cls,), _bodies[cls] | maps)
    is_flag = issubclass(cls, enum.Flag)
    mask = single_bits = 0
    for name, value in names:
        member = by_value.get(value)
        is_single = value & (value - 1) == 0 != value
        if member is None:
            member = made._new_member_(made, *(value,) * made._use_args_)
            member._value_, member._name_, member.__objclass__ = value, name, made
            member._sort_order_ = len(listed)
            by_value[value] = member
            if is_single or not is_flag:
                listed.append(name)
        mask |= value
        single_bits |= value * is_single
        by_name[name] = member
        type.__setattr__(made, name, member)
    if is_flag:
        made._flag_mask_, made._singles_mask_ = mask, single_bits
        made._all_bits_ = 2 ** mask.bit_length() - 1
        values = [by_name[name]._value_ for name in listed]
        if values != sorted(values):
            made._iter_member_ = made._iter_member_by_def_
    return made


def _is_of_pyside(cls: Any, names: Any, boundary: Any) -> bool:
    """Return True for pairs of names, none of them Python's own, and plain integers."""
    return (
        boundary is enum.KEEP  # so PySide calls; it sets the module itself
        and cls in _BASES
        and all(type(value) is int for _, value in names)
        and _OF_BASES.isdisjoint(name for name, _ in names)
    )


if sys.version_info[:2] == (3, 11):  # others keep members elsewhere
    enum.EnumType._create_ = _create_enum  # type: ignore[attr-defined]
builtins.compile = _compile_needed

import PySide6.QtCore  # noqa: E402, F401 — adds the hook

builtins.compile = _compile
if hasattr(builtins, "__orig_import__"):
    builtins.__import__ = builtins.__orig_import__
