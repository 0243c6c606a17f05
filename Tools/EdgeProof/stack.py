"""The whole suite for a proof: `local-stack run` in a folder of its own, and its API with the administrator's token."""

import http.client
import json
import os
import pathlib
import signal
import subprocess

from stage import Stage, wait_until


class Stack:
    def __init__(self, stage: Stage, programs: str, **settings: str):
        self.folder = stage.folder / "stack"
        # The servers below run as accounts of their own.
        stage.folder.chmod(0o755)
        self.access_log = stage.folder / "stack-access.log"
        own = {"INFINITE_GATEWAY_ACCESS_LOG_FILE": str(self.access_log), "INFINITE_GATEWAY_ACCESS_LOG_QUERY": "true"}
        self.process = stage.start(
            "local-stack", [pathlib.Path(programs).resolve() / "local-stack", "run", "--folder", self.folder],
            env=os.environ | own | settings)
        wait_until("the local stack", lambda: "Everything runs." in stage.log("local-stack") or self._ended(stage), 180)
        self.port, self.admin_port = self._port("gateway"), self._port("gateway-administration")
        self.token = None

    def _ended(self, stage: Stage) -> bool:
        if self.process.poll() is None:
            return False
        raise RuntimeError(f"the local stack ended:\n{stage.log('local-stack')[-3000:]}")

    def _port(self, name: str) -> int:
        return int((self.folder / "ports" / name).read_text())

    def stop(self) -> None:
        """In order, which takes longer than a stage waits."""
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(timeout=60)
        except subprocess.TimeoutExpired:
            self.process.kill()

    def route(self, routes: str) -> None:
        """In force when this returns."""
        before = self.metric("gateway_routes_reloads_total")
        (self.folder / "config" / "routes.yaml").write_text(routes)
        wait_until("the new routes", lambda: self.metric("gateway_routes_reloads_total") > before)

    def metric(self, name: str) -> float:
        """The sum of a metric of the gateway over its labels."""
        status, text = ask(self.admin_port, "GET", "/metrics")
        lines = text.splitlines() if status == 200 else []
        return sum(float(line.rsplit(" ", 1)[1]) for line in lines if line.startswith((name + " ", name + "{")))

    def api(self, method: str, target: str, body: dict | None = None) -> dict:
        """What the API answers to the administrator; nothing while it cannot."""
        if self.token is None:
            password = (self.folder / "secrets" / "administrator").read_text().strip()
            status, text = ask(self.port, "POST", "/v1/auth/token", {"grant_type": "password", "username": "admin", "password": password})
            self.token = json.loads(text).get("access_token") if status == 200 else None
        status, text = ask(self.port, method, target, body, {"Authorization": f"Bearer {self.token}"})
        if status == 401:
            self.token = None
        return json.loads(text) if status == 200 else {}

    def requests_of(self, client: str) -> list[dict]:
        """The access log's lines about a client, in the order in which they came."""
        lines = self.access_log.read_text(errors="replace").splitlines() if self.access_log.exists() else []
        entries = [json.loads(line) for line in lines if f'"{client}"' in line and line.endswith("}")]
        return sorted((each for each in entries if each["client"] == client), key=lambda each: each["time"])


def ask(port: int, method: str, target: str, body: dict | None = None, fields: dict[str, str] | None = None) -> tuple[int, str]:
    """Status and text; 0 without an answer."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=15)
    try:
        content = json.dumps(body) if body is not None else None
        connection.request(method, target, content, (fields or {}) | ({"Content-Type": "application/json"} if content else {}))
        answer = connection.getresponse()
        return answer.status, answer.read().decode(errors="replace")
    except OSError:
        return 0, ""
    finally:
        connection.close()
