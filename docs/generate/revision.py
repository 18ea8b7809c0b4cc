"""docs/reference/revision.md, made from the classes that a revision names."""

from __future__ import annotations

import inspect
import re

from migrator import EmbeddingChange, Hnsw, IvfFlat, Model, Verify

_PAGE = """\
# What a revision says

Made from `migrator/change.py` by `make docs`. Every name below is imported by `from migrator import ...`.

- `op.change_embedding(table, column, ...)` takes the arguments of EmbeddingChange.
- `op.change_embeddings([EmbeddingChange(...), ...])` moves several columns, of one table or several, in one cut-over.
- `op.restore_embedding(table, column, schema=None)` in `downgrade()`: once for each column.

{classes}"""


def page() -> str:
    """docs/reference/revision.md."""
    classes = (EmbeddingChange, Model, Hnsw, IvfFlat, Verify)
    return _PAGE.format(classes="\n".join(_class(each) for each in classes))


# What a type's name has before it.
_MODULE = re.compile(r"(migrator\.change|collections\.abc)\.")


def _class(described: type) -> str:
    """Its arguments with their types and defaults, and what its docstring says of them."""
    arguments = [str(each) for each in inspect.signature(described, eval_str=True).parameters.values()]
    listed = "\n".join(_without_factory(_MODULE.sub("", each)) for each in arguments)
    return f"## {described.__name__}\n\n```text\n{listed}\n\n{inspect.getdoc(described)}\n```\n"


def _without_factory(argument: str) -> str:
    return argument.replace("<factory>", "{}" if ": dict" in argument else "Verify()")
