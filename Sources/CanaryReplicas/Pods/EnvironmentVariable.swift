// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// A ConfigMap or a Secret of the pod's namespace.
package enum ConfigReference: Hashable, Sendable {
    case configMap(String)
    case secret(String)
}

/// As Kubernetes' messages name it: `configmap "settings"`.
extension ConfigReference: CustomStringConvertible {
    package var description: String {
        switch self {
        case .configMap(let name): "configmap \"\(name)\""
        case .secret(let name): "secret \"\(name)\""
        }
    }

    init?(_ node: Node?, configMap: String, secret: String) {
        if let name = node?[configMap]?["name"]?.string {
            self = .configMap(name)
        } else if let name = node?[secret]?["name"]?.string {
            self = .secret(name)
        } else {
            return nil
        }
    }
}

/// An entry of `envFrom`: all that a ConfigMap or Secret has.
package struct EnvironmentSource: Hashable, Sendable {
    package var reference: ConfigReference
    package var prefix: String
    package var isOptional: Bool

    init?(_ node: Node) {
        guard let reference = ConfigReference(node, configMap: "configMapRef", secret: "secretRef") else {
            return nil
        }
        self.reference = reference
        prefix = node["prefix"]?.string ?? ""
        isOptional = (node["configMapRef"] ?? node["secretRef"])?["optional"]?.bool ?? false
    }
}

/// An entry of `env`.
package struct EnvironmentVariable: Hashable, Sendable {
    package enum Source: Hashable, Sendable {
        /// A text in which `$(NAME)` stands for other variables.
        case text(String)
        case key(ConfigReference, String, isOptional: Bool)
        /// A field of the pod, by its path: `metadata.name`.
        case field(String)
        /// `limits.cpu` and the like; of the container itself unless another is named.
        case resource(String, container: String?, divisor: MilliValue)
    }

    package var name: String
    package var source: Source

    init?(_ node: Node) {
        guard let name = node["name"]?.string, !name.isEmpty else { return nil }
        self.name = name
        source = Source(node)
    }
}

extension EnvironmentVariable.Source {
    fileprivate init(_ node: Node) {
        let value = node["value"]?.string ?? ""
        guard value.isEmpty, let origin = node["valueFrom"] else {
            self = .text(value)
            return
        }
        if let reference = ConfigReference(origin, configMap: "configMapKeyRef", secret: "secretKeyRef") {
            let key = origin["configMapKeyRef"] ?? origin["secretKeyRef"]
            self = .key(
                reference,
                key?["key"]?.string ?? "",
                isOptional: key?["optional"]?.bool ?? false
            )
        } else if let resource = origin["resourceFieldRef"] {
            let divisor = MilliValue(resource["divisor"]) ?? .zero
            self = .resource(
                resource["resource"]?.string ?? "",
                container: resource["containerName"]?.string,
                divisor: divisor > .zero ? divisor : MilliValue(1000)
            )
        } else {
            self = .field(origin["fieldRef"]?["fieldPath"]?.string ?? "")
        }
    }
}
