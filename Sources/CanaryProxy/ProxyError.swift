// SPDX-License-Identifier: Apache-2.0

/// Why a proxy could not be set up.
package enum ProxyError: Error, Equatable {
    /// The address is no `host:port` with an IP address or `localhost`.
    case badAddress(String)
    /// Another process has the port; `owner` names it, where that can be seen.
    case taken(address: String, owner: String?)
    case cannotListen(address: String, reason: String)
    case cannotStart(reason: String)
    /// A running proxy did not hand over.
    case cannotTakeOver(pid: Int32, reason: String)
    /// There is no proxy of this process id.
    case noSuchProxy(pid: Int32)
    /// Several run, and it was not said which one is meant.
    case severalProxies(pids: [Int32])

    /// For people: what could not be done, colon, why.
    package var message: String {
        switch self {
        case .badAddress(let text): "cannot listen on \"\(text)\": not an address like 127.0.0.1:15001"
        case .taken(let address, let owner):
            "cannot listen on \(address): the port is taken" + (owner.map { " by \($0)" } ?? "")
        case .cannotListen(let address, let reason): "cannot listen on \(address): \(reason)"
        case .cannotStart(let reason): "cannot start the proxy: \(reason)"
        case .cannotTakeOver(let pid, let reason): "cannot take over from proxy \(pid): \(reason)"
        case .noSuchProxy(let pid):
            "cannot take over from proxy \(pid): no proxy of the store has this process id"
        case .severalProxies(let pids):
            "cannot take over: several proxies run on the store, \(pids.map(String.init).joined(separator: ", "))"
        }
    }
}
