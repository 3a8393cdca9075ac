// SPDX-License-Identifier: Apache-2.0

import CanaryResources
import CanaryTestSupport
import Testing

@testable import CanaryReplicas

@Suite struct PodSpecTests {
    private let full = PodSpec([
        "spec": [
            "restartPolicy": "OnFailure", "terminationGracePeriodSeconds": 5, "nodeSelector": ["a": "b"],
            "securityContext": ["runAsUser": 1000, "fsGroup": 2000],
            "initContainers": [
                ["name": "first", "command": ["true"]],
                [
                    "name": "sidecar", "restartPolicy": "Always", "command": ["log"],
                    "resources": ["requests": ["cpu": "10m"]],
                ],
            ],
            "containers": [
                [
                    "name": "app", "command": ["server"], "workingDir": "/srv", "tty": true,
                    "volumeMounts": [["name": "v", "mountPath": "/v"]],
                    "ports": [["name": "http", "containerPort": 5000]],
                    "resources": [
                        "limits": ["cpu": "2", "memory": "1Ki"], "requests": ["cpu": "500m"], "claims": [],
                    ],
                    "readinessProbe": [
                        "httpGet": ["port": "http"], "periodSeconds": 0, "failureThreshold": 2,
                    ],
                    "livenessProbe": [
                        "tcpSocket": ["port": 5000], "initialDelaySeconds": 3,
                        "terminationGracePeriodSeconds": 1,
                    ],
                    "startupProbe": ["grpc": ["port": 9000, "service": "live"], "timeoutSeconds": 4],
                    "lifecycle": [
                        "preStop": ["sleep": ["seconds": 2]],
                        "postStart": ["exec": ["command": ["touch", "x"]]],
                        "stopSignal": "SIGINT",
                    ],
                    "securityContext": ["runAsUser": 0],
                ]
            ],
        ]
    ])

    @Test func `everything that a process can have is read`() throws {
        #expect(full.restartPolicy == .onFailure)
        #expect(full.terminationGracePeriod == .seconds(5))
        #expect(full.initContainers.map(\.isSidecar) == [false, true])
        #expect(full.initContainers.map(\.runAsUser) == [1000, 1000])
        let app = full.containers[0]
        #expect(app.runAsUser == 0)
        #expect(app.workingDirectory == "/srv")
        #expect(app.limits == ["cpu": MilliValue(2000), "memory": MilliValue(1_024_000)])
        #expect(app.requests == ["cpu": MilliValue(500), "memory": MilliValue(1_024_000)])
        #expect(app.preStop == .sleep(.seconds(2)))
        #expect(app.postStart == .exec(["touch", "x"]))
        let readiness = try #require(app.readinessProbe)
        #expect(
            readiness.handler
                == .httpGet(.init(path: "/", port: .name("http"), host: nil, isTLS: false, headers: []))
        )
        #expect((readiness.period, readiness.failureThreshold) == (.seconds(10), 2))
        #expect((readiness.timeout, readiness.successThreshold) == (.seconds(1), 1))
        let liveness = try #require(app.livenessProbe)
        #expect(liveness.handler == .tcpSocket(.number(5000), host: nil))
        #expect((liveness.initialDelay, liveness.terminationGracePeriod) == (.seconds(3), .seconds(1)))
        #expect(app.startupProbe?.handler == .grpc(port: 9000, service: "live"))
        #expect(app.startupProbe?.timeout == .seconds(4))
        #expect(full.observedContainers.map(\.name) == ["app", "sidecar"])
    }

    @Test func `what means nothing here is listed`() {
        #expect(
            full.unservedFields == [
                "nodeSelector", "securityContext.fsGroup", "containers[app].tty",
                "containers[app].volumeMounts",
                "containers[app].resources.claims", "containers[app].lifecycle.stopSignal",
            ]
        )
    }

    @Test func `defaults are Kubernetes' own`() {
        let empty = PodSpec([:])
        #expect(empty.restartPolicy == .always)
        #expect(empty.terminationGracePeriod == .seconds(30))
        #expect(empty.containers.isEmpty)
        #expect(PodSpec(object(.service, "hello", [:])) == nil)
        let deployment = object(
            .deployment,
            "hello",
            ["spec": ["template": ["spec": ["containers": [["name": "app"]]]]]]
        )
        #expect(PodSpec(deployment)?.containers.map(\.name) == ["app"])
    }

    @Test func `a probe finds the pod's own port`() {
        let context = PodContext(
            name: "p",
            namespace: "d",
            uid: "u",
            nodeName: "n",
            address: "127.0.0.1",
            ports: [5000: 40001]
        )
        let app = full.containers[0]
        #expect(context.port(.name("http"), of: app) == 40001)
        #expect(context.port(.number(5000), of: app) == 40001)
        #expect(context.port(.number(8080), of: app) == 8080)
        #expect(context.port(.name("other"), of: app) == nil)
    }

    @Test func `a Secret's values are decoded, and what is no text is left out`() {
        let secret = object(
            .secret,
            "keys",
            ["data": ["token": "dDBw", "binary": "/////w==", "bad": "%"], "stringData": ["plain": "x"]]
        )
        #expect(ConfigReference(secret) == .secret("keys"))
        #expect(ConfigReference.texts(of: secret) == ["token": "t0p", "plain": "x"])
        let map = object(.configMap, "settings", ["data": ["a": "b"]])
        #expect(ConfigReference(map) == .configMap("settings"))
        #expect(ConfigReference.texts(of: map) == ["a": "b"])
    }
}
