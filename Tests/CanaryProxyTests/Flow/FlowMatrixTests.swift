// SPDX-License-Identifier: Apache-2.0

import Glibc
import Testing

/// Bodies of all sizes, framings, speeds and directions arrive as they were sent. All combinations where
/// `CANARYCTL_FLOW_MATRIX` is set (minutes), else a few that differ in everything (seconds).
@Suite(.serialized) struct FlowMatrixTests {
    private static let isWhole = getenv("CANARYCTL_FLOW_MATRIX") != nil

    private static func flows(_ sizes: [Int], readsInARow: Int) -> [Flow] {
        var flows: [Flow] = []
        for size in sizes {
            for framing in Flow.Framing.allCases {
                for direction in Flow.Direction.allCases {
                    for use in Flow.Use.allCases {
                        for sending in SendingPace.allCases {
                            for receiving in ReceivingPace.allCases {
                                flows.append(
                                    Flow(
                                        size: size,
                                        framing: framing,
                                        direction: direction,
                                        use: use,
                                        sending: sending,
                                        receiving: receiving,
                                        readsInARow: readsInARow
                                    )
                                )
                            }
                        }
                    }
                }
            }
        }
        return flows.filter(\.isPossible)
    }

    /// Runs them one after the other; a few failures tell enough, since a stall costs a minute.
    private static func run(_ flows: [Flow]) {
        var failures = 0
        for flow in flows where failures < 5 {
            do { try flow.run() } catch {
                failures += 1
                Issue.record("\(flow): \(error)")
            }
        }
    }

    @Test(arguments: [16, 1]) func `small bodies and their edges`(readsInARow: Int) {
        let sizes = Self.isWhole ? [0, 1, 3000, 65_535, 65_536, 65_537] : [0, 65_536]
        let flows = Self.flows(sizes, readsInARow: readsInARow)
        Self.run(Self.isWhole ? flows : Self.some(flows, 7))
    }

    @Test(arguments: [16, 1]) func `bodies that no buffer holds`(readsInARow: Int) {
        let sizes = Self.isWhole ? [1_100_000, 3_145_728, 16_777_216] : [3_145_728]
        let flows = Self.flows(sizes, readsInARow: readsInARow)
        Self.run(Self.isWhole ? flows : Self.some(flows, 5))
    }

    @Test(.enabled(if: isWhole), arguments: [16, 1]) func `64 MiB`(readsInARow: Int) {
        let flows = Self.flows([67_108_864], readsInARow: readsInARow)
        Self.run(flows.filter { $0.sending != .slow && $0.receiving != .slow })
    }

    /// Every so many of them: with a step that divides none of the dimensions, all values of each occur.
    private static func some(_ flows: [Flow], _ step: Int) -> [Flow] {
        stride(from: 0, to: flows.count, by: step).map { flows[$0] }
    }
}
