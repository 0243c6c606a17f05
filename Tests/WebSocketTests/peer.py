"""The independent WebSocket peer: `serve` is an echo server, `drive URL` a client that prints a line per scenario."""
import asyncio
import sys

import websockets
from websockets.asyncio.client import connect
from websockets.asyncio.server import serve


async def echo(connection):
    try:
        async for message in connection:
            if message == "close please":
                return await connection.close(4001, "as you wish")
            if message == "vanish":
                return connection.transport.abort()
            await connection.send(message)
    except websockets.ConnectionClosed:
        pass


async def run_server():
    def choose(_, offered):
        return "chat.v1" if "chat.v1" in offered else None

    async with serve(echo, "127.0.0.1", 0, select_subprotocol=choose, max_size=None) as server:
        print(server.sockets[0].getsockname()[1], flush=True)
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


async def text(url):
    async with connect(url) as client:
        await client.send("hello, grüße 🦄")
        return (await client.recv()) == "hello, grüße 🦄"


async def compressed(url):
    async with connect(url, compression="deflate") as client:
        message = "again and again " * 1000
        await client.send(message)
        answer = await client.recv()
        return answer == message and "permessage-deflate" in client.response.headers["Sec-WebSocket-Extensions"]


async def uncompressed(url):
    async with connect(url, compression=None) as client:
        await client.send(b"\x00\xff" * 40_000)
        return (await client.recv()) == b"\x00\xff" * 40_000


async def fragments(url):
    async with connect(url) as client:
        await client.send(["one ", "two ", "three"])
        return (await client.recv()) == "one two three"


async def ping(url):
    async with connect(url) as client:
        return (await asyncio.wait_for(await client.ping(), 10)) >= 0


async def subprotocol(url):
    async with connect(url, subprotocols=["other", "chat.v1"]) as client:
        return client.subprotocol == "chat.v1"


async def closed_by_server(url):
    async with connect(url) as client:
        await client.send("close please")
        try:
            await client.recv()
        except websockets.ConnectionClosed as closed:
            return closed.rcvd.code == 4001 and closed.rcvd.reason == "as you wish"


async def closed_by_client(url):
    async with connect(url) as client:
        await client.close(4002, "done")
        return client.close_code == 4002


async def upstream_vanishes(url):
    async with connect(url) as client:
        await client.send("vanish")
        try:
            await client.recv()
        except websockets.ConnectionClosed as closed:
            return closed.rcvd is not None and closed.rcvd.code == 1001


async def attack_in_a_message(url):
    async with connect(url) as client:
        await client.send("harmless")
        await client.recv()
        await client.send("the forbidden word")
        try:
            await client.recv()
        except websockets.ConnectionClosed as closed:
            return closed.rcvd.code == 1008


async def too_large(url):
    async with connect(url, max_size=None) as client:
        await client.send("x" * 2_000_000)
        try:
            await client.recv()
        except websockets.ConnectionClosed as closed:
            return closed.rcvd.code == 1009


async def many(url):
    async def one(number):
        async with connect(url) as client:
            for turn in range(5):
                await client.send(f"{number}.{turn}")
                if await client.recv() != f"{number}.{turn}":
                    return False
        return True

    return all(await asyncio.gather(*(one(number) for number in range(50))))


SCENARIOS = [
    text, compressed, uncompressed, fragments, ping, subprotocol, closed_by_server, closed_by_client,
    upstream_vanishes, attack_in_a_message, too_large, many,
]


async def drive(url):
    for scenario in SCENARIOS:
        try:
            outcome = "ok" if await asyncio.wait_for(scenario(url), 20) else "wrong"
        except Exception as error:
            outcome = f"{type(error).__name__}: {error}"
        print(f"{scenario.__name__}: {outcome}", flush=True)


if sys.argv[1] == "serve":
    asyncio.run(run_server())
else:
    asyncio.run(drive(sys.argv[2]))
