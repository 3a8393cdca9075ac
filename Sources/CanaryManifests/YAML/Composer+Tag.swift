// SPDX-License-Identifier: Apache-2.0

import CLibYAML
import CanaryResources

extension Composer {
    /// An explicit tag decides the type: `!!str 1` is text. `!!binary` gives the decoded bytes, if they are text.
    /// Tags that are not YAML's own leave a string and get a warning.
    mutating func tagged(
        _ event: borrowing yaml_event_t,
        _ bytes: UnsafeBufferPointer<UInt8>,
        _ place: Position
    ) -> Node.Content {
        let text = unsafe cache.string(bytes)
        let tag = unsafe event.data.scalar.tag.map { unsafe String(cString: $0) } ?? ""
        let prefix = "tag:yaml.org,2002:"
        guard tag.hasPrefix(prefix) else {
            if tag != "!" { reportForeign(tag, place) }
            return .string(text)
        }
        let name = tag.dropFirst(prefix.count)
        let outcome = unsafe ScalarResolver.resolve(bytes)
        switch (name, outcome) {
        case ("str", _), ("timestamp", .string): return .string(text)
        case ("int", .value(.integer(let value))): return .integer(value)
        case ("float", .value(.integer(let value))): return .number(Double(value))
        case ("float", .value(.number(let value))): return .number(value)
        case ("bool", .value(.bool(let value))): return .bool(value)
        case ("null", .value(.null)): return .null
        case ("binary", _):
            if let decoded = unsafe Base64.decode(bytes, .yaml),
                let text = String(validating: decoded, as: UTF8.self)
            {
                return .string(text)
            }
            report(
                ManifestCodes.tag,
                "the !!binary value is not text in base64",
                hint: "leave the tag out: fields of bytes take base64 as a plain string",
                at: place
            )
        case ("int", _), ("float", _), ("bool", _), ("null", _), ("timestamp", _):
            report(
                ManifestCodes.tag,
                "\"\(text.prefix(80))\" cannot be read as !!\(name)",
                hint: "leave the tag out",
                at: place
            )
        default: reportForeign("!!\(name)", place)
        }
        return .string(text)
    }

    mutating func reportForeign(_ tag: String, _ place: Position) {
        report(
            ManifestCodes.tag,
            "the tag \"\(tag.prefix(80))\" means nothing in a manifest and is ignored",
            severity: .warning,
            hint: "leave the tag out",
            at: place
        )
    }
}
