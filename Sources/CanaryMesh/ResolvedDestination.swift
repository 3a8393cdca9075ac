// SPDX-License-Identifier: Apache-2.0

package import CanaryResources

/// A destination with everything that the objects of a snapshot say about it.
package struct ResolvedDestination: Sendable {
    /// The full name.
    package var host: String
    package var subset: String?
    /// `nil` where nobody defines the host.
    package var service: HostService?
    package var policy: HostPolicy
    /// What a DestinationRule says about the subset; `nil` without one.
    package var definition: DestinationRule.Subset?
    /// The labels that make up the subset, empty without one; `nil` for a subset that neither a DestinationRule defines nor a
    /// workload's `version` label.
    package var labels: [String: String]?
    /// Whether the subset means a value of the `version` label, because no DestinationRule defines it.
    package var isImplicit: Bool

    package static let versionLabel = "version"

    /// `isKnown` tells whether anything behind the host carries labels.
    init(
        host: String,
        subset: String?,
        service: HostService?,
        policy: HostPolicy,
        definition: DestinationRule.Subset?,
        isKnown: ([String: String]) -> Bool
    ) {
        self.host = host
        self.subset = subset
        self.service = service
        self.policy = policy
        self.definition = definition
        isImplicit = subset != nil && definition == nil
        if let subset, definition == nil {
            let implied = [Self.versionLabel: subset]
            labels = isKnown(implied) ? implied : nil
        } else {
            labels = definition?.labels ?? [:]
        }
    }
}
