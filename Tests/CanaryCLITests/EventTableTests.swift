// SPDX-License-Identifier: Apache-2.0

import CanaryResources
import CanaryStore
import Testing

@testable import CanaryCLI

/// Events in kubectl's columns.
@Suite struct EventTableTests {
    private let events = [
        EventRecord(
            of: ResourceKey(.deployment, namespace: "default", name: "web"),
            isWarning: false,
            reason: "ScalingReplicaSet",
            message: "Scaled up replica set web-1 from 0 to 2",
            first: 0,
            last: 0
        ),
        EventRecord(
            of: ResourceKey(.pod, namespace: "default", name: "web-1-x"),
            isWarning: true,
            reason: "Unhealthy",
            message: "Readiness probe failed: \u{1B}[31mred\nline",
            count: 12,
            first: 60_000,
            last: 230_000
        ),
    ]

    @Test func `get events says when, what and of what`() {
        let text = EventTable(events, now: 240_000).table(isWide: false, showsNamespace: false).text
        #expect(
            text
                == """
                LAST SEEN           TYPE      REASON              OBJECT           MESSAGE
                4m                  Normal    ScalingReplicaSet   deployment/web   Scaled up replica set web-1 from 0 to 2
                10s (x12 over 3m)   Warning   Unhealthy           pod/web-1-x      Readiness probe failed: \\u{1B}[31mred\\nline

                """
        )
    }

    @Test func `describe has the same, with whose part it is to tell`() {
        let section = EventTable(events, now: 240_000).section
        #expect(section.first == "Events:" && section.count == 4)
        #expect(section[2].hasPrefix("  Normal    ScalingReplicaSet   4m "))
        #expect(section[3].contains("10s (x12 over 3m)") && section[3].contains("kubelet"))
        #expect(EventTable([], now: 0).section == ["Events:  <none>"])
    }

    @Test func `an event is Kubernetes'`() {
        let node = events[1].node
        #expect(node["kind"]?.string == "Event" && node["count"]?.integer == 12)
        #expect(node["involvedObject"]?["kind"]?.string == "Pod")
        #expect(node["lastTimestamp"]?.string == "1970-01-01T00:03:50Z")
        #expect(events[0].name != events[1].name && events[0].name.hasPrefix("web."))
    }
}
