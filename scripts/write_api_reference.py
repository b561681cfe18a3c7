"""Write docs/api.md, the reference of the Python names, from the signatures and docstrings in the sources.

python scripts/write_api_reference.py            # --check only says whether the page is up to date
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from textwrap import indent
from typing import TypeGuard

from pages import DOCS, ROOT, keep, prose

PAGE = DOCS / "api.md"
SOURCES = ROOT / "src"
PACKAGE = "deepfake_detector"
Definition = ast.ClassDef | ast.FunctionDef


def page() -> str:
    types, errors = (SOURCES / PACKAGE / f"{name}.py" for name in ("types", "errors"))
    parts = [
        "# Python",
        "<!-- Written by scripts/write_api_reference.py; change that, or the docstrings, not this. -->",
        "Every public name, with the words that stand in the code (`help(name)` in Python prints the same). Names "
        f"under `{PACKAGE}` and the errors are imported from `{PACKAGE}`, the others from the module they stand under. "
        f"`import {PACKAGE}` costs almost nothing: names are loaded on first use. What is not here may change "
        "without notice.",
        "## Conventions",
        prose(module_words(types)),
        "In signatures:",
        aliases(types, SOURCES / PACKAGE / "files.py"),
    ]
    told: set[tuple[Path, str]] = set()
    for room in rooms():
        new = {name: file for name, file in public(room).items() if (file, name) not in told}
        told |= {(file, name) for name, file in new.items()}
        for heading, names in (
            (f"## {room}", [name for name, file in new.items() if file != errors]),
            (f"## Errors\n\n{prose(module_words(errors))}", [name for name, file in new.items() if file == errors]),
        ):
            if names:
                parts += [heading, *(part for name in names for part in described(name, new[name]))]
    return "\n\n".join(filter(None, parts)) + "\n"


def module_words(file: Path) -> str:
    return ast.get_docstring(ast.parse(file.read_text(encoding="utf-8"))) or ""


def aliases(*files: Path) -> str:
    """What the short names of types stand for."""
    lines = []
    for file in files:
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.AnnAssign) and source(node.annotation) == "TypeAlias" and node.value:
                lines.append(f"{source(node.target)} = {source(node.value)}")
            elif isinstance(node, ast.If) and source(node.test) == "TYPE_CHECKING":
                lines += [source(below) for below in node.body if isinstance(below, ast.Assign)]
    return "```python\n" + "\n".join(lines) + "\n```"


def rooms() -> list[str]:
    """The package, and those of its sub-packages that say what is public."""
    below = sorted(path.parent.name for path in (SOURCES / PACKAGE).glob("*/__init__.py"))
    return [PACKAGE, *(f"{PACKAGE}.{name}" for name in below if hasattr(import_module(f"{PACKAGE}.{name}"), "__all__"))]


def public(room: str) -> dict[str, Path]:
    """The file that each public name of a package is defined in, as its __init__ imports them."""
    start = SOURCES.joinpath(*room.split("."))
    homes = {}
    for node in ast.walk(ast.parse((start / "__init__.py").read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.level and node.module:
            folder = start.joinpath(*[".."] * (node.level - 1), *node.module.split(".")).resolve()
            file = folder / "__init__.py" if folder.is_dir() else folder.with_suffix(".py")
            homes |= {alias.name: file for alias in node.names}
    names = [name for name in import_module(room).__all__ if not name.startswith("__")]
    return {name: homes.get(name, start / "__init__.py") for name in names}


def described(name: str, file: Path) -> list[str]:
    """Heading, signature and words of one name; a class's public methods below it."""
    body = ast.parse(file.read_text(encoding="utf-8")).body
    for node, after in zip(body, [*body[1:], None], strict=True):
        if isinstance(node, Definition) and node.name == name:
            return [f"### {name}", code(node), words(node), *methods(node)]
        if isinstance(node, ast.Assign | ast.AnnAssign):
            target = node.target if isinstance(node, ast.AnnAssign) else node.targets[0]
            if source(target) == name:
                return [f"### {name}", constant(node), prose(literal(after))]
    raise ValueError(f"{file} does not define {name}")


def literal(node: ast.stmt | None) -> str:
    """The text of a string that stands alone, as it does below a constant."""
    return str(node.value.value) if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) else ""


def words(node: Definition) -> str:
    text = ast.get_docstring(node)
    if not text:
        raise ValueError(f"{node.name} is public and has no docstring")
    return "\n\n".join(listed(paragraph, parameters(node)) for paragraph in prose(text).split("\n\n"))


def listed(paragraph: str, names: list[str]) -> str:
    """What a paragraph says of parameters ("name: what it is.") as a list; what it says of errors after it."""
    one = "|".join(map(re.escape, names)) or "(?!)"
    pieces = re.split(rf"(?:^|(?<=[.;)] ))((?:{one})(?:, (?:{one}))*): ", paragraph)
    if len(pieces) < 3:
        return paragraph
    *pieces, last = pieces
    last, *errors = re.split(r" (?=Raises )", last, maxsplit=1)
    pairs = zip(pieces[1::2], [*pieces[2::2], last], strict=True)
    items = [f"- {', '.join(f'`{name}`' for name in named.split(', '))}: {text.strip()}" for named, text in pairs]
    return "\n\n".join(filter(None, [pieces[0].strip(), "\n".join(items), *errors]))


def parameters(node: Definition) -> list[str]:
    """The names that the words of a function or class may explain."""
    if isinstance(node, ast.FunctionDef):
        return [name.strip("*").split(":")[0].split("=")[0] for name in arguments(node.args) if name != "*"]
    return [source(field.target) for field in fields(node)] + [
        name for below in node.body if is_maker(below) for name in parameters(below)
    ]


def methods(node: Definition) -> Iterator[str]:
    for below in node.body if isinstance(node, ast.ClassDef) else ():
        if isinstance(below, ast.FunctionDef) and not below.name.startswith("_"):
            yield f"#### {node.name}.{below.name}"
            yield code(below)
            yield words(below)


def code(node: Definition) -> str:
    """As a caller needs it: a class with what makes one, or with its fields; a method without self."""
    if isinstance(node, ast.FunctionDef):
        gives = f" -> {source(node.returns)}" if node.returns else ""
        kinds = [source(decorator) for decorator in node.decorator_list]
        if "property" in kinds:
            return fenced(f"property {node.name}{gives}")
        way = "classmethod " if "classmethod" in kinds else ""
        return fenced(call(f"{way}def {node.name}", arguments(node.args), gives))
    bases = ", ".join(map(source, node.bases))
    start = f"class {node.name}({bases})" if bases else f"class {node.name}"
    lines = [source(field) for field in fields(node)]
    lines += [call(node.name, arguments(below.args)) for below in node.body if is_maker(below)]
    return fenced(f"{start}:\n{indent(chr(10).join(lines), '    ')}" if lines else start)


def fields(node: ast.ClassDef) -> list[ast.AnnAssign]:
    """Of a dataclass: those that are public."""
    found = [below for below in node.body if isinstance(below, ast.AnnAssign)]
    return [field for field in found if not source(field.target).startswith("_")]


def is_maker(node: ast.stmt) -> TypeGuard[ast.FunctionDef]:
    return isinstance(node, ast.FunctionDef) and node.name == "__init__"


def fenced(text: str) -> str:
    return f"```python\n{text}\n```"


def call(start: str, arguments: list[str], end: str = "") -> str:
    """On one line where it fits, else an argument a line."""
    line = f"{start}({', '.join(arguments)}){end}"
    return line if len(line) <= 96 else f"{start}(\n" + "".join(f"    {a},\n" for a in arguments) + f"){end}"


def arguments(args: ast.arguments) -> list[str]:
    """One string an argument, with its annotation and default; self and cls are left out."""
    plain = args.posonlyargs + args.args
    defaults = [None] * (len(plain) - len(args.defaults)) + args.defaults
    found = [shown(a, d) for a, d in zip(plain, defaults, strict=True) if a.arg not in ("self", "cls")]
    if args.vararg:
        found.append(f"*{shown(args.vararg)}")
    elif args.kwonlyargs:
        found.append("*")
    found += [shown(a, d) for a, d in zip(args.kwonlyargs, args.kw_defaults, strict=True)]
    return found + ([f"**{shown(args.kwarg)}"] if args.kwarg else [])


def shown(arg: ast.arg, default: ast.expr | None = None) -> str:
    kind = f": {source(arg.annotation)}" if arg.annotation else ""
    equals = " = " if kind else "="
    return f"{arg.arg}{kind}" + (f"{equals}{source(default)}" if default else "")


def constant(node: ast.Assign | ast.AnnAssign) -> str:
    """Its value where that is short; else its type."""
    whole = source(node)
    if len(whole) > 96 and isinstance(node, ast.AnnAssign):
        whole = f"{source(node.target)}: {source(node.annotation)}"
    return fenced(whole)


def source(node: ast.AST) -> str:
    """As code, with the quotes that this project writes."""
    text = ast.unparse(node)
    return text if '"' in text else text.replace("'", '"')


if __name__ == "__main__":
    keep(PAGE, page, __doc__)
