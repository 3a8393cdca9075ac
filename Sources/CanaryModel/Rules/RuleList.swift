// SPDX-License-Identifier: Apache-2.0

extension RuleCatalog {
    /// The rules about one object alone.
    static let objectRules: [any ObjectRule.Type] = []

    /// The rules that need other objects.
    static let referenceRules: [any ReferenceRule.Type] = []

    /// The rules about replacing an object.
    static let changeRules: [any ChangeRule.Type] = []
}
