// SPDX-License-Identifier: Apache-2.0

import CanaryReplicas

/// A container of an image, as podman and docker are told of it: in words that both know.
struct ImageContainer {
    /// The label by which a node finds what an earlier one of its store left; its value tells stores apart.
    static let storeLabel = "canaryctl.dev/store"

    let launch: ContainerLaunch
    let context: PodContext
    let run: ContainerRun
    let image: String
    let tool: String
    /// The image's own where both are empty.
    let command: [String]
    let arguments: [String]
    let pullPolicy: String?
    let store: String

    /// Unique among all that this machine ever ran.
    var name: String { "canaryctl-\(context.uid)-\(run.container)-\(run.number)" }

    /// The tool's environment: the node's own, and variables that the container has from there, so that nobody reads them in the list of
    /// processes.
    var environment: [String: String] {
        context.inherited.merging(launch.environment.filter { isHandedOver($0.key) }) { own, _ in own }
    }

    var creation: [String] {
        var words = [
            tool, "create", "--name", name, "--hostname", hostname, "--log-driver", "none",
            "--stop-timeout", "0", "--pull", pullWord,
        ]
        for (key, value) in labels { words += ["--label", "\(key)=\(value)"] }
        words += network + limits
        if let directory = launch.workingDirectory { words += ["--workdir", directory] }
        if let user = launch.user { words += ["--user", "\(user)"] }
        for (name, value) in launch.environment.sorted(by: { $0.key < $1.key }) {
            words += ["--env", isHandedOver(name) ? name : "\(name)=\(value)"]
        }
        if let program = command.first { words += ["--entrypoint", program] }
        return words + [image] + command.dropFirst() + arguments
    }

    /// The system knows no longer ones; kubelet cuts them off, too.
    private var hostname: String {
        var name = context.name.prefix(63)
        while let last = name.last, "-.".contains(last) { name.removeLast() }
        return String(name)
    }

    private var labels: [(String, String)] {
        [
            (Self.storeLabel, store), ("io.kubernetes.pod.namespace", context.namespace),
            ("io.kubernetes.pod.name", context.name), ("io.kubernetes.container.name", run.container),
        ]
    }

    private var network: [String] {
        guard let ports = launch.publishedPorts else { return ["--network", "host"] }
        return ports.sorted { $0.key < $1.key }
            .flatMap { ["--publish", "\(context.address):\($0.value):\($0.key)"] }
    }

    private var limits: [String] {
        let limits = ContainerLimits(launch.limits)
        var words = ["--pids-limit", "\(limits.processes)"]
        if let cpu = limits.cpuMilli { words += ["--cpus", Self.decimal(max(cpu, 10))] }
        if let memory = limits.memory { words += ["--memory", "\(memory)b", "--memory-swap", "\(memory)b"] }
        return words
    }

    /// Thousandths as a decimal fraction.
    private static func decimal(_ thousandths: Int64) -> String {
        "\(thousandths / 1000).\(String(1000 + thousandths % 1000).dropFirst())"
    }

    private var pullWord: String {
        switch pullPolicy {
        case "Always": "always"
        case "Never": "never"
        default: "missing"
        }
    }

    // MARK: - Variables

    /// What the tool, its libraries or its runtime would read for themselves.
    private static let readPrefixes = [
        "_", "BUILDAH", "CONMON", "CONTAINER", "DBUS_", "DOCKER", "GO", "LANG", "LC_", "LD_", "LISTEN_",
        "NETAVARK",
        "NOTIFY_", "OCI_", "PODMAN", "REGISTRY", "RUNC", "SSL_", "STORAGE_", "TMP", "XDG_",
    ]

    private func isHandedOver(_ name: String) -> Bool {
        context.inherited[name] == nil && !["HOME", "PATH", "TERM", "TZ", "USER"].contains(name)
            && !name.lowercased().hasSuffix("_proxy") && !Self.readPrefixes.contains { name.hasPrefix($0) }
    }
}

extension ContainerLimits {
    init(_ limits: [String: MilliValue]) {
        self.init(
            cpuMilli: limits["cpu"]?.thousandths,
            memory: limits["memory"].map { $0.thousandths / 1000 }
        )
    }
}
