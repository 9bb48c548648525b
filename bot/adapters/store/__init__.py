"""The shared record: inbox, runs, effects, blobs, money, events. One database, many processes."""

from bot.adapters.store.blobs import LARGEST_BLOB
from bot.adapters.store.inbox import DeadLetter, Delivery, Subject, SubjectKey
from bot.adapters.store.journal import Event, Landing
from bot.adapters.store.pauses import Pause
from bot.adapters.store.spend import Reservation
from bot.adapters.store.store import Store

__all__ = [
    "LARGEST_BLOB",
    "DeadLetter",
    "Delivery",
    "Event",
    "Landing",
    "Pause",
    "Reservation",
    "Store",
    "Subject",
    "SubjectKey",
]
