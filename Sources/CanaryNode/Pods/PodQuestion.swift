// SPDX-License-Identifier: Apache-2.0

package import CanaryReplicas

/// A probe or a hook that was asked.
package struct PodQuestion: Hashable, Sendable {
    package enum Purpose: Hashable, Sendable {
        case probe(ContainerRun, ProbeKind)
        case hook(ContainerRun, LifecycleHook)
    }

    package var purpose: Purpose
    package var timeout: Duration

    var run: ContainerRun {
        switch purpose {
        case .probe(let run, _), .hook(let run, _): run
        }
    }

    package var milliseconds: Int {
        Int(timeout.components.seconds) * 1000 + Int(timeout.components.attoseconds / 1_000_000_000_000_000)
    }

    /// What a life hears of the answer.
    ///
    /// - Parameter failure: what went wrong; `nil` for nothing.
    func input(_ failure: String?) -> PodInput {
        switch purpose {
        case .probe(let run, let kind):
            .probed(run, kind, isSuccess: failure == nil, message: failure ?? "")
        case .hook(let run, let hook): .hookEnded(run, hook, failure: failure)
        }
    }
}

/// A question to a port of a pod.
package struct NetworkQuestion: Hashable, Sendable {
    package enum Kind: Hashable, Sendable {
        case http(path: String, headers: [[String]], isTLS: Bool)
        case connect
        case grpc(service: String)
    }

    package var question: PodQuestion
    package var host: String
    package var port: Int
    package var kind: Kind

    /// `nil` for a port that the container does not have, and for what does not go over the network.
    init?(_ question: PodQuestion, _ handler: ProbeHandler, _ container: ContainerSpec, _ context: PodContext)
    {
        let reference: PortReference
        var host = context.address
        switch handler {
        case .httpGet(let get):
            reference = get.port
            host = get.host ?? host
            kind = .http(path: get.path, headers: get.headers, isTLS: get.isTLS)
        case .tcpSocket(let port, let other):
            reference = port
            host = other ?? host
            kind = .connect
        case .grpc(let port, let service):
            reference = .number(port)
            kind = .grpc(service: service)
        case .exec, .sleep: return nil
        }
        guard let port = context.port(reference, of: container) else { return nil }
        self.port = port
        self.host = host
        self.question = question
    }
}
