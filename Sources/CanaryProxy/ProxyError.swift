// SPDX-License-Identifier: Apache-2.0

/// Why a proxy could not be set up.
package enum ProxyError: Error, Equatable {
    /// The address is no `host:port` with an IP address or `localhost`.
    case badAddress(String)
    /// Another process has the port; `owner` names it, where that can be seen.
    case taken(address: String, owner: String?)
    case cannotListen(address: String, reason: String)
    case cannotStart(reason: String)

    /// For people: what could not be done, colon, why.
    package var message: String {
        switch self {
        case .badAddress(let text): "cannot listen on \"\(text)\": not an address like 127.0.0.1:15001"
        case .taken(let address, let owner):
            "cannot listen on \(address): the port is taken" + (owner.map { " by \($0)" } ?? "")
        case .cannotListen(let address, let reason): "cannot listen on \(address): \(reason)"
        case .cannotStart(let reason): "cannot start the proxy: \(reason)"
        }
    }
}
