"""The network of one device, which a scenario can take away: a port that passes everything on, or nothing."""

import asyncio


class Network:
    @classmethod
    async def to(cls, url):
        self = cls()
        self.host, port = url.removeprefix("http://").split(":")
        self.port, self.is_online, self.writers = int(port), True, set()
        self.server = await asyncio.start_server(self.take, "127.0.0.1", 0)
        self.url = "http://127.0.0.1:%d" % self.server.sockets[0].getsockname()[1]
        return self

    def set_online(self, is_online):
        """Without a network all connections end, and new ones end at once."""
        self.is_online = is_online
        if not is_online:
            for writer in self.writers:
                writer.transport.abort()

    def close(self):
        self.set_online(False)
        self.server.close()

    async def take(self, reader, writer):
        if not self.is_online:
            return writer.transport.abort()
        far_reader, far_writer = await asyncio.open_connection(self.host, self.port)
        self.writers |= {writer, far_writer}
        await asyncio.gather(pass_on(reader, far_writer), pass_on(far_reader, writer), return_exceptions=True)
        self.writers -= {writer, far_writer}


async def pass_on(reader, writer):
    try:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    finally:
        writer.close()
