// SPDX-License-Identifier: Apache-2.0

import CanaryNode
import CanaryResources
import CanaryRollout
import CanarySystem
import Synchronization

/// Asks pods over the network, each question in a thread of its own: one that gets no answer keeps no other waiting.
final class PodProbes: Sendable {
    private let mailbox: NodeMailbox
    private let underWay = Mutex(0)

    /// More questions at once are answered by a failure: somebody declared more probes than a machine can ask.
    private static let mostAtOnce = 256

    init(_ mailbox: NodeMailbox) {
        self.mailbox = mailbox
    }

    func ask(_ question: NetworkQuestion, for pod: ResourceKey) {
        let count = underWay.withLock { count in
            count += 1
            return count
        }
        let thread =
            count > Self.mostAtOnce
            ? nil
            : Thread(name: "probe") { [self] in
                answer(question, for: pod, Self.failure(question))
            }
        thread?.detach()
        if thread == nil { answer(question, for: pod, "too many probes are under way") }
    }

    private func answer(_ question: NetworkQuestion, for pod: ResourceKey, _ failure: String?) {
        underWay.withLock { $0 -= 1 }
        mailbox.put(.answered(pod, question.question, failure: failure))
    }

    /// What is wrong, in kubelet's words; `nil` for nothing.
    private static func failure(_ question: NetworkQuestion) -> String? {
        let deadline = Clock.monotonicMilliseconds() + Int64(question.question.milliseconds)
        let authority = question.host.contains(":") ? "[\(question.host)]" : question.host
        do throws(HTTPFailure) {
            switch question.kind {
            case .grpc(let service):
                guard let url = HTTPURL("http://\(authority):\(question.port)/") else {
                    return "there is no such host"
                }
                return GRPCHealthClient.problem(url, service: service, deadline: deadline)
            case .connect:
                guard let url = HTTPURL("http://\(authority):\(question.port)/") else {
                    return "there is no such host"
                }
                try HTTPClient.reach(url, deadline: deadline)
                return nil
            case .http(let path, let headers, let isTLS):
                let scheme = isTLS ? "https" : "http"
                guard let url = HTTPURL("\(scheme)://\(authority):\(question.port)\(path)") else {
                    return "its path is no target of a request: \(path)"
                }
                let answer = try HTTPClient.answer(to: HTTPRequest(url, headers: headers), deadline: deadline)
                return (200..<400).contains(answer.status)
                    ? nil : "HTTP probe failed with statuscode: \(answer.status)"
            }
        } catch {
            return error.reason
        }
    }
}
