// SPDX-License-Identifier: Apache-2.0

package import CanaryResources

/// Reads an access log piece by piece, in as much memory as one line takes. Lines that cannot be used are counted, and the first ones
/// are kept for people.
package struct AccessLogReader: Sendable {
    package static let longestLine = 65_536
    /// How many faults are kept.
    package static let mostFaults = 10

    private var parser: AccessLogParser
    /// The beginning of a line whose end has not come.
    private var rest: [UInt8] = []
    private var isSkipping = false

    /// All lines but empty ones.
    package private(set) var lines = 0
    /// The number of the last line, empty ones counted.
    private var number = 0
    package private(set) var requests = 0
    /// Lines of other versions, of none, and of no requests.
    package private(set) var others = 0
    package private(set) var faultCount = 0
    package private(set) var faults: [(line: Int, fault: LogFault)] = []

    package init(
        _ versions: LogVersions,
        versionField: LogField? = nil,
        durationField: LogField? = nil,
        errors: ErrorStatuses = .usual
    ) {
        parser = AccessLogParser(
            versions,
            versionField: versionField,
            durationField: durationField,
            errors: errors
        )
    }

    /// - Parameter use: gets the requests of both versions, in the order of the log.
    package mutating func read(_ piece: [UInt8], _ use: (LoggedRequest) -> Void) {
        let bytes = piece.span
        var start = 0
        while start < bytes.count {
            guard let end = bytes.firstIndex(of: UInt8(ascii: "\n"), in: start..<bytes.count) else {
                keep(bytes, start..<bytes.count)
                return
            }
            if rest.isEmpty, !isSkipping {
                take(bytes, start..<end, use)
            } else {
                keep(bytes, start..<end)
                endKept(use)
            }
            start = end + 1
        }
    }

    /// The log has ended; its last line may have no line feed.
    package mutating func finish(_ use: (LoggedRequest) -> Void) {
        if !rest.isEmpty || isSkipping { endKept(use) }
    }

    private mutating func keep(_ bytes: Span<UInt8>, _ range: Range<Int>) {
        guard !isSkipping else { return }
        guard rest.count + range.count <= Self.longestLine else {
            rest = []
            isSkipping = true
            return
        }
        for index in range { rest.append(bytes[index]) }
    }

    private mutating func endKept(_ use: (LoggedRequest) -> Void) {
        if isSkipping {
            number += 1
            lines += 1
            note(.tooLong)
        } else {
            let line = rest
            take(line.span, 0..<line.count, use)
        }
        rest.removeAll(keepingCapacity: true)
        isSkipping = false
    }

    private mutating func take(_ bytes: Span<UInt8>, _ line: Range<Int>, _ use: (LoggedRequest) -> Void) {
        number += 1
        var line = line
        if let last = line.last, bytes[last] == UInt8(ascii: "\r") { line = line.lowerBound..<last }
        guard !line.isEmpty else { return }
        lines += 1
        guard line.count <= Self.longestLine else { return note(.tooLong) }
        switch parser.parse(bytes, line) {
        case .request(let request):
            requests += 1
            use(request)
        case .other: others += 1
        case .fault(let fault): note(fault)
        }
    }

    private mutating func note(_ fault: LogFault) {
        faultCount += 1
        if faults.count < Self.mostFaults { faults.append((number, fault)) }
    }
}
