"""`migrator init`: a new Alembic project, or what an existing one needs so that migrator can work in it."""

from __future__ import annotations

from pathlib import Path

import click

from migrator.cli.project import Project, has_alembic_table
from migrator.errors import UsageError


@click.command()
@click.argument("directory", required=False, type=click.Path(file_okay=False, path_type=Path))
@click.pass_obj
def command(project: Project, directory: Path | None) -> None:
    """Scaffold an Alembic project in DIRECTORY (the current one by default), or join the one that is there.

    No file is ever overwritten, and the database is not touched.
    """
    file = directory / "alembic.ini" if directory else Path(project.file)
    if file.exists() or has_alembic_table(file.with_name("pyproject.toml")):
        _join(Project(str(file), project.database_url))
    else:
        _scaffold(file)


def _scaffold(ini: Path) -> None:
    from importlib.resources import as_file, files

    from migrator.cli.output import pairs, show_note, show_result
    from migrator.operations.compat import template_to_file
    from migrator.report import block

    home = ini.parent
    written = [ini, home / "env.py", home / "script.py.mako"]
    for path in (*written, home / "versions"):
        if path.exists():
            raise UsageError(
                f"{path} is there already, and init overwrites nothing",
                remedy="name another directory: migrator init DIRECTORY",
            )
    home.mkdir(parents=True, exist_ok=True)
    templates = files("migrator.templates")
    with as_file(templates / "alembic.ini.mako") as template:
        template_to_file(template, ini, "utf-8", script_location="%(here)s")
    for path in written[1:]:
        path.write_bytes((templates / path.name).read_bytes())
    (home / "versions").mkdir()

    show_result(
        pairs(
            [
                (str(ini), "settings; the database is named in the environment"),
                (str(home / "env.py"), "how Alembic connects"),
                (str(home / "script.py.mako"), "what a new revision looks like"),
                (str(home / "versions"), "the revisions"),
            ]
        )
    )
    show_note(
        block(
            "next: export DATABASE_URL=postgresql://USER@HOST/DATABASE",
            f'      migrator{Project(str(ini)).option} revision -m "MESSAGE" '
            "--table TABLE --column COLUMN --text EXPRESSION --from MODEL --to MODEL",
        )
    )


def _join(project: Project) -> None:
    """Says what of an existing project was checked, and what its owner has to change: nothing is written."""
    from migrator.cli.check_project import check
    from migrator.cli.output import pairs, show_note, show_result
    from migrator.report import block

    findings = check(project)
    show_result(pairs([(finding.subject, finding.fact) for finding in findings]))
    needed = [finding.remedy for finding in findings if finding.remedy]
    if needed:
        show_result(block("no file was changed; to do by hand:", *needed))
    else:
        show_result("nothing had to be changed")
    show_note(f"next: migrator{project.option} revision --help")
