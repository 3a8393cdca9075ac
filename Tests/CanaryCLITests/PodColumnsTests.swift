// SPDX-License-Identifier: Apache-2.0

import CanaryResources
import Testing

@testable import CanaryCLI

/// What `get pods` counts of a pod with an init container, a sidecar and two containers.
@Suite struct PodColumnsTests {
    private func columns(setup: Node, sidecar: Node, containers: [Node]) -> PodColumns {
        func status(_ name: String, restarts: Int64, ready: Bool, _ state: Node) -> Node {
            .mapping([
                "name": .string(name), "restartCount": .integer(restarts), "ready": .bool(ready),
                "state": state, "started": .bool(ready),
            ])
        }
        func named(_ names: [String], always: String = "") -> Node {
            .sequence(
                names.map { name in
                    .mapping([
                        "name": .string(name), "restartPolicy": .string(name == always ? "Always" : ""),
                    ])
                }
            )
        }
        let isRunning = containers.map { $0["running"] != nil }
        return PodColumns(
            Resource(
                key: ResourceKey(.pod, namespace: "default", name: "web"),
                body: .mapping([
                    "spec": .mapping([
                        "initContainers": named(["setup", "proxy"], always: "proxy"),
                        "containers": named(["a", "b"]),
                    ]),
                    "status": .mapping([
                        "phase": .string("Running"),
                        "initContainerStatuses": .sequence([
                            status("setup", restarts: 5, ready: false, setup),
                            status("proxy", restarts: 2, ready: sidecar["running"] != nil, sidecar),
                        ]),
                        "containerStatuses": .sequence([
                            status("a", restarts: 1, ready: isRunning[0], containers[0]),
                            status("b", restarts: 0, ready: isRunning[1], containers[1]),
                        ]),
                    ]),
                ])
            )
        )
    }

    private let running = Node.mapping(["running": .mapping([:])])
    private let waiting = Node.mapping(["waiting": .mapping(["reason": .string("PodInitializing")])])
    private let done = Node.mapping([
        "terminated": .mapping(["exitCode": .integer(0), "reason": .string("Completed")])
    ])

    @Test func `restarts of init containers count until they are through`() {
        let early = columns(setup: running, sidecar: waiting, containers: [waiting, waiting])
        #expect(early.restarts == 7)
        #expect(early.readyColumn == "0/3")
        let later = columns(setup: done, sidecar: running, containers: [running, waiting])
        #expect(later.restarts == 3)
    }

    @Test func `sidecars are counted among those that are to be ready`() {
        let columns = columns(setup: done, sidecar: running, containers: [running, waiting])
        #expect(columns.readyColumn == "2/3")
    }
}
