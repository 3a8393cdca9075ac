// SPDX-License-Identifier: Apache-2.0

/// Socket files as Istio writes them: `unix:///path` or `unix://@name`.
enum SocketPath {
    static let scheme = "unix://"

    /// The reason why a text that begins with the scheme names no socket; `nil` if it does.
    static func problem(_ text: String) -> String? {
        let path = text.dropFirst(scheme.count)
        guard path.hasPrefix("/") || path.hasPrefix("@"), !path.hasSuffix("/") else {
            return "\"\(text)\" is not the absolute path of a socket"
        }
        return nil
    }
}
