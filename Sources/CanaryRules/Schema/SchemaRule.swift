// SPDX-License-Identifier: Apache-2.0

package import CanaryResources

/// What the field tables can find, a code each.
///
/// The tables come from Kubernetes' API models and Istio's CRDs; an API server refuses the same.
package enum SchemaRule: CaseIterable, Sendable {
    /// The field does not exist at this place: a typing error, or wrong indentation. `--validate=warn|ignore` softens
    /// this finding and no other one of the schema.
    case unknownField
    /// The value has another type than the field, as a port in quotes or a label that is a number without quotes.
    case wrongType
    /// A field without which the object means nothing is not given.
    case missingField
    /// The field takes one of a few words, and the value is none of them.
    case unknownValue
    /// The number is below or above what the field can hold.
    case outOfRange
    /// Several fields are given of which at most one may be.
    case mutuallyExclusive
    /// The text is too long, or the list or mapping has too few or too many entries.
    case wrongSize
    /// The duration can't be read, or is shorter than a millisecond, the least that Istio accepts.
    case badDuration
    /// The text is not what the field's format asks for: base64, or a quantity such as `100m` or `1Gi`.
    case badFormat
    /// A selector holds a `*` or an empty key, or a host is `*`, where that is not allowed.
    case wildcard

    /// An object has more than 200 findings; the others are not told.
    case tooManyFindings

    /// The rule's name in messages; Istio's is the same for every schema error, and none for unknown fields, which
    /// istioctl does not report.
    package func code(isIstio: Bool) -> RuleCode {
        RuleCode(
            number,
            istio: isIstio && self != .unknownField && self != .tooManyFindings ? "IST0106" : nil
        )
    }

    private var number: String {
        switch self {
        case .unknownField: "CAN0101"
        case .wrongType: "CAN0102"
        case .missingField: "CAN0103"
        case .unknownValue: "CAN0104"
        case .outOfRange: "CAN0105"
        case .mutuallyExclusive: "CAN0106"
        case .wrongSize: "CAN0107"
        case .badDuration: "CAN0108"
        case .badFormat: "CAN0109"
        case .wildcard: "CAN0110"
        case .tooManyFindings: "CAN0121"
        }
    }
}
