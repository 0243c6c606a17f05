"""Servers that write down each request they understood, a line `METHOD TARGET` a request, to be put behind the gateway.

As a program, `backends.py KIND PORT LOG` is one of those in Python.
"""

import pathlib
import socketserver
import sys

from stage import Stage, free_port

KINDS = ["nginx", "haproxy", "apache", "h11", "gunicorn", "waitress", "aiohttp"]


class Backend:
    def __init__(self, stage: Stage, kind: str):
        self.kind = kind
        self.port = free_port()
        self.seen_file = stage.folder / f"{kind}.seen"
        self.seen_file.touch()
        starters = {"nginx": self._nginx, "haproxy": self._haproxy, "apache": self._apache}
        starters.get(kind, self._python)(stage)

    def seen(self) -> list[str]:
        """The requests, oldest first."""
        return self.seen_file.read_text(errors="replace").splitlines()

    def _nginx(self, stage: Stage) -> None:
        # A body is read to its end only when somebody wants it: the second server is whom nginx passes it to.
        sink = free_port()
        configuration = stage.write("nginx.conf", f"""
daemon off; pid {stage.folder}/nginx.pid; error_log {stage.folder}/nginx.errors; events {{}}
http {{
    client_body_temp_path {stage.folder}/nginx-body; proxy_temp_path {stage.folder}/nginx-proxy;
    fastcgi_temp_path {stage.folder}/nginx-f; uwsgi_temp_path {stage.folder}/nginx-u; scgi_temp_path {stage.folder}/nginx-s;
    log_format seen '$request_method $request_uri'; access_log {self.seen_file} seen;
    server {{ listen 127.0.0.1:{self.port}; location / {{ proxy_pass http://127.0.0.1:{sink}; }} }}
    server {{ listen 127.0.0.1:{sink}; access_log off; location / {{ return 200 "ok\\n"; }} }}
}}
""")
        stage.start("nginx", ["nginx", "-c", configuration], self.port)

    def _haproxy(self, stage: Stage) -> None:
        configuration = stage.write("haproxy.cfg", f"""
defaults
    mode http
    timeout client 20s
    timeout server 20s
    timeout connect 5s
frontend seen
    bind 127.0.0.1:{self.port}
    log stdout format raw local0 info
    log-format "%HM %HU"
    http-request wait-for-body time 5s
    http-request return status 200 content-type text/plain string ok
""")
        self.seen_file = stage.folder / "haproxy.log"
        stage.start("haproxy", ["haproxy", "-db", "-f", configuration], self.port)

    def _apache(self, stage: Stage) -> None:
        modules = "/usr/lib/apache2/modules"
        configuration = stage.write("apache.conf", f"""
ServerRoot {stage.folder}
ServerName localhost
PidFile {stage.folder}/apache.pid
ErrorLog {stage.folder}/apache.errors
Listen 127.0.0.1:{self.port}
LoadModule mpm_event_module {modules}/mod_mpm_event.so
LoadModule authz_core_module {modules}/mod_authz_core.so
User nobody
Group nogroup
DocumentRoot {stage.folder}
LogFormat "%m %U%q" seen
CustomLog {self.seen_file} seen
""")
        stage.folder.chmod(0o755)
        stage.start("apache", ["/usr/sbin/apache2", "-f", configuration, "-DFOREGROUND"], self.port)

    def _python(self, stage: Stage) -> None:
        stage.start(self.kind, [sys.executable, __file__, self.kind, self.port, self.seen_file], self.port)


# MARK: Those in Python


def application(log):
    """WSGI: reads the whole body, as an application would."""

    def answer(environ, start_response):
        body = environ["wsgi.input"]
        while body.read(65_536):
            pass
        query = environ.get("QUERY_STRING")
        log(environ["REQUEST_METHOD"], environ.get("RAW_URI") or environ["PATH_INFO"] + (f"?{query}" if query else ""))
        start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "3")])
        return [b"ok\n"]

    return answer


def serve_gunicorn(port: int, log) -> None:
    from gunicorn.app.base import BaseApplication

    class Server(BaseApplication):
        def load_config(self):
            for key, value in {"bind": f"127.0.0.1:{port}", "worker_class": "gthread", "threads": 8, "keepalive": 20}.items():
                self.cfg.set(key, value)

        def load(self):
            return application(log)

    Server().run()


def serve_waitress(port: int, log) -> None:
    import waitress

    waitress.serve(application(log), host="127.0.0.1", port=port, threads=8)


def serve_aiohttp(port: int, log) -> None:
    from aiohttp import web

    async def answer(request):
        await request.read()
        log(request.method, request.raw_path)
        return web.Response(text="ok\n")

    server = web.Application(client_max_size=1 << 24)
    server.router.add_route("*", "/{tail:.*}", answer)
    web.run_app(server, host="127.0.0.1", port=port, print=None)


def serve_h11(port: int, log) -> None:
    import h11

    class Connection(socketserver.BaseRequestHandler):
        def handle(self):
            connection = h11.Connection(h11.SERVER)
            try:
                while self.one_request(connection):
                    connection.start_next_cycle()
            except (h11.ProtocolError, OSError):
                return

        def one_request(self, connection) -> bool:
            asked = None
            while True:
                event = connection.next_event()
                if event is h11.NEED_DATA:
                    connection.receive_data(self.request.recv(65_536))
                elif isinstance(event, h11.Request):
                    asked = event
                elif isinstance(event, h11.EndOfMessage):
                    break
                elif isinstance(event, h11.ConnectionClosed):
                    return False
            log(asked.method.decode(), asked.target.decode())
            self.request.sendall(connection.send(h11.Response(status_code=200, headers=[("Content-Length", "3")])))
            self.request.sendall(connection.send(h11.Data(b"ok\n")) + connection.send(h11.EndOfMessage()))
            return connection.our_state is h11.DONE and connection.their_state is h11.DONE

    class Server(socketserver.ThreadingTCPServer):
        allow_reuse_address = True
        daemon_threads = True
        request_queue_size = 512

    Server(("127.0.0.1", port), Connection).serve_forever()


def main(kind: str, port: int, file: pathlib.Path) -> None:
    lines = open(file, "a", buffering=1)
    servers = {"gunicorn": serve_gunicorn, "waitress": serve_waitress, "aiohttp": serve_aiohttp, "h11": serve_h11}
    servers[kind](port, lambda method, target: lines.write(f"{method} {target}\n"))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), pathlib.Path(sys.argv[3]))
