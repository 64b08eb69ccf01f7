"""A plain Parlour client: what a correct client needs, and nothing else."""

from .client import Client
from .store import Store

__all__ = ["Client", "Store"]
