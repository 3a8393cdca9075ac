// SPDX-License-Identifier: Apache-2.0

import CanaryJudge
import CanaryResources
import CanarySystem

/// A metric of a rollout, as it is asked at one moment. Asking takes its time.
struct MetricQuestion: Sendable {
    let metric: RolloutMetric
    let scene: RolloutScene
    /// The controller's.
    let environment: [String: String]

    /// - Parameter deadline: in milliseconds of the monotonic clock.
    func answer(deadline: Int64, cancelledBy cancellation: EventDescriptor) -> GateAnswer {
        let limits = Limits(deadline: deadline, cancellation: cancellation)
        do throws(Silence) {
            switch metric.source {
            case .http(let url, let metadata): return try pass(url, metadata, limits)
            case .command(let words) where metric.bounds.isEmpty && metric.comparison == nil:
                return try succeed(words, limits)
            default: return try numbers(limits).answer(within: metric.bounds, comparison: metric.comparison)
            }
        } catch {
            return .silent(error.reason)
        }
    }

    /// Nothing that could be good or bad.
    private struct Silence: Error {
        let reason: String
    }

    private struct Limits {
        let deadline: Int64
        let cancellation: EventDescriptor
    }

    // MARK: - Numbers

    private func numbers(_ limits: Limits) throws(Silence) -> MetricNumbers {
        let canary = try number(of: scene.canary, limits)
        guard metric.comparison != nil else { return MetricNumbers(canary: canary) }
        return MetricNumbers(canary: canary, stable: try number(of: scene.stable, limits))
    }

    private func number(of version: String, _ limits: Limits) throws(Silence) -> Double {
        switch metric.source {
        case .prometheus(let address, let query):
            return try sample(
                fill(address, version),
                fill(query, version),
                limits
            )
        case .command(let words): return try printed(words, version, limits)
        case .http, nil: throw Silence(reason: "it has no number")
        }
    }

    private func fill(_ text: String, _ version: String) -> String {
        Placeholders.fill(text, scene.values(of: version))
    }

    private func sample(_ address: String, _ query: String, _ limits: Limits) throws(Silence) -> Double {
        let url = try url(address).appending(path: "/api/v1/query", query: [("query", query)])
        let answer = try ask(HTTPRequest(url), limits)
        do {
            return try PrometheusAnswer.number(of: answer)
        } catch {
            throw Silence(reason: error.reason)
        }
    }

    // MARK: - HTTP

    private func url(_ text: String) throws(Silence) -> HTTPURL {
        guard let url = HTTPURL(text) else { throw Silence(reason: "\"\(text)\" is no address of HTTP") }
        return url
    }

    private func ask(_ request: HTTPRequest, _ limits: Limits) throws(Silence) -> HTTPAnswer {
        do {
            return try HTTPClient.answer(
                to: request,
                deadline: limits.deadline,
                cancelledBy: limits.cancellation
            )
        } catch {
            throw Silence(reason: error.reason)
        }
    }

    private func pass(
        _ address: String,
        _ metadata: [String: String],
        _ limits: Limits
    ) throws(Silence) -> GateAnswer {
        let filled = metadata.mapValues { fill($0, scene.canary) }
        let body = scene.message(filled.merging(["metric": metric.name]) { given, _ in given })
        let answer = try ask(HTTPRequest(try url(fill(address, scene.canary)), body: body), limits)
        return answer.isGood ? .passed : .failed(answer.sentence)
    }

    // MARK: - Commands

    private func run(_ words: [String], _ version: String, _ limits: Limits) throws(Silence) -> CommandRun {
        let run = CommandRun(
            words.map { fill($0, version) },
            environment: environment.merging(scene.variables(of: version)) { $1 },
            deadline: limits.deadline,
            cancelledBy: limits.cancellation
        )
        if case .exited = run.end { return run }
        throw Silence(reason: run.sentence)
    }

    private func succeed(_ words: [String], _ limits: Limits) throws(Silence) -> GateAnswer {
        let run = try run(words, scene.canary, limits)
        return run.end == .exited(0) ? .passed : .failed(run.sentence)
    }

    private func printed(_ words: [String], _ version: String, _ limits: Limits) throws(Silence) -> Double {
        let run = try run(words, version, limits)
        guard run.end == .exited(0) else { throw Silence(reason: run.sentence) }
        let text = String(decoding: run.output, as: UTF8.self).trimmingBlanks
        guard let number = Double(text) else {
            throw Silence(
                reason: text.isEmpty ? "it prints nothing" : "it prints no number: \(OthersText.line(text))"
            )
        }
        return number
    }
}
