"""Kernels as one self-contained text: a function, all it calls, tables written out, constants typed.

The text is what compilers get and what the cache of compiled code goes by: whatever changes in a
kernel, or in a function below it, changes the text.
"""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

Library = Mapping[str, Callable[..., Any]]


def assemble(text: str, library: Library) -> str:
    """`text`, a function in the kernel language, after the functions of `library` that it needs."""
    found: dict[str, ast.FunctionDef] = {}
    main = _lowered(ast.parse(text), {})
    _collect(main, library, found)
    return "\n\n".join(ast.unparse(f) for f in (*found.values(), main)) + "\n"


def missing(text: str, library: Library, primitives: frozenset[str]) -> set[str]:
    """Names that `text` calls and that neither `library` nor the target has."""
    return {name for name in _called(ast.parse(text)) if name not in library and name not in primitives}


def _collect(function: ast.FunctionDef, library: Library, found: dict[str, ast.FunctionDef]) -> None:
    for name in _called(function):
        if name in library and name not in found:
            definition = _definition(library[name])
            _collect(definition, library, found)
            found[name] = definition


def _called(tree: ast.AST) -> list[str]:
    calls = [node.func for node in ast.walk(tree) if isinstance(node, ast.Call)]
    return [function.id for function in calls if isinstance(function, ast.Name)]


@cache
def _definition(function: Callable[..., Any]) -> ast.FunctionDef:
    text = textwrap.dedent(inspect.getsource(function))
    return _lowered(ast.parse(text), inspect.unwrap(function).__globals__)


def _lowered(module: ast.Module, constants: Mapping[str, Any]) -> ast.FunctionDef:
    (function,) = module.body
    assert isinstance(function, ast.FunctionDef)
    if ast.get_docstring(function) is not None:
        function.body = function.body[1:]
    function.returns, function.decorator_list = None, [ast.Name("inline", ast.Load())]
    for argument in function.args.args:
        argument.annotation = None
    lowered: ast.FunctionDef = _Lower(constants).visit(function)
    return ast.fix_missing_locations(lowered)


class _Lower(ast.NodeTransformer):
    """Writes out `horner` and `pick`, puts constants in the place of their names, and gives every number its type."""

    def __init__(self, constants: Mapping[str, Any]) -> None:
        self.constants = constants

    def visit_Call(self, node: ast.Call) -> ast.AST:
        if isinstance(node.func, ast.Name) and node.func.id in _WRITTEN_OUT:
            x, table = node.args
            assert isinstance(x, ast.Name), f"{node.func.id}'s first argument must be a name: it is written many times"
            assert isinstance(table, ast.Name)
            return _WRITTEN_OUT[node.func.id](x.id, self.constants[table.id])
        node.args = [self.visit(argument) for argument in node.args]
        return node

    def visit_Name(self, node: ast.Name) -> ast.AST:
        value = self.constants.get(node.id)
        return _number(float(value)) if isinstance(value, int | float) else node

    def visit_Constant(self, node: ast.Constant) -> ast.AST:
        assert isinstance(node.value, int | float)
        return _number(float(node.value))


def _chain(x: str, table: tuple[float, ...]) -> ast.expr:
    total = _number(table[-1])
    for coefficient in table[-2::-1]:
        total = ast.Call(ast.Name("fma", ast.Load()), [total, ast.Name(x, ast.Load()), _number(coefficient)], [])
    return total


def _choice(k: str, table: tuple[float, ...], first: int = 0) -> ast.expr:
    """The tree of selects that halves the table."""
    if len(table) == 1:
        return _number(table[0])
    middle = len(table) // 2
    condition = ast.Compare(ast.Name(k, ast.Load()), [ast.Lt()], [_number(float(first + middle))])
    halves = _choice(k, table[:middle], first), _choice(k, table[middle:], first + middle)
    return ast.Call(ast.Name("where", ast.Load()), [condition, *halves], [])


#: What is written out, as an expression of its first argument's name and its table.
_WRITTEN_OUT: Mapping[str, Callable[[str, tuple[float, ...]], ast.expr]] = {"horner": _chain, "pick": _choice}


def _number(value: float) -> ast.expr:
    literal = ast.Name("inf", ast.Load()) if value == float("inf") else ast.Constant(value)
    return ast.Call(ast.Name("real", ast.Load()), [literal], [])
