// SPDX-License-Identifier: Apache-2.0

/// A request as a line of an access log tells it.
package struct LoggedRequest: Sendable, Equatable {
    /// Since 1970, UTC.
    package var second: Int64
    package var isCanary: Bool
    /// Whether the version is to blame: 5xx, resets and timeouts. Of a request that was tried again, the first try counts.
    package var isError: Bool
    /// Whether the client went away first: how long the answer would have taken nobody knows.
    package var isAbandoned: Bool
    /// `nil` where the line does not tell.
    package var nanoseconds: UInt64?

    package init(
        second: Int64,
        isCanary: Bool,
        isError: Bool = false,
        isAbandoned: Bool = false,
        nanoseconds: UInt64? = nil
    ) {
        self.second = second
        self.isCanary = isCanary
        self.isError = isError
        self.isAbandoned = isAbandoned
        self.nanoseconds = nanoseconds
    }
}

/// What a line turned out to be.
enum LoggedLine: Equatable {
    case request(LoggedRequest)
    /// Of neither version, or no request.
    case other
    case fault(LogFault)
}

/// Why a line of an access log cannot be used.
package enum LogFault: Sendable, Hashable {
    case tooLong
    case unended
    case noTime
    case noStatus
    case notJSON
    case fieldCount(Int)
    /// - Parameter count: how many a line of text has.
    case noField(LogField, of: Int?)
    case noVersion
}

extension LogFault: CustomStringConvertible {
    package var description: String {
        switch self {
        case .tooLong: "it is longer than \(AccessLogReader.longestLine) bytes"
        case .unended: "a quote or bracket does not end: the line may be cut off"
        case .noTime: "it has no time in brackets, as lines of Envoy, nginx and canaryctl have"
        case .noStatus: "it has no status behind the request"
        case .notJSON: "it is no JSON object: the line may be cut off"
        case .fieldCount(let count): "it has \(count) fields, which is no form of Envoy's or canaryctl's"
        case .noField(.number(let number), let count):
            "it has no field \(number)" + (count.map { ": its fields are 1 to \($0)" } ?? "")
        case .noField(.name(let name), _): "it has no \"\(name)\""
        case .noVersion: "nothing in it tells the version"
        }
    }
}

/// Where in a line something is.
package enum LogField: Sendable, Hashable {
    /// In text, counted from 1; what is in quotes or brackets is one field.
    case number(Int)
    /// A key in JSON, `NAME=` in text.
    case name(String)

    /// `nil` for what can be neither.
    package init?(_ text: String) {
        if let number = Int(text) {
            guard number > 0 else { return nil }
            self = .number(number)
        } else if !text.isEmpty {
            self = .name(text)
        } else {
            return nil
        }
    }
}
