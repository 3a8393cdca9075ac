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
