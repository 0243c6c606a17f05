"""in_python.py LIBRARY URL AUTHORITIES: one library of Python goes through what every client has to."""

import asyncio
import itertools
import ssl
import sys
from concurrent.futures import ThreadPoolExecutor

PIECES = [b"a" * 100_000] * 3


def expect(got, wanted) -> None:
    if got != wanted:
        raise AssertionError(f"got {got!r}, not {wanted!r}")


def with_requests(url: str, authorities: str) -> None:
    import requests

    session = requests.Session()
    session.trust_env, session.verify = False, authorities
    expect(session.get(f"{url}/hello?x=1").text, "GET /hello?x=1 0")
    expect(session.post(f"{url}/form", data={"a": "b" * 1_000}).text, "POST /form 1002")
    expect(session.put(f"{url}/stream", data=iter(PIECES)).text, "PUT /stream 300000")
    expect(len(session.get(f"{url}/large?1000000").content), 1_000_000)
    expect(session.head(f"{url}/hello").content, b"")
    with ThreadPoolExecutor(20) as pool:
        for number, text in enumerate(pool.map(lambda each: session.get(f"{url}/{each}").text, range(40))):
            expect(text, f"GET /{number} 0")


async def with_httpx(url: str, authorities: str, http2: bool) -> None:
    import httpx

    async def pieces():
        for piece in PIECES:
            yield piece

    async with httpx.AsyncClient(verify=ssl.create_default_context(cafile=authorities), http2=http2) as client:
        answer = await client.get(f"{url}/hello?x=1")
        expect(answer.text, "GET /hello?x=1 0")
        expect(answer.http_version, "HTTP/2" if http2 and url.startswith("https") else "HTTP/1.1")
        expect((await client.post(f"{url}/form", data={"a": "b" * 1_000})).text, "POST /form 1002")
        expect((await client.put(f"{url}/stream", content=pieces())).text, "PUT /stream 300000")
        expect(len((await client.get(f"{url}/large?1000000")).content), 1_000_000)
        expect((await client.head(f"{url}/hello")).content, b"")
        answers = await asyncio.gather(*(client.get(f"{url}/{number}") for number in range(40)))
        expect([answer.text for answer in answers], [f"GET /{number} 0" for number in range(40)])


async def with_aiohttp(url: str, authorities: str) -> None:
    import aiohttp

    async def pieces():
        for piece in PIECES:
            yield piece

    async def text(session, method, path, **options) -> str:
        async with session.request(method, url + path, **options) as answer:
            return await answer.text()

    connector = aiohttp.TCPConnector(ssl=ssl.create_default_context(cafile=authorities))
    async with aiohttp.ClientSession(connector=connector) as session:
        expect(await text(session, "GET", "/hello?x=1"), "GET /hello?x=1 0")
        expect(await text(session, "POST", "/form", data={"a": "b" * 1_000}), "POST /form 1002")
        expect(await text(session, "PUT", "/stream", data=pieces()), "PUT /stream 300000")
        expect(len(await text(session, "GET", "/large?1000000")), 1_000_000)
        expect(await text(session, "HEAD", "/hello"), "")
        answers = await asyncio.gather(*(text(session, "GET", f"/{number}") for number in range(40)))
        expect(answers, [f"GET /{number} 0" for number in range(40)])


def with_urllib(url: str, authorities: str) -> None:
    import urllib.request

    context = ssl.create_default_context(cafile=authorities)

    def text(method: str, path: str, data=None) -> str:
        request = urllib.request.Request(url + path, data=data, method=method)
        with urllib.request.urlopen(request, context=context, timeout=20) as answer:
            return answer.read().decode()

    expect(text("GET", "/hello?x=1"), "GET /hello?x=1 0")
    expect(text("POST", "/form", b"a" * 1_002), "POST /form 1002")
    expect(text("PUT", "/stream", itertools.chain(PIECES)), "PUT /stream 300000")
    expect(len(text("GET", "/large?1000000")), 1_000_000)
    expect(text("HEAD", "/hello"), "")


if __name__ == "__main__":
    library, url, authorities = sys.argv[1:]
    match library:
        case "requests": with_requests(url, authorities)
        case "httpx": asyncio.run(with_httpx(url, authorities, False))
        case "httpx2": asyncio.run(with_httpx(url, authorities, True))
        case "aiohttp": asyncio.run(with_aiohttp(url, authorities))
        case "urllib": with_urllib(url, authorities)
        case _: sys.exit(f"{library} is none of requests, httpx, httpx2, aiohttp, urllib")
