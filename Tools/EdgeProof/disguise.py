"""Ports of 127.0.0.1 behind each of which a client has an address of its own: tools cannot choose theirs."""

import asyncio
import contextlib
import threading


class Disguises:
    """Used in a `with`; forwards bytes, and says nothing about them."""

    def __enter__(self) -> "Disguises":
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self.thread.start()
        return self

    def __exit__(self, *_) -> None:
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(timeout=5)

    def port(self, address: str, target: int) -> int:
        """Whoever connects there comes from `address` to the port `target`."""
        return asyncio.run_coroutine_threadsafe(self._serve(address, target), self.loop).result(10)

    async def _serve(self, address: str, target: int) -> int:
        async def forward(reader, writer) -> None:
            try:
                there, to_there = await asyncio.open_connection("127.0.0.1", target, local_addr=(address, 0))
                await asyncio.gather(self._copy(reader, to_there), self._copy(there, writer))
            except OSError:
                writer.close()

        server = await asyncio.start_server(forward, "127.0.0.1", 0, backlog=512)
        return server.sockets[0].getsockname()[1]

    @staticmethod
    async def _copy(reader, writer) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(65_536):
                writer.write(data)
                await writer.drain()
        with contextlib.suppress(OSError):
            writer.close()
