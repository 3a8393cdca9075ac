// SPDX-License-Identifier: Apache-2.0

public import CanaryMesh

/// What is known of a request when its route is chosen. Every slice is borrowed for the duration of a call.
@usableFromInline
package struct RequestFacts: BitwiseCopyable {
    @usableFromInline
    package enum HTTPVersion: UInt8, BitwiseCopyable {
        case http10
        case http11
        case http2
    }

    @usableFromInline package var method = ByteSlice()
    /// `http` or `https`.
    @usableFromInline package var scheme = ByteSlice()
    /// As the client sent it, with the port if it gave one.
    @usableFromInline package var authority = ByteSlice()
    /// Normalised (see ``PathNormalization``), without the query.
    @usableFromInline package var path = ByteSlice()
    /// Without the question mark; missing where the target has none.
    @usableFromInline package var query = ByteSlice()
    @usableFromInline package var headers = BorrowedList<RequestHeader>()
    /// The port that the client addressed: see ``VirtualHostHandle/servicePort(authorityPort:listenerPort:)``.
    @usableFromInline package var port: Int32 = 80
    @usableFromInline package var version = HTTPVersion.http11
    /// The client's address as text, without port or brackets.
    @usableFromInline package var sourceAddress = ByteSlice()
    @usableFromInline package var sourcePort: UInt16 = 0
    /// When the request began, in milliseconds since 1970, for `%START_TIME%`.
    @usableFromInline package var startTime: Int64 = 0
    /// This machine's name, for `%HOSTNAME%`.
    @usableFromInline package var hostName = ByteSlice()
    /// The value of every cookie that identifies users, that the request lacks and that the proxy makes:
    /// ``RouteHandle/makesCookies``. Missing where none is made.
    @usableFromInline package var generatedKey = ByteSlice()
    /// For response headers: target and authority as they were sent; missing where the request went nowhere.
    @usableFromInline package var sentTarget = ByteSlice()
    @usableFromInline package var sentAuthority = ByteSlice()
    /// For response headers: the address that answered, as text; missing for the proxy's own answers.
    @usableFromInline package var upstreamAddress = ByteSlice()
    /// For response headers: the status.
    @usableFromInline package var responseCode: Int32 = 0

    @inlinable
    package init() {}

    /// The first header of a name (any case), and its index; `nil` if there is none at or after `start`.
    @inlinable
    package func header(_ name: ByteSlice, from start: Int = 0) -> (index: Int, value: ByteSlice)? {
        var index = start
        while index < headers.count {
            if headers[index].name.equalsIgnoringCase(name) { return (index, headers[index].value) }
            index += 1
        }
        return nil
    }
}
