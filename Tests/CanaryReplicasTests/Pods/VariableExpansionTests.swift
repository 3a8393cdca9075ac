// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import CanaryReplicas

/// The rules of Kubernetes' `$(NAME)`, with cases of its `expand_test.go`.
@Suite struct VariableExpansionTests {
    private static let values = [
        "VAR_A": "A", "VAR_B": "B", "VAR_C": "C", "VAR_REF": "$(VAR_A)", "VAR_EMPTY": "",
    ]

    @Test(arguments: [
        ("$(VAR_A)", "A"), ("___$(VAR_B)___", "___B___"), ("___$(VAR_C)", "___C"),
        ("$(VAR_A)-$(VAR_B)", "A-B"),
        ("$(VAR_A)$(VAR_B)", "AB"), ("f000-$$VAR_A", "f000-$VAR_A"), ("foo\\$(VAR_C)bar", "foo\\Cbar"),
        ("foo\\\\$(VAR_C)bar", "foo\\\\Cbar"), ("foo$$(VAR_A)", "foo$(VAR_A)"), ("foo$$$(VAR_A)", "foo$A"),
        ("foo$$$$(VAR_A)", "foo$$(VAR_A)"), ("$(VAR_REF)", "$(VAR_A)"),
        ("$$(VAR_REF)--$(VAR_REF)", "$(VAR_REF)--$(VAR_A)"),
        ("foo$(VAR_EMPTY)bar", "foobar"), ("$(VAR_DNE)", "$(VAR_DNE)"), ("$VAR_A", "$VAR_A"),
        ("${VAR_A}", "${VAR_A}"), ("foo$", "foo$"), ("$$", "$"), ("$$$", "$$"), ("$(VAR_A", "$(VAR_A"),
        ("foo--$(VAR_A", "foo--$(VAR_A"), ("$($(VAR_A)--", "$($(VAR_A)--"), ("$()", "$()"),
        ("$(VAR_A))", "A)"),
        ("$-$(VAR_A)", "$-A"), ("$é$(VAR_A)ü", "$éAü"), ("$(VAR_A)$", "A$"),
    ])
    func `references are replaced as in Kubernetes`(_ text: String, _ expected: String) {
        #expect(VariableExpansion.expand(text) { Self.values[$0] } == expected)
    }
}
