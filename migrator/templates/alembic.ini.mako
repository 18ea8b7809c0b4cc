# Read by migrator and by alembic. https://alembic.sqlalchemy.org/en/latest/tutorial.html#editing-the-ini-file

[alembic]
script_location = ${script_location}
# The application's modules: models named python:package.module:factory are found there.
prepend_sys_path = %(here)s
path_separator = os

# The database is named outside this file, so that no password is in it:
#   export DATABASE_URL=postgresql://USER@HOST/DATABASE
# What is written here counts only where neither that, nor MIGRATOR_DATABASE_URL, nor --database-url is given.
# sqlalchemy.url = postgresql://USER@HOST/DATABASE
