// SPDX-License-Identifier: Apache-2.0

import CanaryResources
import CanaryRouting

/// Translates when and how often a request is tried again: `envoy.config.route.v3.RetryPolicy`.
struct EnvoyRetry {
    let policy: RetryPolicy
    /// As written; `nil` is Istio's default.
    let retries: HTTPRetry?
    let isHashed: Bool

    /// `nil` for none.
    var node: Node? {
        guard policy.attempts > 0 else { return nil }
        let perTry = policy.perTryTimeoutMilliseconds
        let base = Int64(policy.backoffMilliseconds)
        let backoff = Node.message([
            "base_interval": .duration(milliseconds: base),
            "max_interval": .duration(milliseconds: base * 10),
        ])
        let avoidsHosts = retries?.ignoresPreviousHosts ?? !isHashed
        return .message([
            "retry_on": .string(policy.conditions.words.joined(separator: ",")),
            "num_retries": .integer(Int64(policy.attempts)),
            "per_try_timeout": perTry > 0 ? .duration(milliseconds: perTry) : nil,
            "retry_back_off": retries?.backoff == nil ? nil : backoff,
            "retriable_status_codes": .repeated(policy.statuses.map { .integer(Int64($0)) }),
            "retry_host_predicate": avoidsHosts ? .sequence([Self.previousHosts]) : nil,
            "host_selection_retry_max_attempts": avoidsHosts ? .integer(5) : nil,
            "retry_priority": retries?.includesRemoteLocalities == true ? Self.previousPriorities : nil,
        ])
    }

    private static let previousHosts = Node.message([
        "name": .string("envoy.retry_host_predicates.previous_hosts"),
        "typed_config": .any("envoy.extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate"),
    ])

    private static let previousPriorities = Node.message([
        "name": .string("envoy.retry_priorities.previous_priorities"),
        "typed_config": .any(
            "envoy.extensions.retry.priority.previous_priorities.v3.PreviousPrioritiesConfig",
            ["update_frequency": .integer(2)]
        ),
    ])
}
