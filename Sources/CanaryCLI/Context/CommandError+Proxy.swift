// SPDX-License-Identifier: Apache-2.0

import CanaryProxy

extension CommandError {
    init(_ error: ProxyError) {
        let hint: String? =
            switch error {
            case .taken:
                "choose another port with --listen or --admin; canaryctl proxy-status shows this store's proxies"
            case .badAddress: "give an IP address of this machine and a port: 127.0.0.1:15001"
            case .cannotListen:
                "give an address of this machine, and a port that you may use: above 1023, or as root"
            case .cannotTakeOver(let pid, _):
                "it goes on as before; to do without it, end it first: canaryctl down, or kill \(pid)"
            case .noSuchProxy: "canaryctl proxy-status shows this store's proxies"
            case .severalProxies: "say which one: --take-over=PID; canaryctl proxy-status tells more of them"
            case .cannotStart: "the limits of the system may be too low: ulimit -a"
            }
        self.init(error.message, hint: hint)
    }
}
