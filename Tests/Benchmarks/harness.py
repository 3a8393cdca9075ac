# SPDX-License-Identifier: Apache-2.0
"""Processes that the benchmarks of the proxy start: an origin, canaryctl, and HAProxy to be compared with."""
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import time

TICKS = os.sysconf("SC_CLK_TCK")
CPUS = sorted(os.sched_getaffinity(0))
started = []


def spawn(command, cpu=None, **options):
    prefix = ["taskset", "-c", str(cpu)] if cpu is not None and shutil.which("taskset") else []
    process = subprocess.Popen(prefix + command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **options)
    started.append(process)
    return process


def stop(process):
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(port):
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port), 0.2).close()
            return
        except OSError:
            time.sleep(0.02)
    sys.exit(f"nothing listens on port {port}")


def processor_seconds(pid):
    """User and system time of a process and its children so far."""
    total = 0
    for entry in [pid] + [int(p) for p in subprocess.run(["pgrep", "-P", str(pid)], capture_output=True, text=True).stdout.split()]:
        with open(f"/proc/{entry}/stat") as stat:
            fields = stat.read().rsplit(")", 1)[1].split()
        total += int(fields[11]) + int(fields[12])
    return total / TICKS


class Origin:
    """nginx with a server for each version: `/` is two bytes, `/10k` and `/1m` are files."""

    def __init__(self, scratch):
        self.ports = [free_port(), free_port()]
        os.mkdir(f"{scratch}/files")
        for name, size in ("10k", 10_240), ("1m", 1 << 20):
            with open(f"{scratch}/files/{name}", "wb") as file:
                file.write(b"x" * size)
        servers = "".join(
            f'server {{ listen 127.0.0.1:{port} backlog=4096; location = / {{ return 200 "v{index + 1}"; }}\n'
            f'location / {{ root {scratch}/files; }} location ~ ^/r[0-9] {{ return 200 "v{index + 1}"; }} }}\n'
            for index, port in enumerate(self.ports))
        with open(f"{scratch}/nginx.conf", "w") as file:
            file.write(f"daemon off; worker_processes 1; pid {scratch}/nginx.pid; error_log /dev/null;\n"
                       f"user {pwd.getpwuid(os.getuid()).pw_name}; events {{ worker_connections 8192; }}\n"
                       f"http {{ access_log off; sendfile on; tcp_nopush on; open_file_cache max=10; keepalive_requests 1000000000; client_body_temp_path {scratch};\n"
                       f"proxy_temp_path {scratch}; fastcgi_temp_path {scratch}; uwsgi_temp_path {scratch};\n"
                       f"scgi_temp_path {scratch}; {servers} }}\n")
        self.process = spawn(["nginx", "-c", f"{scratch}/nginx.conf"], CPUS[-1])
        for port in self.ports:
            wait_for(port)


def virtual_service(name, prefixes):
    routes = ", ".join(
        "{" + (f"match: [{{uri: {{prefix: {prefix}}}}}], " if prefix else "") +
        "route: [{destination: {host: bench, subset: v1}, weight: 90}, {destination: {host: bench, subset: v2}, weight: 10}]}"
        for prefix in prefixes)
    return ("---\napiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {name: " + name + "}\n"
            "spec: {hosts: [" + name + "], http: [" + routes + "]}\n")


def manifests(hosts, prefixes, protocol):
    yield ("apiVersion: v1\nkind: Service\nmetadata: {name: bench}\n"
           "spec: {selector: {app: bench}, ports: [{name: " + protocol + ", port: 80}]}\n")
    yield virtual_service("bench.local", [None])
    for index in range(hosts):
        yield virtual_service(f"h{index}.local", prefixes)


class Canary:
    """A store with bench.local, split 90 to 10, and `hosts` others that have a route for each of `prefixes`; and its proxy. With `http2`
    the origin speaks that."""

    prefix = []

    def __init__(self, canaryctl, scratch, origin, hosts, prefixes=(None,), http2=False):
        self.canaryctl = canaryctl
        self.env = dict(os.environ, CANARYCTL_STORE=f"{scratch}/store-{hosts}")
        self.run("create", "-f", "-", input="".join(manifests(hosts, prefixes, "http2" if http2 else "http")).encode())
        for version, port in zip(("v1", "v2"), origin.ports):
            self.run("register", "bench", f"127.0.0.1:{port}", "-l", f"version={version}")
        self.start()

    def start(self):
        self.port = free_port()
        self.process = spawn(self.prefix + [self.canaryctl, "proxy", "--listen", f"127.0.0.1:{self.port}", "--admin", "127.0.0.1:0",
                              "--workers", "1"], CPUS[0], env=self.env)

    def run(self, *words, **options):
        subprocess.run([self.canaryctl, *words], env=self.env, check=True, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL, **options)


class HAProxy:
    """The same routes: those of the hosts in a map, which is HAProxy's way for many. A frontend takes HTTP/2 from who begins with it."""

    def __init__(self, scratch, origin, hosts=0, prefixes=(), http2=False):
        self.scratch, self.origin = scratch, origin
        self.protocol = "proto h2" if http2 else ""
        with open(f"{scratch}/routes.map", "w") as file:
            file.write("bench.local/ b\n")
            file.writelines(f"h{index}.local{prefix or '/'} b\n" for index in range(hosts) for prefix in prefixes)
        self.start()

    binding = ""

    def start(self):
        self.port = free_port()
        with open(f"{self.scratch}/haproxy.cfg", "w") as file:
            file.write("global\n  nbthread 1\n  no strict-limits\n  maxconn 16000\ndefaults\n  mode http\n  http-reuse always\n"
                       "  timeout connect 5s\n  timeout client 300s\n  timeout server 60s\n"
                       f"frontend f\n  bind 127.0.0.1:{self.port} {self.binding}\n"
                       f"  use_backend %[base,map_beg({self.scratch}/routes.map)]\nbackend b\n  balance roundrobin\n"
                       f"  server v1 127.0.0.1:{self.origin.ports[0]} weight 90 {self.protocol}\n"
                       f"  server v2 127.0.0.1:{self.origin.ports[1]} weight 10 {self.protocol}\n")
        self.process = spawn(["haproxy", "-db", "-f", f"{self.scratch}/haproxy.cfg"], CPUS[0])
