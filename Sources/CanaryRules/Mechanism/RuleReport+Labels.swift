// SPDX-License-Identifier: Apache-2.0

extension RuleReport {
    /// Adds what of a mapping Istio would not take for labels.
    mutating func checkLabels(_ labels: Located?) {
        for (key, value) in labels?.entries ?? [] {
            if !KubernetesName.isQualified(key) {
                add(
                    at: value,
                    "\"\(key)\" is not a label's key",
                    hint: "use letters, digits, \"-\", \"_\" and \".\", behind an optional domain and \"/\""
                )
            } else if let text = value.string, !KubernetesName.isIstioLabelValue(text) {
                add(
                    at: value,
                    "\"\(text)\" is not a label's value",
                    hint: "use at most 63 letters, digits, \"-\", \"_\" and \".\""
                )
            }
        }
    }
}
