// SPDX-License-Identifier: Apache-2.0

import CanaryResources
import CanaryTestSupport
import Testing

@testable import CanaryReplicas

@Suite struct ContainerLaunchTests {
    private static let context = PodContext(
        name: "hello-7d4b9-x2x4f",
        namespace: "shop",
        uid: "1234",
        nodeName: "laptop",
        address: "127.0.0.1",
        ports: [5000: 40001, 9090: 40002, 7000: 40003],
        capacity: ["cpu": MilliValue(2000), "memory": MilliValue(1_000_000_000)],
        config: [
            .configMap("settings"): ["GREETING": "hi", "LEVEL": "1"],
            .secret("keys"): ["token": "t0p"],
        ],
        inherited: ["PATH": "/usr/bin", "LEVEL": "of the node"]
    )

    private func pod(_ containers: Node, annotations: Node = [:]) -> PodSpec {
        PodSpec([
            "metadata": ["labels": ["app": "hello", "version": "v1"], "annotations": annotations],
            "spec": ["containers": containers],
        ])
    }

    private func prepare(
        _ container: Node,
        annotations: Node = [:],
        runtime: ContainerRuntime = .process,
        imageCommands: [String: [String]] = [:]
    ) throws(ContainerProblem) -> ContainerLaunch {
        let pod = pod([container], annotations: annotations)
        return try ContainerLaunch(
            pod.containers[0],
            in: pod,
            Self.context,
            runtime: runtime,
            imageCommands: imageCommands
        )
    }

    // MARK: - Variables

    @Test func `ports, ConfigMaps, Secrets and fields become variables, which commands may use`() throws {
        let launch = try prepare([
            "name": "app", "command": ["server", "--port=$(PORT)"],
            "args": ["--metrics", "$(PORT_METRICS_1)", "$(PATH)"],
            "ports": [
                ["containerPort": 5000, "name": "http"], ["containerPort": 9090, "name": "metrics-1"],
                ["containerPort": 7000], ["containerPort": 6000],
            ],
            "envFrom": [
                ["configMapRef": ["name": "settings"], "prefix": "APP_"],
                ["secretRef": ["name": "absent", "optional": true]],
                ["configMapRef": ["name": "settings"]],
            ],
            "env": [
                ["name": "URL", "value": "http://localhost:$(PORT_HTTP)/$(LATER)"],
                ["name": "LATER", "value": "$(GREETING) $$(GREETING)"],
                ["name": "TOKEN", "valueFrom": ["secretKeyRef": ["name": "keys", "key": "token"]]],
                [
                    "name": "NONE",
                    "valueFrom": ["secretKeyRef": ["name": "keys", "key": "x", "optional": true]],
                ],
                ["name": "POD", "valueFrom": ["fieldRef": ["fieldPath": "metadata.name"]]],
                ["name": "VERSION", "valueFrom": ["fieldRef": ["fieldPath": "metadata.labels['version']"]]],
                ["name": "NODE", "valueFrom": ["fieldRef": ["fieldPath": "spec.nodeName"]]],
                ["name": "EMPTY"],
            ],
        ])
        #expect(launch.program == .process(["server", "--port=40001", "--metrics", "40002", "$(PATH)"]))
        #expect(
            launch.environment == [
                "PATH": "/usr/bin", "HOSTNAME": "hello-7d4b9-x2x4f", "PORT": "40001", "PORT_HTTP": "40001",
                "PORT_METRICS_1": "40002", "PORT_7000": "40003", "APP_GREETING": "hi", "APP_LEVEL": "1",
                "GREETING": "hi", "LEVEL": "1", "URL": "http://localhost:40001/$(LATER)",
                "LATER": "hi $(GREETING)", "TOKEN": "t0p", "POD": "hello-7d4b9-x2x4f", "VERSION": "v1",
                "NODE": "laptop", "EMPTY": "",
            ]
        )
    }

    @Test func `what the manifest says of PORT wins`() throws {
        let launch = try prepare([
            "name": "app", "command": ["server"], "ports": [["containerPort": 5000]],
            "env": [["name": "PORT", "value": "80"]],
        ])
        #expect(launch.environment["PORT"] == "80")
    }

    /// Kubernetes' documentation: rounded up, and what is not limited has what the node has.
    @Test(arguments: [
        ("limits.cpu", "", "1"), ("limits.cpu", "1m", "250"), ("limits.memory", "1Mi", "1"),
        ("requests.cpu", "1m", "100"), ("requests.memory", "", "0"), ("limits.memory", "", "1000000"),
    ])
    func `resources are told in whole divisors`(_ path: String, _ divisor: String, _ expected: String) throws
    {
        let launch = try prepare([
            "name": "app", "command": ["x"],
            "resources": ["limits": ["cpu": "250m"], "requests": ["cpu": "0.1"]],
            "env": [
                [
                    "name": "R",
                    "valueFrom": [
                        "resourceFieldRef": ["resource": .string(path), "divisor": .string(divisor)]
                    ],
                ]
            ],
        ])
        #expect(launch.environment["R"] == expected)
    }

    private static let broken: [(Node, String)] = [
        (["configMapKeyRef": ["name": "absent", "key": "k"]], "configmap \"absent\" not found"),
        (["secretKeyRef": ["name": "keys", "key": "k"]], "couldn't find key k in secret \"keys\""),
        (["fieldRef": ["fieldPath": "status.phase"]], "variable \"X\": a pod on one machine has no field"),
        (["resourceFieldRef": ["resource": "limits.gpu"]], "variable \"X\": \"limits.gpu\" is not known"),
        (
            ["resourceFieldRef": ["resource": "limits.cpu", "containerName": "b"]],
            "variable \"X\": the pod has no container \"b\""
        ),
    ]

    @Test(arguments: broken)
    func `what is missing stops the container, and is told`(_ source: Node, _ message: String) {
        let error = #expect(throws: ContainerProblem.self) {
            try prepare(["name": "app", "command": ["x"], "env": [["name": "X", "valueFrom": source]]])
        }
        #expect(error?.description.hasPrefix(message) == true)
        #expect(error?.reason == "CreateContainerConfigError")
    }

    /// Each of thirty variables is the one before, twice: a gigabyte of a kilobyte.
    @Test func `variables that grow without bound are refused`() {
        var variables: [Node] = [["name": "V0", "value": "x"]]
        for number in 1...30 {
            let value = "$(V\(number - 1))$(V\(number - 1))"
            variables.append(["name": .string("V\(number)"), "value": .string(value)])
        }
        let error = #expect(throws: ContainerProblem.self) {
            try prepare(["name": "app", "command": ["x"], "env": .sequence(variables)])
        }
        #expect(
            error?.description
                == "variable \"V17\" is longer than 131071 bytes, which is the most that a process can be given"
        )
        let long = #expect(throws: ContainerProblem.self) {
            try prepare([
                "name": "app", "command": ["x"],
                "args": [.string(String(repeating: "$(V16)$(V16)", count: 2))],
                "env": .sequence(Array(variables.prefix(17))),
            ])
        }
        #expect(long == .tooLong("an argument of container \"app\""))
    }

    // MARK: - Programs

    private static let image: Node = ["name": "app", "image": "reg:5000/app:1.2@sha256:00", "args": ["-v"]]

    struct ProgramCase: Sendable {
        var runtime = ContainerRuntime.process
        var annotations: Node = [:]
        var commands: [String: [String]] = [:]
        /// `nil` where nothing can run it.
        var expected: Program?
    }

    static let programs: [ProgramCase] = [
        .init(),
        .init(runtime: .auto(found: nil)),
        .init(
            runtime: .auto(found: "podman"),
            annotations: ["canaryctl.dev/command": "x"],
            expected: .image("reg:5000/app:1.2@sha256:00", command: [], arguments: ["-v"], tool: "podman")
        ),
        .init(
            annotations: ["canaryctl.dev/command": "exec app \"$@\""],
            expected: .process(["/bin/sh", "-c", "exec app \"$@\"", "sh", "-v"])
        ),
        .init(
            runtime: .auto(found: nil),
            annotations: ["canaryctl.dev/command": "[\"app\", \"a b\"]"],
            expected: .process(["app", "a b", "-v"])
        ),
        .init(
            annotations: ["canaryctl.dev/command": "x", "command.canaryctl.dev/app": "[\"own\"]"],
            expected: .process(["own", "-v"])
        ),
        .init(
            commands: ["reg:5000/app:1.2@sha256:00": ["exact"], "reg:5000/app": ["any"]],
            expected: .process(["exact", "-v"])
        ),
        .init(commands: ["reg:5000/app": ["any"]], expected: .process(["any", "-v"])),
    ]

    @Test(arguments: programs)
    func `an image runs under a tool, or as what stands for it`(_ example: ProgramCase) throws {
        func prepareImage() throws(ContainerProblem) -> ContainerLaunch {
            try prepare(
                Self.image,
                annotations: example.annotations,
                runtime: example.runtime,
                imageCommands: example.commands
            )
        }
        guard example.expected == nil else {
            #expect(try prepareImage().program == example.expected)
            return
        }
        let error = #expect(throws: ContainerProblem.self) { try prepareImage() }
        let tool =
            example.runtime == .process
            ? "this node runs no images: let it do so by --runtime podman"
            : "nothing runs images here: install podman or docker"
        #expect(
            error?.description == """
                container "app" has an image and no command, and \(tool), or say what to run instead by the annotation canaryctl.dev/command of the pod template, \
                or by canaryctl images set reg:5000/app:1.2@sha256:00 -- COMMAND
                """
        )
        #expect(error?.reason == "CreateContainerError")
    }

    @Test func `a command is a process, unless a tool is to run all`() throws {
        let container: Node = ["name": "app", "image": "app", "command": ["run"], "args": ["$(HOSTNAME)"]]
        #expect(
            try prepare(container, runtime: .auto(found: "podman")).program
                == .process(["run", "hello-7d4b9-x2x4f"])
        )
        #expect(
            try prepare(container, runtime: .tool("docker")).program
                == .image("app", command: ["run"], arguments: ["hello-7d4b9-x2x4f"], tool: "docker")
        )
        #expect(
            throws: ContainerProblem.noCommand(container: "app", image: "reg:5000/app", mayRunImages: false)
        ) {
            try prepare(["name": "app", "image": "reg:5000/app"], imageCommands: ["reg": ["wrong"]])
        }
        #expect(throws: ContainerProblem.neitherCommandNorImage(container: "app")) {
            try prepare(["name": "app"])
        }
        #expect(throws: ContainerProblem.badCommandAnnotation("canaryctl.dev/command")) {
            try prepare(["name": "app"], annotations: ["canaryctl.dev/command": "[1]"])
        }
    }
}
