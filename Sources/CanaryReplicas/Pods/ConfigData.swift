// SPDX-License-Identifier: Apache-2.0

package import CanaryResources

extension ConfigReference {
    /// What names a ConfigMap or Secret; `nil` for other kinds.
    package init?(_ resource: Resource) {
        switch resource.kind {
        case .configMap: self = .configMap(resource.name)
        case .secret: self = .secret(resource.name)
        default: return nil
        }
    }

    /// The texts of a ConfigMap or Secret whose body is kept. Values that are no UTF-8 cannot be variables, and are left out.
    package static func texts(of resource: Resource) -> [String: String] {
        let body = resource.body
        guard resource.kind == .secret else { return body["data"]?.stringMap ?? [:] }
        let decoded = (body["data"]?.stringMap ?? [:]).compactMapValues { text -> String? in
            Base64.decode(text.utf8, .kubernetes).flatMap { String(validating: $0, as: UTF8.self) }
        }
        return decoded.merging(body["stringData"]?.stringMap ?? [:]) { $1 }
    }
}
