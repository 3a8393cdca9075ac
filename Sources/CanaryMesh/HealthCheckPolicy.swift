// SPDX-License-Identifier: Apache-2.0

package import CanaryResources

/// How a proxy finds out by itself whether the endpoints of a Service answer, as the Service's annotations ask for it. Fields and
/// defaults are those of a readiness probe in Kubernetes.
package struct HealthCheckPolicy: Hashable, Sendable {
    package enum Kind: Hashable, Sendable {
        /// A connection stands.
        case tcp
        /// A GET of this path is answered with a status from 200 to 399.
        case http(path: String)
    }

    /// An annotation whose value means nothing.
    package struct Problem: Error {
        package var annotation: String
        package var message: String
    }

    /// `tcp`, or `http:` and a path; the others without this one mean nothing.
    package static let annotation = "canaryctl.dev/health-check"
    package static let interval = "canaryctl.dev/health-check-interval"
    package static let timeout = "canaryctl.dev/health-check-timeout"
    package static let healthyThreshold = "canaryctl.dev/health-check-healthy-threshold"
    package static let unhealthyThreshold = "canaryctl.dev/health-check-unhealthy-threshold"
    /// Those that mean nothing without ``annotation``.
    package static let details = [interval, timeout, healthyThreshold, unhealthyThreshold]

    package var kind: Kind
    package var intervalMilliseconds: Int64 = 10_000
    package var timeoutMilliseconds: Int64 = 1000
    /// So many checks in a row must succeed for an endpoint that failed to be ready again.
    package var healthyThreshold = 1
    /// So many in a row must fail for one that was ready not to be any more.
    package var unhealthyThreshold = 3

    package init(_ kind: Kind) { self.kind = kind }

    /// `nil` where no check is asked for.
    package init?(_ annotations: [String: String]) throws(Problem) {
        guard let text = annotations[Self.annotation] else { return nil }
        guard let kind = Kind(text) else {
            throw Problem(
                annotation: Self.annotation,
                message: "\"\(text)\" is neither \"tcp\" nor \"http:\" and a path"
            )
        }
        self.kind = kind
        intervalMilliseconds = try Self.time(annotations, Self.interval) ?? intervalMilliseconds
        timeoutMilliseconds = try Self.time(annotations, Self.timeout) ?? timeoutMilliseconds
        healthyThreshold = try Self.count(annotations, Self.healthyThreshold) ?? healthyThreshold
        unhealthyThreshold = try Self.count(annotations, Self.unhealthyThreshold) ?? unhealthyThreshold
    }

    private static func time(_ annotations: [String: String], _ name: String) throws(Problem) -> Int64? {
        guard let text = annotations[name] else { return nil }
        guard let time = Duration(goString: text), time >= .milliseconds(1), time <= .seconds(86_400) else {
            throw Problem(annotation: name, message: "\"\(text)\" is no time from 1ms to 24h, such as 5s")
        }
        return Int64(time.milliseconds)
    }

    private static func count(_ annotations: [String: String], _ name: String) throws(Problem) -> Int? {
        guard let text = annotations[name] else { return nil }
        guard let count = Int(text), 1...1000 ~= count else {
            throw Problem(annotation: name, message: "\"\(text)\" is no number from 1 to 1000")
        }
        return count
    }
}

extension HealthCheckPolicy.Kind {
    fileprivate init?(_ text: String) {
        if text == "tcp" {
            self = .tcp
            return
        }
        guard text.hasPrefix("http:/") else { return nil }
        let path = String(text.dropFirst(5))
        // A URL, whose host would be asked for as a path; what stands behind "#" is never sent.
        guard !path.hasPrefix("//"), !path.contains("#") else { return nil }
        // It becomes part of a request's first line.
        guard path.utf8.allSatisfy({ 0x21...0x7E ~= $0 }), path.utf8.count <= 2048 else { return nil }
        self = .http(path: path)
    }
}

/// An address that is to be checked, and how.
package struct HealthCheckTarget: Hashable, Sendable {
    package var address: EndpointAddress
    package var policy: HealthCheckPolicy
    /// The full name of the Service that asks for it.
    package var host: String

    package init(address: EndpointAddress, policy: HealthCheckPolicy, host: String) {
        self.address = address
        self.policy = policy
        self.host = host
    }
}

extension ClusterSnapshot {
    /// The addresses of a Service that are to be checked: those that are ready otherwise, each at every port. What does not speak
    /// HTTP there is only connected to. Names are left out: there may be many addresses behind them.
    package func healthChecks(of service: Resource) -> [HealthCheckTarget] {
        guard let policy = try? HealthCheckPolicy(service.metadata.annotations),
            let host = self.service(
                for: HostName.service(service.name, namespace: service.namespace),
                namespace: service.namespace
            )
        else { return [] }
        return host.ports.flatMap { port in
            var policy = policy
            if port.isOpaque || port.isHTTP2 { policy.kind = .tcp }
            return endpoints(of: host, port: port).filter { $0.isAnnounced && !$0.address.isName }.map {
                HealthCheckTarget(address: $0.address, policy: policy, host: host.host)
            }
        }
    }
}
