"""upstream.py PORT: answers `METHOD TARGET LENGTH` of what it got, and at /large as many bytes as the query says."""

import sys

from aiohttp import web


async def answer(request: web.Request) -> web.Response:
    body = await request.read()
    if request.path == "/large":
        return web.Response(body=b"x" * int(request.query_string), content_type="application/octet-stream")
    return web.Response(text=f"{request.method} {request.raw_path} {len(body)}")


if __name__ == "__main__":
    application = web.Application(client_max_size=1 << 26)
    application.router.add_route("*", "/{tail:.*}", answer)
    web.run_app(application, host="127.0.0.1", port=int(sys.argv[1]), print=None)
