// SPDX-License-Identifier: Apache-2.0

package import CanaryMesh

extension MatchCondition {
    package func holds(for facts: RequestFacts) -> Bool {
        switch subject {
        case .path: accepts(facts.path) != isInverted
        case .target: facts.withTarget(accepts) != isInverted
        case .method: accepts(facts.method) != isInverted
        case .scheme: accepts(facts.scheme) != isInverted
        case .authority: accepts(facts.authority) != isInverted
        case .query: facts.queryParameter(name).map(accepts) ?? false
        case .header: headerHolds(facts)
        }
    }

    /// Whether a text passes the test, whatever the condition is about and whether it is inverted.
    func accepts(_ text: ByteSlice) -> Bool {
        switch test {
        case .present: true
        case .exact: ignoresCase ? text.equalsIgnoringCase(value) : text.equals(value)
        case .prefix: ignoresCase ? text.hasPrefixIgnoringCase(value) : text.hasPrefix(value)
        case .regex: unsafe regex.map { unsafe RegularExpression.matchesWhole($0, text) } ?? false
        }
    }

    /// Repeated headers are compared as one, joined with a comma (cookies with a semicolon, RFC 9113, 8.2.3). For an
    /// inverted condition a missing header counts as an empty one, unless the condition is mere presence.
    private func headerHolds(_ facts: RequestFacts) -> Bool {
        guard let (index, first) = facts.header(name) else {
            guard isInverted else { return false }
            return unsafe test == .present || !accepts(ByteSlice(base: name.base, count: 0))
        }
        if test == .present { return !isInverted }
        guard facts.header(name, from: index + 1) != nil else { return accepts(first) != isInverted }
        return joinedHeaderIsAccepted(facts) != isInverted
    }

    private func joinedHeaderIsAccepted(_ facts: RequestFacts) -> Bool {
        let isCookie = name.count == 6 && name.equalsIgnoringCase(Self.cookie)
        let separator = isCookie ? Self.semicolon : Self.comma
        var size = 0
        var next = 0
        while let (index, value) = facts.header(name, from: next) {
            size += value.count + separator.count
            next = index + 1
        }
        return unsafe withUnsafeTemporaryAllocation(of: UInt8.self, capacity: max(size, 1)) { scratch in
            var length = 0
            var next = 0
            while let (index, value) = facts.header(name, from: next) {
                for byte in next == 0 ? ByteSlice() : separator {
                    unsafe scratch[length] = byte
                    length += 1
                }
                for byte in value {
                    unsafe scratch[length] = byte
                    length += 1
                }
                next = index + 1
            }
            return unsafe accepts(
                ByteSlice(base: scratch.baseAddress.map { unsafe UnsafePointer($0) }, count: length)
            )
        }
    }

    private static var cookie: ByteSlice { ByteSlice("cookie") }
    private static var comma: ByteSlice { ByteSlice(",") }
    private static var semicolon: ByteSlice { ByteSlice("; ") }
}

extension ByteSlice {
    func trimmed() -> ByteSlice {
        var start = 0
        var end = count
        while start < end, self[start] == 0x20 || self[start] == 0x09 { start += 1 }
        while end > start, self[end - 1] == 0x20 || self[end - 1] == 0x09 { end -= 1 }
        return slice(start, end)
    }
}

extension RequestFacts {
    /// Calls `body` with path and query as one text.
    func withTarget(_ body: (ByteSlice) -> Bool) -> Bool {
        guard !query.isMissing else { return body(path) }
        let size = path.count + 1 + query.count
        return unsafe withUnsafeTemporaryAllocation(of: UInt8.self, capacity: size) { scratch in
            var length = 0
            for part in [path, ByteSlice("?"), query] {
                for byte in part {
                    unsafe scratch[length] = byte
                    length += 1
                }
            }
            return unsafe body(
                ByteSlice(base: scratch.baseAddress.map { unsafe UnsafePointer($0) }, count: length)
            )
        }
    }

    /// The first value of a query parameter, as it was sent; empty for `?key` and `?key=`, `nil` where there is none.
    package func queryParameter(_ name: ByteSlice) -> ByteSlice? {
        var start = 0
        while start < query.count {
            let end = query.firstIndex(of: UInt8(ascii: "&"), from: start) ?? query.count
            let pair = query.slice(start, end)
            let equals = pair.firstIndex(of: UInt8(ascii: "=")) ?? pair.count
            if pair.slice(0, equals).equals(name) { return pair.from(equals + 1) }
            start = end + 1
        }
        return nil
    }

    /// The value of a cookie (RFC 6265, 5.4: pairs separated by semicolons), quotes included; `nil` where there is none.
    func cookie(_ name: ByteSlice) -> ByteSlice? {
        var next = 0
        while let (index, header) = header(ByteSlice("cookie"), from: next) {
            var start = 0
            while start < header.count {
                let end = header.firstIndex(of: UInt8(ascii: ";"), from: start) ?? header.count
                let pair = header.slice(start, end).trimmed()
                if let equals = pair.firstIndex(of: UInt8(ascii: "=")), pair.slice(0, equals).equals(name) {
                    return pair.from(equals + 1)
                }
                start = end + 1
            }
            next = index + 1
        }
        return nil
    }

    /// What identifies the user; empty where the request lacks it. A cookie that the proxy makes has the value that is made
    /// for this request.
    package func userKey(_ key: HashKeyRecord) -> ByteSlice {
        switch key.source {
        case .none: ByteSlice()
        case .header: header(key.name)?.value ?? ByteSlice()
        case .cookie: lacksCookie(key) ? generatedKey : cookieValue(key.name)
        case .queryParameter: queryParameter(key.name) ?? ByteSlice()
        case .sourceAddress: sourceAddress
        }
    }
}
