// SPDX-License-Identifier: Apache-2.0

/// Delays and aborts that a route injects. Each is drawn independently for a request, the delay first.
package struct HTTPFault: Hashable, Sendable {
    package struct Delay: Hashable, Sendable {
        package var duration: Duration
        /// Of the route's requests; 0 where the manifest gives none.
        package var percentage: Percentage
    }

    package struct Abort: Hashable, Sendable {
        package enum Status: Hashable, Sendable {
            case http(Int)
            /// A name or number of gRPC; the HTTP status is 200.
            case grpc(String)
        }

        package var status: Status
        /// Of the route's requests; 0 where the manifest gives none.
        package var percentage: Percentage
    }

    /// `nil` also for an `exponentialDelay`, which Istio leaves out.
    package var delay: Delay?
    /// `nil` also for an `http2Error`, which Istio leaves out.
    package var abort: Abort?

    init(_ node: Node) {
        delay = node["delay"].flatMap(Delay.init)
        abort = node["abort"].flatMap(Abort.init)
    }
}

extension HTTPFault.Delay {
    fileprivate init?(_ node: Node) {
        guard let duration = Duration(node["fixedDelay"]) else { return nil }
        self.duration = duration
        percentage = Percentage(istio: node["percentage"]) ?? Percentage(whole: node["percent"]) ?? .zero
    }
}

extension HTTPFault.Abort {
    fileprivate init?(_ node: Node) {
        if let status = node["httpStatus"]?.integer {
            self.status = .http(Int(status))
        } else if let status = node["grpcStatus"]?.string {
            self.status = .grpc(status)
        } else {
            return nil
        }
        percentage = Percentage(istio: node["percentage"]) ?? .zero
    }
}

extension Percentage {
    /// Istio's `Percent`: `value` between 0 and 100, of which Envoy keeps four decimals; 0 where it is left out.
    /// `nil` where there is no such message.
    init?(istio node: Node?) {
        guard let node else { return nil }
        let value = node["value"]?.number ?? 0
        self.init(millionths: value > 0 ? Int(min(value, 100) * 10_000) : 0)
    }

    /// Istio's older whole numbers of percent.
    init?(whole node: Node?) {
        guard let value = node?.integer else { return nil }
        self.init(millionths: Int(min(max(value, 0), 100)) * 10_000)
    }
}
