"""Alembic's side: the operations that a revision calls, what they do, and how they are written into a revision.

Alembic is imported first, because it loads this package's plug-in while it is being imported itself.
"""

import alembic as alembic
