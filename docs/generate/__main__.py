"""Writes the generated pages anew."""

from docs.generate import write

write()
