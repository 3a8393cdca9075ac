// SPDX-License-Identifier: Apache-2.0

package import CanaryMesh

extension HashKeyRecord {
    /// Whether the proxy sets the cookie where a request lacks it.
    var makesCookie: Bool { source == .cookie && ttlMilliseconds >= 0 }

    /// Appends the value of `set-cookie`: `name="value"; Max-Age=60; Path=/; HttpOnly`, without `Max-Age` for a session's
    /// (Envoy's `Utility::makeSetCookieValue`).
    fileprivate func appendSetCookie(_ value: ByteSlice, to buffer: inout ByteBuffer) {
        buffer.append(name)
        buffer.append("=\"")
        buffer.append(value)
        buffer.append("\"")
        if ttlMilliseconds >= 1000 {
            buffer.append("; Max-Age=")
            buffer.append(decimal: UInt64(ttlMilliseconds / 1000))
        }
        if !path.isEmpty {
            buffer.append("; Path=")
            buffer.append(path)
        }
        buffer.append(attributes)
        buffer.append("; HttpOnly")
    }
}

extension DestinationRecord {
    var makesCookies: Bool { clusters.contains { $0.hashKey.makesCookie && $0.balancing == .hash } }
}

extension RequestFacts {
    /// Whether the proxy makes the cookie of a key for this request: an empty one counts as missing, as in Envoy.
    func lacksCookie(_ key: HashKeyRecord) -> Bool { key.makesCookie && cookieValue(key.name).isEmpty }

    /// The value of a cookie, without quotes around it; empty where there is none.
    func cookieValue(_ name: ByteSlice) -> ByteSlice {
        guard let value = cookie(name) else { return ByteSlice() }
        let quote = UInt8(ascii: "\"")
        guard value.count >= 2, value[0] == quote, value[value.count - 1] == quote else { return value }
        return value.slice(1, value.count - 1)
    }
}

extension RouteHandle {
    /// Whether requests need ``RequestFacts/generatedKey`` before a destination is chosen: then the user is known by a cookie
    /// that the proxy makes. One value is enough for a request, whatever the cookies.
    package var makesCookies: Bool { record.pointee.makesCookies }

    /// Appends the value that a new user is known by: 16 hexadecimal digits. Envoy's are the hash of the connection's
    /// addresses; a random number knows users apart that share a connection.
    package static func writeGeneratedKey(random: UInt64, to memory: UnsafeMutableRawPointer) {
        for index in 0..<generatedKeyCount {
            let digit = UInt8(truncatingIfNeeded: random >> UInt64(60 - 4 * index) & 15)
            let byte = digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10
            unsafe memory.storeBytes(of: byte, toByteOffset: index, as: UInt8.self)
        }
    }

    package static let generatedKeyCount = 16

    /// Calls `body` with the value of each `set-cookie` that the answer to a request gets: of the cookie that chose the version
    /// and of that which chose the endpoint, mostly the same. `buffer` is for the value, and empty again afterwards.
    package func forEachNewCookie(
        _ facts: RequestFacts,
        _ destination: DestinationHandle?,
        in buffer: inout ByteBuffer,
        _ body: (ByteSlice) -> Void
    ) {
        guard makesCookies, !facts.generatedKey.isEmpty else { return }
        let version = record.pointee.sticky
        let start = buffer.count
        // A lone destination takes everything: its version is nobody's choice.
        let choosesVersion = record.pointee.destinations.count > 1 && facts.lacksCookie(version)
        if choosesVersion {
            version.appendSetCookie(facts.generatedKey, to: &buffer)
            body(buffer.slice.from(start))
            buffer.truncate(to: start)
        }
        guard let cluster = destination?.cluster, cluster.pointee.balancing == .hash else { return }
        let endpoint = cluster.pointee.hashKey
        guard facts.lacksCookie(endpoint), !(choosesVersion && endpoint.name.equals(version.name)) else {
            return
        }
        endpoint.appendSetCookie(facts.generatedKey, to: &buffer)
        body(buffer.slice.from(start))
        buffer.truncate(to: start)
    }
}
