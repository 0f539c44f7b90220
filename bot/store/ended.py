"""What is over and must stay over in every process: sessions that were signed out, attempts to sign in that were used.

Kept as deliveries are, by their key: it is forgotten long after any session could still be alive.
"""

from dataclasses import dataclass
from typing import Final

from bot.store import inbox
from bot.store.inbox import Handled
from bot.store.sealed import Seal
from bot.store.session import Database

SOURCE: Final = "console"


@dataclass(frozen=True, slots=True)
class Ended:
    db: Database
    seal: Seal

    async def end(self, id_: str) -> bool:
        """False: it was over already."""
        async with self.db.write() as conn:
            return await inbox.keep_handled(conn, self.seal, [Handled(SOURCE, id_, "console.ended", "")]) == 1

    async def ended(self, id_: str) -> bool:
        async with self.db.read() as conn:
            return await inbox.known(conn, self.seal, source=SOURCE, key=id_) is not None
