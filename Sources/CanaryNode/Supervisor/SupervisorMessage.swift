// SPDX-License-Identifier: Apache-2.0

/// How a process ended.
package enum ProcessEnd: Hashable, Sendable {
    case exited(Int32)
    case signaled(Int32)

    /// The status as `waitpid(2)` gives it, of a process that ended.
    init(waitStatus status: Int32) {
        let signal = status & 0x7f
        self = signal == 0 ? .exited(status >> 8 & 0xff) : .signaled(signal)
    }
}

/// Why a process could not be started.
package struct LaunchFailure: Error, Hashable, Sendable {
    package enum Step: String, Sendable {
        /// No file of this name is there, or none that may be run.
        case find
        case fork
        case joinGroup
        case becomeUser
        case changeDirectory
        case execute
    }

    package var step: Step
    /// The system's `errno`.
    package var number: Int32

    package init(_ step: Step, _ number: Int32) {
        self.step = step
        self.number = number
    }
}

/// What a node asks of a supervisor.
package enum SupervisorOrder: Hashable, Sendable {
    /// To send a signal to the container's first process.
    case signal(Int32)
    /// To run a command beside the container, and to kill it when the time is over.
    case execute(id: Int, milliseconds: Int, command: [String])
    /// To kill all processes of the container.
    case kill
    /// To kill them, since they take more memory than they may.
    case endForMemory
}

/// What a supervisor says to its node.
package enum SupervisorReport: Hashable, Sendable {
    case started(pid: Int32)
    case failed(LaunchFailure)
    /// A tool did not make or start the container: the status' word, and what it said.
    case refused(reason: String, message: String)
    /// The first process ended, and none of its descendants is left.
    case ended(ProcessEnd, outOfMemory: Bool)
    /// A command beside the container ended; `nil` if it took too long.
    ///
    /// - Parameter output: the beginning of what it wrote.
    case executed(id: Int, ProcessEnd?, output: String)
    case notExecuted(id: Int, LaunchFailure)
}

// A message is a datagram of words with a NUL behind each, which is in no argument, path or name of a variable.

extension SupervisorOrder {
    package var words: [String] {
        switch self {
        case .signal(let number): ["signal", "\(number)"]
        case .execute(let id, let milliseconds, let command):
            ["execute", "\(id)", "\(milliseconds)"] + command
        case .kill: ["kill"]
        case .endForMemory: ["memory"]
        }
    }

    package init?(words: [String]) {
        switch words.first {
        case "signal":
            guard words.count == 2, let number = Int32(words[1]) else { return nil }
            self = .signal(number)
        case "execute":
            guard words.count > 3, let id = Int(words[1]), let time = Int(words[2]) else { return nil }
            self = .execute(id: id, milliseconds: time, command: Array(words[3...]))
        case "kill": self = .kill
        case "memory": self = .endForMemory
        default: return nil
        }
    }
}

extension SupervisorReport {
    package var words: [String] {
        switch self {
        case .started(let pid): ["started", "\(pid)"]
        case .failed(let failure): ["failed"] + failure.words
        case .refused(let reason, let message): ["refused", reason, message]
        case .ended(let end, let outOfMemory): ["ended"] + end.words + (outOfMemory ? ["memory"] : [])
        case .executed(let id, let end, let output):
            ["executed", "\(id)", output] + (end?.words ?? [])
        case .notExecuted(let id, let failure): ["not executed", "\(id)"] + failure.words
        }
    }

    package init?(words: [String]) {
        switch words.first {
        case "started":
            guard words.count == 2, let pid = Int32(words[1]) else { return nil }
            self = .started(pid: pid)
        case "failed":
            guard let failure = LaunchFailure(words: words.dropFirst()) else { return nil }
            self = .failed(failure)
        case "refused":
            guard words.count == 3 else { return nil }
            self = .refused(reason: words[1], message: words[2])
        case "ended":
            guard words.count >= 3, let end = ProcessEnd(words: words[1...2]) else { return nil }
            self = .ended(end, outOfMemory: words.count > 3)
        case "executed":
            guard words.count >= 3, let id = Int(words[1]) else { return nil }
            self = .executed(id: id, ProcessEnd(words: words[3...]), output: words[2])
        case "not executed":
            guard words.count == 4, let id = Int(words[1]), let failure = LaunchFailure(words: words[2...])
            else { return nil }
            self = .notExecuted(id: id, failure)
        default: return nil
        }
    }
}

extension ProcessEnd {
    fileprivate var words: [String] {
        switch self {
        case .exited(let status): ["exit", "\(status)"]
        case .signaled(let signal): ["signal", "\(signal)"]
        }
    }

    fileprivate init?(words: ArraySlice<String>) {
        guard words.count == 2, let number = words.last.flatMap({ Int32($0) }) else { return nil }
        self = words.first == "exit" ? .exited(number) : .signaled(number)
    }
}

extension LaunchFailure {
    fileprivate var words: [String] { [step.rawValue, "\(number)"] }

    fileprivate init?(words: ArraySlice<String>) {
        guard words.count == 2, let step = words.first.flatMap({ Step(rawValue: $0) }),
            let number = words.last.flatMap({ Int32($0) })
        else { return nil }
        self.init(step, number)
    }
}
