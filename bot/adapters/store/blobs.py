"""Bytes by their digest: bundles, conversations, anything too big for a checkpoint."""

import hashlib

import sqlalchemy as sa

from bot.adapters.store.room import Room
from bot.adapters.store.schema import BLOBS
from bot.errors import Gone, Rejected, Tampered

LARGEST_BLOB = 64 * 1024 * 1024


class Blobs:
    """What comes out is what went in, or an error."""

    def __init__(self, room: Room) -> None:
        self._room = room

    async def put_blob(self, data: bytes) -> str:
        """Keep the bytes and return their SHA-256 in hex."""
        if len(data) > LARGEST_BLOB:
            raise Rejected(
                f"a blob of {len(data)} bytes is over the limit of {LARGEST_BLOB}",
                means="A repository's history or a conversation has grown too large to hand over.",
            )
        digest = hashlib.sha256(data).hexdigest()
        insert = self._room.insert(BLOBS).values(
            sha256=digest, size=len(data), data=data, created_at=self._room.clock()
        )
        query = insert.on_conflict_do_update(
            index_elements=[BLOBS.c.sha256],
            # Wanted again: not to be purged now. The bytes too, should they have been damaged.
            set_={"created_at": insert.excluded.created_at, "data": insert.excluded.data},
        )
        await self._room.write(lambda connection: connection.execute(query))
        return digest

    async def blob(self, digest: str) -> bytes:
        """Return the bytes, checked against their digest."""
        query = sa.select(BLOBS.c.data).where(BLOBS.c.sha256 == digest)
        data = await self._room.read(lambda connection: connection.execute(query).scalar())
        if data is None:
            raise Gone(f"there is no blob {digest[:12]}")
        if hashlib.sha256(data).hexdigest() != digest:
            raise Tampered(
                f"blob {digest[:12]} is not what was stored",
                means="The database was changed by hand or its disk is failing.",
                remedy="stop Nightshift and restore the database from a backup",
            )
        return bytes(data)
