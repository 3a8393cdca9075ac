// SPDX-License-Identifier: Apache-2.0

package import CanaryResources

/// The codes of everything that can be wrong with a manifest's text and with the fields that say what it is.
///
/// What is wrong with one field of a known object has other codes; the rules own them.
package enum ManifestCodes {
    // MARK: Text

    /// The text is not YAML or JSON.
    package static let syntax = RuleCode("CAN0001", istio: "IST0106")
    /// The bytes are not text: not UTF-8 or UTF-16, or control characters.
    package static let encoding = RuleCode("CAN0002", istio: "IST0106")
    /// A literal `...` stands where a tutorial left fields out.
    package static let elision = RuleCode("CAN0003")
    /// A tab indents a line.
    package static let tab = RuleCode("CAN0004", istio: "IST0106")
    /// A mapping has the same key twice.
    package static let duplicateKey = RuleCode("CAN0005")
    /// An alias names no anchor, or stands inside of its own anchor.
    package static let alias = RuleCode("CAN0006", istio: "IST0106")
    /// The value of a merge key `<<` is no mapping.
    package static let mergeKey = RuleCode("CAN0007", istio: "IST0106")
    /// A key is a list, a mapping or null.
    package static let keyType = RuleCode("CAN0008", istio: "IST0106")
    /// A number that JSON, and so Kubernetes, cannot hold.
    package static let number = RuleCode("CAN0009", istio: "IST0106")
    /// An explicit tag does not fit its value, or means nothing here.
    package static let tag = RuleCode("CAN0010")
    /// The text is larger, deeper or more numerous than the limits allow.
    package static let limit = RuleCode("CAN0011")
    /// Lines of a shell here-document or of Markdown were copied along with the manifest.
    package static let copiedAlong = RuleCode("CAN0012", istio: "IST0106")

    // MARK: What the object is

    /// A document is no mapping.
    package static let notAnObject = RuleCode("CAN0020", istio: "IST0106")
    /// `kind` is missing.
    package static let missingKind = RuleCode("CAN0021", istio: "IST0106")
    /// `apiVersion` is missing.
    package static let missingAPIVersion = RuleCode("CAN0022", istio: "IST0106")
    /// The kind is known, but not under this `apiVersion`.
    package static let wrongAPIVersion = RuleCode("CAN0023", istio: "IST0106")
    /// The `apiVersion` was removed from Kubernetes; the object is stored under its successor.
    package static let goneAPIVersion = RuleCode("CAN0024")
    /// The kind is none of those that canaryctl knows.
    package static let unknownKind = RuleCode("CAN0025")
    /// `name`, `labels` … stand beside `metadata`, not inside of it.
    package static let misplacedMetadata = RuleCode("CAN0026", istio: "IST0106")
    /// `metadata.name` is missing.
    package static let missingName = RuleCode("CAN0027", istio: "IST0106")
    /// Names cannot be generated.
    package static let generatedName = RuleCode("CAN0028")
    /// `apiVersion`, `kind`, `metadata` or one of its identifying fields is of the wrong type.
    package static let headerType = RuleCode("CAN0029", istio: "IST0106")
    /// One run describes the same object twice.
    package static let describedTwice = RuleCode("CAN0030")
    /// The manifest's namespace is not the one that the command line asks for.
    package static let otherNamespace = RuleCode("CAN0031")
    /// The `items` of a list are no objects.
    package static let listItems = RuleCode("CAN0032", istio: "IST0106")
    /// Objects are of a kind that charts have, and that does not decide about traffic: they are skipped.
    package static let ignoredKind = RuleCode("CAN0043")
}
