"""The catalogue of a library: a page a runbook, an index, and the documents behind them, all from the sources."""

from rehearsal.catalogue.pages_of import catalogue
from rehearsal.catalogue.sources import CatalogueError, Sources, read_sources

__all__ = ["CatalogueError", "Sources", "catalogue", "read_sources"]
