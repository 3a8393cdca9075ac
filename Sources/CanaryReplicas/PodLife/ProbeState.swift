// SPDX-License-Identifier: Apache-2.0

package enum ProbeKind: String, Sendable, CaseIterable {
    case startup = "Startup"
    case readiness = "Readiness"
    case liveness = "Liveness"
}

/// What the answers to a probe of a running container came to.
struct ProbeState: Hashable, Sendable {
    let probe: Probe
    /// What is believed: `nil` before enough answers agree.
    private(set) var isPassing: Bool?
    /// When it is asked next; `nil` while an answer is awaited.
    private(set) var due: TimePoint?
    private var lastAnswer: Bool?
    private var agreeing = 0
    private var asked: TimePoint

    init(_ probe: Probe, containerStart: TimePoint) {
        self.probe = probe
        due = containerStart + probe.initialDelay
        asked = containerStart
    }

    mutating func ask(at now: TimePoint) {
        due = nil
        asked = now
    }

    /// The next one comes a period after the last began, however long the answer took.
    mutating func hear(_ isSuccess: Bool, at now: TimePoint) {
        agreeing = lastAnswer == isSuccess ? agreeing + 1 : 1
        lastAnswer = isSuccess
        due = max(asked + probe.period, now)
        if agreeing >= (isSuccess ? probe.successThreshold : probe.failureThreshold) { isPassing = isSuccess }
    }
}
