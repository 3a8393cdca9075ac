// SPDX-License-Identifier: Apache-2.0

import CanaryTestSupport

/// A server for pods that dies of SIGTERM at once, whatever it is doing, and the clients of its large bodies and tunnels. All are Python's.
enum PodServer {
    /// Writes the server and its clients, and the manifests of as many pods of it.
    ///
    /// - Parameter version: what the pods answer.
    static func manifest(
        _ version: String,
        replicas: Int?,
        route: String = "",
        in scratch: ScratchDirectory
    ) throws -> String {
        let server = try scratch.write(server, to: "server.py")
        return try scratch.write(
            """
            apiVersion: v1
            kind: Service
            metadata: {name: web}
            spec: {selector: {app: web}, ports: [{port: 80, targetPort: 8080}]}
            ---
            apiVersion: networking.istio.io/v1
            kind: VirtualService
            metadata: {name: web}
            spec: {hosts: [web], http: [{route: [{destination: {host: web}}]\(route)}]}
            ---
            apiVersion: apps/v1
            kind: Deployment
            metadata: {name: web}
            spec:
              \(replicas.map { "replicas: \($0)" } ?? "")
              selector: {matchLabels: {app: web}}
              strategy: {rollingUpdate: {maxSurge: 2, maxUnavailable: 0}}
              template:
                metadata: {labels: {app: web}}
                spec:
                  containers:
                  - name: web
                    image: web
                    command: [python3, "\(server)", "\(version)"]
                    ports: [{containerPort: 8080}]
            """,
            to: "web.yaml"
        )
    }

    /// Sends or fetches 64 MiB in some seconds, and fails unless each byte is where it was.
    static func passBody(_ direction: String, at address: String, in scratch: ScratchDirectory) throws
        -> Program
    {
        let client = try scratch.write(bodyClient, to: "body.py")
        return try Program([client, address, direction], in: scratch, executable: "/usr/bin/python3")
    }

    /// Asks for a WebSocket and has bytes echoed until a file is there; fails when one does not come back.
    static func tunnel(until file: String, at address: String, in scratch: ScratchDirectory) throws -> Program
    {
        let client = try scratch.write(tunnelClient, to: "tunnel.py")
        return try Program([client, address, file], in: scratch, executable: "/usr/bin/python3")
    }

    private static let server = """
        import array, http.server, os, random, sys, time
        MIB = 1 << 20
        def part(number):
            return array.array("Q", range(number * MIB // 8, (number + 1) * MIB // 8)).tobytes()
        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            wbufsize = -1
            def answer(self, body):
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)
            def do_GET(self):
                if self.headers.get("Upgrade"):
                    return self.echo()
                if self.path == "/large":
                    self.send_response(200)
                    self.send_header("Content-Length", str(64 * MIB))
                    self.end_headers()
                    for number in range(64):
                        self.wfile.write(part(number))
                        time.sleep(0.03)
                    return
                time.sleep(random.random() * 0.03)
                self.answer(sys.argv[1].encode())
            def do_POST(self):
                intact = all(self.rfile.read(MIB) == part(number) for number in range(64))
                self.answer(b"intact" if intact else b"damaged")
            def echo(self):
                self.send_response(101)
                self.send_header("Connection", "upgrade")
                self.send_header("Upgrade", "websocket")
                self.end_headers()
                self.wfile.flush()
                while data := self.rfile.read1(4096):
                    self.wfile.write(data)
                    self.wfile.flush()
                self.close_connection = True
            def log_message(self, *ignored):
                pass
        class Server(http.server.ThreadingHTTPServer):
            request_queue_size = 128
        Server(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
        """

    private static let bodyClient = """
        import array, http.client, sys, time
        MIB = 1 << 20
        def part(number):
            return array.array("Q", range(number * MIB // 8, (number + 1) * MIB // 8)).tobytes()
        def parts():
            for number in range(64):
                yield part(number)
                time.sleep(0.03)
        connection = http.client.HTTPConnection(sys.argv[1], timeout=60)
        if sys.argv[2] == "up":
            connection.request("POST", "/", parts(), {"Host": "web", "Content-Length": str(64 * MIB)})
            answer = connection.getresponse()
            body = answer.read()
            sys.exit(0 if answer.status == 200 and body == b"intact" else f"{answer.status} {body}")
        connection.request("GET", "/large", headers={"Host": "web"})
        answer = connection.getresponse()
        if answer.status != 200:
            sys.exit(f"{answer.status}")
        for number in range(64):
            if answer.read(MIB) != part(number):
                sys.exit(f"part {number} is damaged")
        """

    private static let tunnelClient = """
        import os, socket, sys, time
        host, port = sys.argv[1].split(":")
        connection = socket.create_connection((host, int(port)), timeout=60)
        connection.sendall(b"GET /chat HTTP/1.1\\r\\nHost: web\\r\\nConnection: Upgrade\\r\\nUpgrade: websocket\\r\\n"
            b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\\r\\nSec-WebSocket-Version: 13\\r\\n\\r\\n")
        def receive(length):
            data = b""
            while len(data) < length:
                more = connection.recv(length - len(data))
                if not more:
                    sys.exit("the connection ended")
                data += more
            return data
        head = b""
        while not head.endswith(b"\\r\\n\\r\\n"):
            head += receive(1)
        if b" 101 " not in head:
            sys.exit(head.decode())
        number = 0
        while not os.path.exists(sys.argv[2]):
            text = b"%8d" % number
            connection.sendall(text)
            if receive(8) != text:
                sys.exit(f"message {number} is damaged")
            number += 1
            time.sleep(0.01)
        """
}
