// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// Reads lines of access logs: canaryctl's, Envoy's default text (with what Istio adds to it), nginx's and Apache's common and combined
/// ones with any fields behind them, and JSON objects with Envoy's or nginx's names. Each line may be of another form.
struct AccessLogParser: Sendable {
    private let versions: LogVersions
    private let versionField: LogField?
    private let durationField: LogField?
    private let errors: ErrorStatuses
    private let json: JSONLineParser
    private var fields = LogFields()

    init(
        _ versions: LogVersions,
        versionField: LogField? = nil,
        durationField: LogField? = nil,
        errors: ErrorStatuses = .usual
    ) {
        self.versions = versions
        self.errors = errors
        self.versionField = versionField
        self.durationField = durationField
        json = JSONLineParser(versionField, durationField)
    }

    mutating func parse(_ bytes: Span<UInt8>, _ line: Range<Int>) -> LoggedLine {
        if bytes[line.lowerBound] == UInt8(ascii: "{") {
            return json.parse(bytes, line).map { request(bytes, $0) } ?? .fault(.notJSON)
        }
        guard fields.read(bytes, line) else { return .fault(.unended) }
        var found = FoundValues()
        if let fault = bytes[line.lowerBound] == UInt8(ascii: "[")
            ? findEnvoys(bytes, &found) : findCommons(bytes, &found)
        {
            return .fault(fault)
        }
        return request(bytes, found)
    }

    private func request(_ bytes: Span<UInt8>, _ found: FoundValues) -> LoggedLine {
        guard let time = found.time, let second = LogTime.seconds(bytes, time) else { return .fault(.noTime) }
        guard let status = found.status.flatMap({ bytes.number($0) }), status < 1000 else {
            return .fault(.noStatus)
        }
        if found.isConnection { return .other }
        if let missing = found.missing { return .fault(.noField(missing, of: found.fieldCount)) }
        guard var version = found.version else { return .fault(.noVersion) }
        // nginx tells the addresses of all tries, with commas.
        var isTriedAgain = false
        if let comma = bytes.firstIndex(of: UInt8(ascii: ","), in: version) {
            version = version.lowerBound..<comma
            isTriedAgain = true
        }
        let arm = versions.arm(bytes, version)
        guard arm != .other else { return .other }
        let flags = found.flags.map { bytes.text($0) } ?? "-"
        let isAbandoned = status == 499 || status == 0 && flags == "DC"
        var answer = RouteEvidence.Answer(status: Int(status), flag: flags)
        answer.grpcStatus = found.grpcStatus.flatMap { bytes.number($0) }.flatMap { Int(exactly: $0) }
        return .request(
            LoggedRequest(
                second: second,
                isCanary: arm == .canary,
                isError: isTriedAgain || !isAbandoned && errors.contains(answer),
                isAbandoned: isAbandoned,
                nanoseconds: found.duration.flatMap { Self.nanoseconds(bytes, $0) }
            )
        )
    }

    /// Whole numbers are milliseconds, as Envoy writes them; those with a point seconds, as nginx does.
    static func nanoseconds(_ bytes: Span<UInt8>, _ range: Range<Int>) -> UInt64? {
        guard let point = bytes.firstIndex(of: UInt8(ascii: "."), in: range) else {
            guard let milliseconds = bytes.number(range), milliseconds < 1 << 40 else { return nil }
            return milliseconds * 1_000_000
        }
        let fraction = point + 1..<min(range.upperBound, point + 10)
        guard let seconds = bytes.number(range.lowerBound..<point), seconds < 1 << 30,
            let digits = bytes.number(fraction)
        else { return nil }
        let scale = (fraction.count..<9).reduce(UInt64(1)) { product, _ in product * 10 }
        return seconds * 1_000_000_000 + digits * scale
    }

    // MARK: - Envoy's and ours

    /// `[time] "GET / HTTP/1.1" status flags received sent ms service-time "xff" "ua" "id" "authority" "upstream"`; Istio's has three
    /// fields behind the flags and more behind the upstream, of which the first is its cluster; ours has no service time,
    /// and at the end the number of the process, and `grpc_status=N` where a gRPC client asked.
    private func findEnvoys(_ bytes: Span<UInt8>, _ found: inout FoundValues) -> LogFault? {
        let fields = fields.fields
        guard fields.count >= 13 else { return .fieldCount(fields.count) }
        let isIstios = bytes.number(fields[4].range) == nil
        let durationIndex = isIstios ? 9 : 6
        let isOurs = !isIstios && fields[7].form == .quoted
        let upstream = durationIndex + (isOurs ? 5 : 6)
        let status = Array("grpc_status=".utf8)
        let hasStatus =
            isOurs && fields.count == 14 && fields[13].form == .plain
            && bytes.hasPrefix(fields[13].range, status)
        if hasStatus {
            found.grpcStatus = fields[13].range.lowerBound + status.count..<fields[13].range.upperBound
        }
        // A quote in a header, which Envoy does not escape, makes fields of its own.
        let isWhole =
            isIstios
            ? fields.count >= 17 && fields[upstream].form == .quoted
                && fields[upstream + 1].form == .plain
            : fields.count == (hasStatus ? 14 : 13)
        guard isWhole else { return .fieldCount(fields.count) }
        (found.time, found.status, found.flags) = (fields[0].range, fields[2].range, fields[3].range)
        found.duration = fields[durationIndex].range
        found.version = fields[upstream].range
        if isIstios, let subset = Self.subset(bytes, fields[upstream + 1].range) { found.version = subset }
        found.isConnection = bytes.hasPrefix(fields[1].range, Array("- - ".utf8))
        findNamed(bytes, &found)
        return nil
    }

    /// The third part of `outbound|80|v2|reviews.default.svc.cluster.local`; `nil` without.
    static func subset(_ bytes: Span<UInt8>, _ cluster: Range<Int>) -> Range<Int>? {
        let bar = UInt8(ascii: "|")
        guard let first = bytes.firstIndex(of: bar, in: cluster),
            let second = bytes.firstIndex(of: bar, in: first + 1..<cluster.upperBound),
            let third = bytes.firstIndex(of: bar, in: second + 1..<cluster.upperBound), third > second + 1
        else { return nil }
        return second + 1..<third
    }

    // MARK: - nginx's and Apache's

    /// `address - user [time] "GET / HTTP/1.1" status bytes`, and what was added to it.
    private func findCommons(_ bytes: Span<UInt8>, _ found: inout FoundValues) -> LogFault? {
        let fields = fields.fields
        // A user may have blanks.
        guard let time = fields.firstIndex(where: { $0.form == .bracketed }) else { return .noTime }
        guard time + 2 < fields.count, fields[time + 1].form == .quoted else { return .noStatus }
        (found.time, found.status) = (fields[time].range, fields[time + 2].range)
        // What is in quotes a client can have sent.
        found.version =
            fields.dropFirst(time + 4).first { field in
                field.form == .plain && versions.arm(bytes, field.range) == .canary
            }?.range
        findNamed(bytes, &found)
        return nil
    }

    // MARK: - Fields that were named

    private func findNamed(_ bytes: Span<UInt8>, _ found: inout FoundValues) {
        found.fieldCount = fields.fields.count
        if let versionField {
            found.version = value(versionField, bytes)
            if found.version == nil { found.missing = versionField }
        }
        if let durationField {
            found.duration = value(durationField, bytes)
            if found.duration == nil { found.missing = durationField }
        }
    }

    private func value(_ field: LogField, _ bytes: Span<UInt8>) -> Range<Int>? {
        switch field {
        case .number(let number):
            return fields.fields.indices.contains(number - 1) ? fields.fields[number - 1].range : nil
        case .name(let name):
            let prefix = Array("\(name)=".utf8)
            let field = fields.fields.first { $0.form == .plain && bytes.hasPrefix($0.range, prefix) }
            guard var range = field.map({ $0.range.lowerBound + prefix.count..<$0.range.upperBound }) else {
                return nil
            }
            let quote = UInt8(ascii: "\"")
            if range.count >= 2, bytes[range.lowerBound] == quote, bytes[range.upperBound - 1] == quote {
                range = range.lowerBound + 1..<range.upperBound - 1
            }
            return range
        }
    }
}

/// Where in a line its parts are.
struct FoundValues {
    var time: Range<Int>?
    var status: Range<Int>?
    /// gRPC's, a number.
    var grpcStatus: Range<Int>?
    var flags: Range<Int>?
    var duration: Range<Int>?
    var version: Range<Int>?
    /// A field that was named and is not there.
    var missing: LogField?
    /// `nil` where it is no text.
    var fieldCount: Int?
    /// A TCP connection's line.
    var isConnection = false
}
