// SPDX-License-Identifier: Apache-2.0

import CanaryResources

extension Located {
    /// The reason why a duration is not one that Istio takes: at least a millisecond, in whole milliseconds; `nil` for
    /// good ones and for what is no duration at all, which the schema reports.
    var problemOfDuration: String? {
        guard let text = string, let value = Duration(goString: text) else { return nil }
        if value < .milliseconds(1) { return nil }
        return value == .milliseconds(value.milliseconds) ? nil : "\"\(text)\" is not whole milliseconds"
    }
}
