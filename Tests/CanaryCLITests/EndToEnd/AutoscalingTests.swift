// SPDX-License-Identifier: Apache-2.0

import CanaryTestSupport
import Glibc
import Testing

@testable import CanaryCLI

/// `up` with an autoscaler and processes that use as much processor time as they are told.
@Suite struct AutoscalingTests {
    private let scratch: ScratchDirectory

    init() throws {
        scratch = try ScratchDirectory()
        try scratch.write(
            """
            import os, socket, sys, time
            listener = socket.create_server(("127.0.0.1", int(os.environ["PORT"])))
            while True:
                if os.path.exists(sys.argv[1]):
                    end = time.process_time() + 0.006
                    while time.process_time() < end:
                        pass
                time.sleep(0.014)
            """,
            to: "worker.py"
        )
    }

    private func manifest() throws -> String {
        let versions = ["v1", "v2"].map { version in
            """
            apiVersion: apps/v1
            kind: Deployment
            metadata: {name: web-\(version)}
            spec:
              replicas: 1
              selector: {matchLabels: {app: web, version: \(version)}}
              template:
                metadata: {labels: {app: web, version: \(version)}}
                spec:
                  containers:
                  - name: web
                    image: web
                    command: [python3, "\(scratch.path("worker.py"))", "\(scratch.path("load-\(version)"))"]
                    ports: [{containerPort: 8080}]
                    resources: {requests: {cpu: 100m}}
            ---
            apiVersion: autoscaling/v2
            kind: HorizontalPodAutoscaler
            metadata: {name: web-\(version)}
            spec:
              scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web-\(version)}
              minReplicas: 1
              maxReplicas: 3
              metrics:
              - type: Resource
                resource: {name: cpu, target: {type: Utilization, averageUtilization: 50}}
              behavior: {scaleDown: {stabilizationWindowSeconds: 0}}
            """
        }
        let routes = """
            apiVersion: v1
            kind: Service
            metadata: {name: web}
            spec: {selector: {app: web}, ports: [{port: 80, targetPort: 8080}]}
            ---
            apiVersion: networking.istio.io/v1
            kind: VirtualService
            metadata: {name: web}
            spec:
              hosts: [web]
              http:
              - route:
                - {destination: {host: web, subset: v1}, weight: 90}
                - {destination: {host: web, subset: v2}, weight: 10}
            """
        return try scratch.write((versions + [routes]).joined(separator: "\n---\n") + "\n", to: "web.yaml")
    }

    /// How many pods of each version are ready.
    private func ready() throws -> [String: Int] {
        let lines = try Program.run("get", "pods", in: scratch).output.split(separator: "\n")
        return lines.filter { $0.contains(" 1/1 ") && $0.contains(" Running ") }.reduce(into: [:]) {
            $0[$1.contains("web-v1-") ? "v1" : "v2", default: 0] += 1
        }
    }

    private func replicas(_ version: String) throws -> String {
        try Program.run("get", "deployment/web-\(version)", "-o", "jsonpath={.spec.replicas}", in: scratch)
            .output
    }

    @Test func replicasFollowTheLoadAndTheSplitStays() throws {
        let node = try Program(
            [
                "up", "-f", try manifest(), "--workers", "1", "--listen", "127.0.0.1:0", "--admin",
                "127.0.0.1:0", "--hpa-sync-period", "500ms",
            ],
            in: scratch
        )
        #expect(try eventually { try ready() == ["v1": 1, "v2": 1] }, "\(node.errors)")
        let routes = try Program.run("get", "virtualservice/web", "-o", "yaml", in: scratch).output

        try scratch.write("", to: "load-v1")
        #expect(try eventually { try ready() == ["v1": 3, "v2": 1] }, "\(node.errors)")
        #expect(try replicas("v1") == "3" && replicas("v2") == "1")
        #expect(node.errors.contains("hpa default/web-v1: New size: 3; reason: cpu resource utilization"))
        // What is known of an autoscaler is told after its next look.
        #expect(
            try eventually {
                let row = try Program.run("get", "hpa", "web-v1", "--no-headers", in: scratch).output
                    .split(separator: " ").map(String.init)
                return row[1] == "Deployment/web-v1" && row[3].hasSuffix("%/50%")
                    && Array(row[4...6]) == ["1", "3", "3"]
            }
        )
        // Events are written once a second.
        #expect(
            try eventually {
                let page = try Program.run("describe", "hpa", "web-v1", in: scratch).output
                return page.contains("SuccessfulRescale") && page.contains(" of 50% asks for ")
            }
        )

        unlink(scratch.path("load-v1"))
        #expect(try eventually { try ready() == ["v1": 1, "v2": 1] }, "\(node.errors)")
        #expect(try replicas("v1") == "1")
        #expect(try Program.run("get", "virtualservice/web", "-o", "yaml", in: scratch).output == routes)
        node.signal(SIGTERM)
        #expect(try node.end().status == 0)
        let after = try Program.run("get", "hpa", "web-v1", in: scratch).output
        #expect(after.contains("cpu: <unknown>/50%"), "\(after)")
    }

    @Test func replicasFollowRequests() throws {
        try scratch.write(
            """
            import http.server, os
            class Handler(http.server.BaseHTTPRequestHandler):
                protocol_version = "HTTP/1.1"
                def do_GET(self):
                    self.send_response(200)
                    self.send_header("Content-Length", "0")
                    self.end_headers()
                def log_message(self, *ignored):
                    pass
            http.server.ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
            """,
            to: "server.py"
        )
        let manifest = try scratch.write(
            """
            apiVersion: v1
            kind: Service
            metadata: {name: web}
            spec: {selector: {app: web}, ports: [{port: 80, targetPort: 8080}]}
            ---
            apiVersion: apps/v1
            kind: Deployment
            metadata: {name: web-v1}
            spec:
              selector: {matchLabels: {app: web}}
              template:
                metadata: {labels: {app: web}}
                spec:
                  containers:
                  - name: web
                    image: web
                    command: [python3, "\(scratch.path("server.py"))"]
                    ports: [{containerPort: 8080}]
            ---
            apiVersion: autoscaling/v2
            kind: HorizontalPodAutoscaler
            metadata: {name: web}
            spec:
              scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web-v1}
              maxReplicas: 2
              metrics:
              - type: Pods
                pods: {metric: {name: requests_per_second}, target: {type: AverageValue, averageValue: 2}}
              behavior: {scaleDown: {stabilizationWindowSeconds: 0}}
            """,
            to: "requests.yaml"
        )
        let node = try Program(
            [
                "up", "-f", manifest, "--workers", "1", "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0",
                "--hpa-sync-period", "500ms",
            ],
            in: scratch
        )
        #expect(try eventually { try ready() == ["v1": 1] }, "\(node.errors)")
        let client = try Loopback(to: try Scene.listener(of: node))
        #expect(
            try eventually {
                for _ in 0..<20 {
                    client.send("GET / HTTP/1.1\r\nhost: web\r\n\r\n")
                    guard client.receive()?.startLine.contains(" 200 ") == true else { return false }
                }
                return try ready() == ["v1": 2]
            },
            "\(node.errors)"
        )
        #expect(node.errors.contains("New size: 2; reason: pods metric requests_per_second above target"))
        #expect(try eventually { try ready() == ["v1": 1] }, "\(node.errors)")
        node.signal(SIGTERM)
        #expect(try node.end().status == 0)
    }
}
