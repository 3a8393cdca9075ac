// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// Which TCP or TLS routes and match blocks never get a connection. They are compared as they are written, as istioctl does.
struct L4Coverage {
    typealias Block = RouteCoverage.Block

    /// Match blocks that repeat an earlier one.
    private(set) var repeated: [(match: Located, taker: Block)] = []
    /// Routes that get nothing, with what takes their connections.
    private(set) var dead: [(route: Located, taker: Block)] = []

    /// `routes` are the items of `tls` or `tcp`, nulls included: they are numbered as written.
    init(_ routes: [Located]) {
        var earlier: [Node: Block] = [:]
        var catchAll: Block?
        for (index, route) in routes.enumerated() where !route.isNull {
            if let catchAll {
                dead.append((route, catchAll))
                continue
            }
            var takers: [Block] = []
            let blocks = RouteCoverage.blocks(of: route, index)
            for block in blocks {
                guard let match = block.match else {
                    catchAll = block
                    continue
                }
                let written = RouteCoverage.withoutName(match)
                if let twin = earlier[written] {
                    repeated.append((match, twin))
                    takers.append(twin)
                } else {
                    earlier[written] = block
                }
            }
            if let taker = takers.first, takers.count == blocks.count { dead.append((route, taker)) }
        }
    }
}
