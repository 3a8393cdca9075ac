// SPDX-License-Identifier: Apache-2.0

package import CanaryResources

/// An amount in thousandths, as Kubernetes' autoscaler computes with: millicores, thousandths of a byte, of a request per second.
package struct MilliValue: Hashable, Comparable, Sendable {
    package var thousandths: Int64

    package static let zero = MilliValue(0)

    package init(_ thousandths: Int64) {
        self.thousandths = thousandths
    }

    /// Rounded up, as Kubernetes' `MilliValue`, and at most what 64 bits hold.
    package init(_ quantity: Quantity) {
        let exact = quantity.value * 1000
        // What a decimal fraction loses in binary is no reason to round up.
        let nearest = exact.rounded()
        let rounded = abs(exact - nearest) <= abs(exact) * 1e-12 ? nearest : exact.rounded(.up)
        self.init(Int64(exactly: rounded) ?? (exact < 0 ? .min : .max))
    }

    package init?(_ node: Node?) {
        guard let quantity = Quantity(node) else { return nil }
        self.init(quantity)
    }

    package static func < (left: MilliValue, right: MilliValue) -> Bool {
        left.thousandths < right.thousandths
    }
}

/// As Kubernetes writes quantities: `250m`, `12`, `1500k`; no digit is lost.
extension MilliValue: CustomStringConvertible {
    package var description: String {
        guard thousandths != 0 else { return "0" }
        var (mantissa, unit) = (thousandths, 0)
        let units = ["m", "", "k", "M", "G", "T", "P"]
        while unit < units.count - 1, mantissa.isMultiple(of: 1000) {
            (mantissa, unit) = (mantissa / 1000, unit + 1)
        }
        return "\(mantissa)\(units[unit])"
    }
}
