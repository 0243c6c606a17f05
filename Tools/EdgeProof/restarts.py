"""restarts.py GATEWAY [ROUNDS]: two replicas behind a balancer are restarted in turn under load; no request fails."""

import signal
import sys
import urllib.request

from load import Wrk, figure
from stage import Gateway, Stage, free_port, wait_until

SETTINGS = "limits: { drain_delay: 1500ms }"


def balancer(stage: Stage, gateways: list[Gateway]) -> tuple[int, int]:
    """HAProxy asks each replica's `/readyz` four times a second, as a Kubernetes service would more slowly. Returns its
    port, and the one where it tells which replicas it uses."""
    port, status = free_port(), free_port()
    servers = "\n".join(
        f"    server gateway{number} 127.0.0.1:{each.port} check port {each.admin_port} inter 250ms fall 1 rise 1"
        for number, each in enumerate(gateways))
    configuration = stage.write("balancer.cfg", f"""
defaults
    mode http
    timeout client 30s
    timeout server 30s
    timeout connect 5s
frontend clients
    bind 127.0.0.1:{port}
    default_backend gateways
frontend status
    bind 127.0.0.1:{status}
    stats enable
    stats uri /
backend gateways
    option httpchk GET /readyz
{servers}
""")
    stage.start("balancer", ["haproxy", "-db", "-q", "-f", configuration], port)
    return port, status


def uses_all(status: int) -> bool:
    with urllib.request.urlopen(f"http://127.0.0.1:{status}/;csv", timeout=5) as answer:
        replicas = [line.split(",") for line in answer.read().decode().splitlines() if line.startswith("gateways,gateway")]
    return all("UP" in replica for replica in replicas)


def restart(stage: Stage, program: str, gateway: Gateway) -> None:
    gateway.process.send_signal(signal.SIGTERM)
    if gateway.process.wait(timeout=60) != 0:
        raise RuntimeError(f"the gateway ended badly:\n{stage.log(gateway.name)[-2000:]}")
    gateway.process = stage.start(gateway.name, [program, "--config", stage.folder / f"{gateway.name}.yaml"], gateway.port)
    wait_until("the replica to be ready", lambda: gateway.is_ready(), 30)


def main(program: str, rounds: int) -> int:
    with Stage() as stage:
        port = stage.quick_upstream()
        routes = f"routes:\n  - {{ upstream: \"127.0.0.1:{port}\", inspection: enforce }}\n"
        gateways = [stage.gateway(program, routes, settings=SETTINGS) for _ in range(2)]
        for gateway in gateways:
            wait_until("the replicas to be ready", gateway.is_ready)
        entrance, status = balancer(stage, gateways)
        load = Wrk(stage, f"http://127.0.0.1:{entrance}/", seconds=600)
        for _ in range(rounds):
            for gateway in gateways:
                restart(stage, program, gateway)
                # The next one's turn comes when clients are sent to this one again, which is later than that it is ready.
                wait_until("the balancer to use both replicas", lambda: uses_all(status), 30)
        load.stop()
        answered, failed = load.result()
    print(f"{rounds * 2} restarts under {answered} requests")
    fine = [figure("restart.failed-requests", failed, "requests", 0), figure("restart.requests", answered, "requests", 1_000, ">=")]
    return 0 if all(fine) else 1


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit("usage: restarts.py GATEWAY [ROUNDS]")
    sys.exit(main(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 3))
