// SPDX-License-Identifier: Apache-2.0

package import CanaryResources

/// What draws the users of a VirtualService's sticky traffic: with the same salt the same users go to the same versions.
package enum StickySalt {
    /// The annotation of a VirtualService that replaces its name as salt.
    package static let annotation = "canaryctl.dev/sticky-salt"

    /// The annotation's value, else `namespace/name`.
    package static func of(_ virtualService: Resource) -> String {
        virtualService.metadata.annotations[annotation]
            ?? "\(virtualService.namespace)/\(virtualService.name)"
    }
}
