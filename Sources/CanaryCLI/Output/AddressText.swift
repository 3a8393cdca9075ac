// SPDX-License-Identifier: Apache-2.0

/// An address with what is open there: `127.0.0.1:8080,8081`.
enum AddressText {
    static func text(_ address: String, ports: some Sequence<Int>) -> String {
        let ports = Set(ports).sorted().map(String.init)
        guard !ports.isEmpty else { return address }
        let host = address.contains(":") ? "[\(address)]" : address
        return "\(host):\(ports.joined(separator: ","))"
    }
}
