"""parcel: what it costs to send a parcel, as a library, a command line and a small web service."""

from parcel.quotes import Parcel, Quote, quote

__all__ = ["Parcel", "Quote", "quote"]
__version__ = "0.7.0"
