// SPDX-License-Identifier: Apache-2.0

import CanaryModel
import CanaryStore

/// Shows a page again whenever it has changed, until it is interrupted or its reader goes away.
struct Watch {
    let session: ClusterSession

    private static let pause = Duration.seconds(1)

    func run(_ page: () throws -> String) throws -> ExitStatus {
        let stream = session.context.standardOutput
        var shown = ""
        while stream.isOpen {
            let text = try page()
            if text != shown {
                // On a terminal the page stays in its place: cursor home, the page, and nothing below it.
                stream.write(
                    stream.isTerminal ? "\u{1B}[H\u{1B}[2J\(text)" : shown.isEmpty ? text : "\n\(text)"
                )
                stream.flush()
                shown = text
            }
            _ = Patience(Self.pause).wait { false }
        }
        return .success
    }
}

/// `get -w`: a row for each object that changes, or an object a line with `-o json`.
struct ObjectWatch {
    let listing: ObjectListing

    func run(_ session: ClusterSession) throws {
        let follower = StoreFollower(at: session.location, stop: StopSignal())
        let stream = session.context.standardOutput
        var known: [ResourceKey: Resource]?
        stream.flush()
        while stream.isOpen {
            switch follower.next() {
            case .stopped: return
            case .unavailable(let error):
                guard error.code == .absent else { throw error }
            case .changed(let changes):
                let changed = try changes.changed.map(ClusterView.resource)
                if let before = known {
                    let deleted = changes.deleted.compactMap { before[$0] }
                    try session.read { view in try listing.printRows(changed + deleted, view) }
                    stream.flush()
                }
                known = known ?? [:]
                for resource in changed { known?[resource.key] = resource }
                for key in changes.deleted { known?[key] = nil }
            }
        }
    }
}
