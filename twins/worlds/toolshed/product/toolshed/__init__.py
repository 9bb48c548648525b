"""Who has which tool of the shed, until when, and what is owed."""

from toolshed.shed import Refused, Shed, Unknown
from toolshed.terms import due

__all__ = ["Refused", "Shed", "Unknown", "due"]
__version__ = "0.6.0"
