// SPDX-License-Identifier: Apache-2.0

/// A destination that gets copies of a route's requests; its answers are thrown away.
package struct HTTPMirror: Hashable, Sendable {
    package var destination: Destination
    /// Of the route's requests.
    package var percentage: Percentage

    init(destination: Destination, percentage: Percentage) {
        self.destination = destination
        self.percentage = percentage
    }

    /// An entry of `mirrors`.
    init(_ node: Node) {
        destination = Destination(node["destination"])
        percentage = Percentage(istio: node["percentage"]) ?? .whole
    }
}

extension HTTPRoute {
    /// The copies that are made: of `mirror` and `mirrors`, those with a positive percentage.
    package var effectiveMirrors: [HTTPMirror] {
        let single = mirror.map { HTTPMirror(destination: $0, percentage: mirrorPercentage ?? .whole) }
        return ([single].compactMap(\.self) + mirrors).filter { $0.percentage > .zero }
    }
}
