"""reloads.py GATEWAY [COUNT]: routes that change under full load fail no request and drop no WebSocket."""

import asyncio
import sys
import time

import websockets
from load import Wrk, figure
from stage import Gateway, Stage, wait_until

SOCKETS = 20


async def echo(socket) -> None:
    async for message in socket:
        await socket.send(message)


def routes(upstream: int, echo_port: int, round: int) -> str:
    return f"""
routes:
  - {{ path: /echo, upstream: "127.0.0.1:{echo_port}", inspection: enforce }}
  - {{ path: /, upstream: "127.0.0.1:{upstream}", inspection: enforce, response_headers: {{ set: {{ X-Round: "{round}" }} }} }}
"""


def reload_once(gateway: Gateway, text: str, before: float) -> None:
    gateway.routes.write_text(text)
    gateway.reload()
    wait_until("the new routes", lambda: gateway.metric("gateway_routes_reloads_total") > before, 10)


async def hold(gateway: Gateway, reloading) -> int:
    """Speaks over WebSockets, each a message and its echo in turn, until the reloads are done; how many broke."""
    done, broken = asyncio.Event(), 0

    async def speak(number: int) -> None:
        nonlocal broken
        try:
            async with websockets.connect(f"ws://127.0.0.1:{gateway.port}/echo") as socket:
                turn = 0
                while not done.is_set() or turn == 0:
                    turn += 1
                    await socket.send(f"{number}:{turn}")
                    assert await asyncio.wait_for(socket.recv(), 10) == f"{number}:{turn}"
                    await asyncio.sleep(0.05)
        except (OSError, AssertionError, TimeoutError, websockets.WebSocketException) as problem:
            print(f"WebSocket {number}: {problem!r}")
            broken += 1

    speakers = [asyncio.create_task(speak(number)) for number in range(SOCKETS)]
    await asyncio.to_thread(reloading)
    done.set()
    await asyncio.gather(*speakers)
    return broken


async def run(program: str, count: int) -> int:
    with Stage() as stage:
        port = stage.quick_upstream()
        async with websockets.serve(echo, "127.0.0.1", 0) as server:
            echo_port = server.sockets[0].getsockname()[1]
            gateway = stage.gateway(program, routes(port, echo_port, 0))
            load = Wrk(stage, f"http://127.0.0.1:{gateway.port}/", seconds=600)

            def reloading() -> None:
                for round in range(1, count + 1):
                    reload_once(gateway, routes(port, echo_port, round), gateway.metric("gateway_routes_reloads_total"))

            began = time.monotonic()
            broken = await hold(gateway, reloading)
            seconds = time.monotonic() - began
        load.stop()
        answered, failed = load.result()
    print(f"{count} reloads in {seconds:.1f} s under {answered} requests and {SOCKETS} WebSockets")
    fine = [figure("reload.failed-requests", failed, "requests", 0), figure("reload.dropped-websockets", broken, "sockets", 0),
            figure("reload.requests", answered, "requests", count, ">=")]
    return 0 if all(fine) else 1


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit("usage: reloads.py GATEWAY [COUNT]")
    sys.exit(asyncio.run(run(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 1_000)))
