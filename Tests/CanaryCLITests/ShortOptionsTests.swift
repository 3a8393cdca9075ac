// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import CanaryCLI

@Suite struct ShortOptionsTests {
    @Test(
        arguments: [
            (["get", "-ojson"], ["get", "-o", "json"]),
            (["-nshop", "get", "-o=yaml"], ["-n", "shop", "get", "-o", "yaml"]),
            (["-Awojson"], ["-A", "-w", "-o", "json"]),
            (["-Rf", "dir"], ["-R", "-f", "dir"]),
            (["-f-", "-lapp=x,version!=v1"], ["-f", "-", "-l", "app=x,version!=v1"]),
            (["-n="], ["-n", ""]),
            (["-H", "x: -y"], ["-H", "x: -y"]),
            (["-5", "-", "--output", "-zeta", "-Az"], ["-5", "-", "--output", "-zeta", "-Az"]),
            (["--", "-ojson"], ["--", "-ojson"]),
        ]
    ) func `short options stand by themselves`(_ words: [String], _ expanded: [String]) {
        #expect(ShortOptions.expanding(words) == expanded)
    }
}
