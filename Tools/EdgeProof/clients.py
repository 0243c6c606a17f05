"""clients.py GATEWAY: clients that people use, each in its own language, work unmodified.

Each asks over plain HTTP and over TLS (and there HTTP/2, where it can), sends a form, a body of unknown length, gets a
large answer, a HEAD, and asks forty times at once. Who is not installed is named and passed over.
"""

import os
import pathlib
import shutil
import subprocess
import sys

from stage import Stage, free_port

HERE = pathlib.Path(__file__).parent / "clients"
CURL = """
set -e
ask() { curl -sS --max-time 20 --cacert "$2" "${@:3}"; }
[ "$(ask "$@" "$1/hello?x=1")" = "GET /hello?x=1 0" ]
[ "$(ask "$@" -d "a=$(printf %01000d 0)" "$1/form")" = "POST /form 1002" ]
[ "$(head -c 300000 /dev/zero | ask "$@" -H "Transfer-Encoding: chunked" -T - "$1/stream")" = "PUT /stream 300000" ]
[ "$(ask "$@" "$1/large?1000000" | wc -c)" = 1000000 ]
[ "$(ask "$@" -I -o /dev/null -w '%{http_code}' "$1/hello")" = 200 ]
[ "$(ask "$@" --parallel "$1/[0-39]" | wc -c)" = 350 ]
"""


def clients(stage: Stage) -> dict[str, list]:
    """What each client is run as, before its URL and authorities."""
    curl = ["bash", "-c", CURL, "curl"]
    found = {"curl": curl}
    for library in ["requests", "httpx", "httpx2", "aiohttp", "urllib"]:
        found[library] = [sys.executable, HERE / "in_python.py", library]
    if shutil.which("node"):
        found["node"] = ["node", HERE / "client.mjs"]
    if shutil.which("go"):
        program = stage.folder / "go-client"
        environment = os.environ | {"GOCACHE": str(stage.folder / "go-cache"), "GOFLAGS": "-mod=mod", "GO111MODULE": "off"}
        subprocess.run(["go", "build", "-o", program, HERE / "client.go"], check=True, env=environment)
        found["go"] = [program]
    if shutil.which("javac") and shutil.which("java"):
        subprocess.run(["javac", "-d", stage.folder, HERE / "Client.java"], check=True)
        found["java"] = ["java", "-cp", stage.folder, "Client"]
    return found


def main(program: str) -> int:
    with Stage() as stage:
        port = free_port()
        stage.start("upstream", [sys.executable, pathlib.Path(__file__).parent / "upstream.py", port], port)
        routes = f"routes:\n  - {{ upstream: \"127.0.0.1:{port}\", inspection: enforce }}\n"
        plain, secured = stage.gateway(program, routes), stage.gateway(program, routes, secured=True)
        authorities = stage.certificate()[0]
        environment = os.environ | {"NODE_EXTRA_CA_CERTS": str(authorities)}
        failed, found = 0, clients(stage)
        for name, command in found.items():
            for url in [f"http://localhost:{plain.port}", f"https://localhost:{secured.port}"]:
                done = subprocess.run(
                    [str(word) for word in command] + [url, str(authorities)], env=environment, capture_output=True,
                    text=True, timeout=120)
                print(f"{name:10} {url.split(':')[0]:6} {'works' if done.returncode == 0 else 'FAILS'}")
                if done.returncode:
                    failed += 1
                    print((done.stdout + done.stderr)[-1500:])
        absent = [name for name in ["node", "go", "java"] if name not in found]
        if absent:
            print(f"not installed here: {', '.join(absent)}")
        print(f"clients: {len(found)} clients, {failed} failures")
        return 1 if failed else 0


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: clients.py GATEWAY; the built executable, such as .build/debug/gateway")
    sys.exit(main(sys.argv[1]))
