// SPDX-License-Identifier: Apache-2.0

import CanaryInsight
import CanaryMesh
import CanaryResources

extension Explanation {
    /// The `Explanation` of `explain -o json`. With `hidesEndpoints` the shares that are served are unknown: manifests alone need no endpoints.
    func node(hidesEndpoints: Bool) -> Node {
        var node = Node.mapping([
            "apiVersion": .string("canaryctl.dev/v1alpha1"),
            "kind": .string("Explanation"),
            "host": Self.optional(host),
            "virtualService": Self.optional(virtualService?.name),
            "virtualServiceNamespace": Self.optional(virtualService?.namespace),
            "route": route.map {
                .mapping([
                    "index": .integer(Int64($0.index)), "name": .string($0.name), "match": .string($0.match),
                ])
            } ?? Node(.null),
            "action": .string(action.rawValue),
            "reason": Self.optional(reason),
            "destinations": .sequence(
                (route?.destinations ?? []).enumerated().map { index, destination in
                    var node = destination.node
                    for (key, value) in (effects.destinationHeaders[index] ?? effects.headers).nodes {
                        node.set(value, at: key)
                    }
                    if hidesEndpoints { node.set(Node(.null), at: "servedShare") }
                    return node
                }
            ),
        ])
        let more =
            effectNodes + effects.headers.nodes + [
                ("skipped", .sequence(skipped.map(Self.node))), ("lost", .sequence(lost.map(Self.node))),
            ]
        for (key, value) in more { node.set(value, at: key) }
        return node
    }

    private var effectNodes: [(String, Node)] {
        let route = effective?.route
        return [
            ("status", effects.status.map { .integer(Int64($0)) } ?? Node(.null)),
            ("location", Self.optional(effects.location)),
            ("body", Self.optional(effects.body)),
            ("path", Self.optional(effects.path)),
            ("authority", Self.optional(effects.authority)),
            ("timeoutMilliseconds", .integer(Int64(effects.timeout))),
            ("retries", .integer(Int64(effects.retries))),
            ("perTryTimeoutMilliseconds", .integer(Int64(effects.perTryTimeout))),
            ("retryOn", Self.optional(route?.retries?.retryOn)),
            ("fault", route?.fault.map(Self.node) ?? Node(.null)),
            ("mirrors", .sequence(mirrorNodes)),
            ("corsPolicy", route?.corsPolicy.map(Self.node) ?? Node(.null)),
            ("origin", crossOrigin.map(Self.node) ?? Node(.null)),
            ("droppedHeaders", .sequence(droppedHeaders.map { .string($0) })),
            ("notServed", .sequence(unserved.map { .string($0) })),
            ("hashKey", hashKey.map(Self.node) ?? Node(.null)),
            ("user", sticky.map(Self.node) ?? Node(.null)),
        ]
    }

    private var mirrorNodes: [Node] {
        guard let effective, action == .route else { return [] }
        return effective.route.effectiveMirrors.map { mirror in
            .mapping([
                "host": .string(effective.resolve(mirror.destination)),
                "subset": Self.optional(mirror.destination.subset),
                "port": mirror.destination.port.map { .integer(Int64($0)) } ?? Node(.null),
                "percentage": Self.number(mirror.percentage),
            ])
        }
    }

    private static func node(_ skipped: Skipped) -> Node {
        .mapping([
            "index": .integer(Int64(skipped.index)), "name": .string(skipped.name),
            "virtualService": .string(skipped.virtualService.name),
            "reason": .string(skipped.reason),
            "blocks": .sequence(skipped.blocks.map { .string($0) }),
        ])
    }

    private static func node(_ lost: Lost) -> Node {
        .mapping([
            "specIndex": .integer(Int64(lost.index)), "name": .string(lost.name),
            "virtualService": .string(lost.virtualService.name),
            "delegate": .string("\(lost.delegate.namespace)/\(lost.delegate.name)"),
            "reason": .string(lost.reason),
        ])
    }

    private static func node(_ fault: HTTPFault) -> Node {
        var node = Node.mapping([:])
        if let delay = fault.delay {
            node.set(
                .mapping([
                    "milliseconds": .integer(Int64(delay.duration.milliseconds)),
                    "percentage": number(delay.percentage),
                ]),
                at: "delay"
            )
        }
        if let abort = fault.abort {
            let status: (String, Node) =
                switch abort.status {
                case .http(let status): ("httpStatus", .integer(Int64(status)))
                case .grpc(let status): ("grpcStatus", .string(status))
                }
            node.set(status.1, at: "abort", status.0)
            node.set(number(abort.percentage), at: "abort", "percentage")
        }
        return node
    }

    private static func node(_ policy: CorsPolicy) -> Node {
        func strings(_ texts: [String]) -> Node { .sequence(texts.map { .string($0) }) }
        let origins = policy.allowOrigins.map { match -> Node in
            switch match {
            case .exact(let text): .mapping(["exact": .string(text)])
            case .prefix(let text): .mapping(["prefix": .string(text)])
            case .regex(let text): .mapping(["regex": .string(text)])
            case .present: .mapping([:])
            }
        }
        return .mapping([
            "allowOrigins": .sequence(origins),
            "allowMethods": strings(policy.allowMethods),
            "allowHeaders": strings(policy.allowHeaders),
            "exposeHeaders": strings(policy.exposeHeaders),
            "maxAgeSeconds": policy.maxAge.map { .integer(Int64($0.milliseconds / 1000)) } ?? Node(.null),
            "allowCredentials": policy.allowCredentials.map { .bool($0) } ?? Node(.null),
        ])
    }

    private static func node(_ request: CrossOrigin) -> Node {
        .mapping([
            "name": .string(request.origin),
            "allowed": .bool(request.isAllowed),
            "preflight": .bool(request.isPreflight),
        ])
    }

    private static func node(_ key: StickyChoice.Key) -> Node {
        .mapping(["source": .string(key.source.rawValue), "name": .string(key.name)])
    }

    private static func node(_ sticky: StickyChoice) -> Node {
        .mapping([
            "key": .string(sticky.user),
            "destination": .integer(Int64(sticky.chosen)),
            "sharesAbove": .sequence(sticky.thresholds.map { Node(.number($0)) }),
        ])
    }

    private static func number(_ percentage: Percentage) -> Node {
        Node(.number(Double(percentage.millionths) / 10_000))
    }

    private static func optional(_ text: String?) -> Node {
        text.map { .string($0) } ?? Node(.null)
    }
}

extension Explanation.HeaderTexts {
    fileprivate var nodes: [(String, Node)] {
        [
            ("requestHeaders", .sequence(request.map { .string($0) })),
            ("responseHeaders", .sequence(response.map { .string($0) })),
        ]
    }
}
