// SPDX-License-Identifier: Apache-2.0

import CanarySystem
import CanaryResources
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

/// `get -w`: what is there, then each change and which it is: a row, or an object a line with `-o json`.
struct ObjectWatch {
    let listing: ObjectListing
    /// What was there at the last change; `nil` until the store was read.
    private var known: [ResourceKey: Resource]?

    init(listing: ObjectListing) {
        self.listing = listing
    }

    mutating func run(_ session: ClusterSession) throws {
        let follower = StoreFollower(at: session.location, stop: EventDescriptor())
        // Looks before it lists: what changes in between is shown twice rather than never.
        try take(follower.next(), session)
        try session.read { try listing.printFirst($0) }
        let stream = session.context.standardOutput
        stream.flush()
        while stream.isOpen { try take(follower.next(), session) }
    }

    private mutating func take(_ update: StoreFollower.Update, _ session: ClusterSession) throws {
        switch update {
        case .stopped: return
        case .unavailable(let error):
            guard error.code == .absent else { throw error }
        case .changed(let changes):
            let changed = changes.changed
            if let before = known {
                let events = changed.map { (before[$0.key] == nil ? WatchEvent.added : .modified, $0) }
                let deleted = changes.deleted.compactMap { before[$0] }.map { (WatchEvent.deleted, $0) }
                try session.read { view in try listing.printEvents(events + deleted, view) }
                session.context.standardOutput.flush()
            }
            known = known ?? [:]
            for resource in changed { known?[resource.key] = resource }
            for key in changes.deleted { known?[key] = nil }
        }
    }
}
