// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// The port of a probe: one of the container's ports, or any number.
package enum PortReference: Hashable, Sendable {
    case number(Int)
    case name(String)

    init?(_ node: Node?) {
        if let number = node?.count {
            self = .number(number)
        } else if let text = node?.string {
            self = Int(text).map { .number($0) } ?? .name(text)
        } else {
            return nil
        }
    }
}

/// What a probe or a hook does.
package enum ProbeHandler: Hashable, Sendable {
    case exec([String])
    case httpGet(HTTPGet)
    /// `host` is `nil` for the pod's own address.
    case tcpSocket(PortReference, host: String?)
    case grpc(port: Int, service: String)
    /// Of hooks alone.
    case sleep(Duration)

    package struct HTTPGet: Hashable, Sendable {
        package var path: String
        package var port: PortReference
        package var host: String?
        package var isTLS: Bool
        package var headers: [[String]]
    }

    init?(_ node: Node?) {
        if let exec = node?["exec"] {
            self = .exec(exec["command"]?.strings ?? [])
        } else if let get = node?["httpGet"], let port = PortReference(get["port"]) {
            self = .httpGet(
                HTTPGet(
                    path: Self.path(get["path"]?.string ?? ""),
                    port: port,
                    host: get["host"]?.string,
                    isTLS: get["scheme"]?.string?.uppercased() == "HTTPS",
                    headers: (get["httpHeaders"]?.items ?? []).compactMap { header in
                        guard let name = header["name"]?.string else { return nil }
                        return [name, header["value"]?.string ?? ""]
                    }
                )
            )
        } else if let socket = node?["tcpSocket"], let port = PortReference(socket["port"]) {
            self = .tcpSocket(port, host: socket["host"]?.string)
        } else if let grpc = node?["grpc"], let port = grpc["port"]?.count {
            self = .grpc(port: port, service: grpc["service"]?.string ?? "")
        } else if let seconds = node?["sleep"]?["seconds"]?.seconds {
            self = .sleep(max(seconds, .zero))
        } else {
            return nil
        }
    }

    private static func path(_ text: String) -> String { text.hasPrefix("/") ? text : "/\(text)" }
}

/// A check of a container that is made again and again.
package struct Probe: Hashable, Sendable {
    package var handler: ProbeHandler
    package var initialDelay: Duration
    package var timeout: Duration
    package var period: Duration
    /// How many answers in a row change what is believed.
    package var successThreshold: Int
    package var failureThreshold: Int
    /// How long a container has to end that this probe ends; `nil` is the pod's.
    package var terminationGracePeriod: Duration?
    /// Whether no manifest asks for it, so that its failures are no news.
    package var isImplied = false

    /// Zeros mean the defaults, as in Kubernetes.
    init?(_ node: Node?) {
        guard let handler = ProbeHandler(node) else { return nil }
        func positive(_ key: String, _ usual: Int) -> Int {
            node?[key]?.count.flatMap { $0 > 0 ? $0 : nil } ?? usual
        }
        self.handler = handler
        initialDelay = .seconds(positive("initialDelaySeconds", 0))
        timeout = .seconds(positive("timeoutSeconds", 1))
        period = .seconds(positive("periodSeconds", 10))
        successThreshold = positive("successThreshold", 1)
        failureThreshold = positive("failureThreshold", 3)
        terminationGracePeriod = node?["terminationGracePeriodSeconds"]?.seconds.map { max($0, .zero) }
    }
}

extension PodSpec {
    /// The same, where containers without startup and readiness probes have begun only when their first port is open.
    ///
    /// Kubernetes takes such a container for ready at once, and requests fail until it listens.
    package var awaitingOpenPorts: PodSpec {
        var spec = self
        for index in spec.containers.indices {
            let container = spec.containers[index]
            guard container.startupProbe == nil, container.readinessProbe == nil,
                let port = container.ports.first
            else { continue }
            spec.containers[index].startupProbe = Probe(untilOpen: port)
        }
        return spec
    }
}

extension Probe {
    /// Asks often, and for as long as it takes.
    fileprivate init(untilOpen port: ContainerSpec.Port) {
        handler = .tcpSocket(.number(port.number), host: nil)
        initialDelay = .zero
        timeout = .seconds(1)
        period = .milliseconds(100)
        successThreshold = 1
        failureThreshold = .max
        isImplied = true
    }
}
