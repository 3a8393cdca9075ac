// SPDX-License-Identifier: Apache-2.0

import CanaryResources
import Testing

@testable import CanaryRules

struct RuleCatalogTests {
    @Test func `no two rules share a code`() {
        let schema = SchemaRule.allCases.map { $0.code(isIstio: true).canary }
        let codes = schema + RuleCatalog.all.map { $0.code.canary }
        #expect(Set(codes).count == codes.count)
        #expect(codes.allSatisfy { $0.hasPrefix("CAN") && $0.count == 7 })
    }

    @Test func `every rule looks at some kind`() {
        #expect(RuleCatalog.all.allSatisfy { !$0.kinds.isEmpty })
    }
}
