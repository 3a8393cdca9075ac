// SPDX-License-Identifier: Apache-2.0

package import CanaryResources

/// The value of `pod-template-hash`, by which the pods of one template are told from those of others: FNV-1a of what the template
/// means, in letters and digits that spell no words. Kubernetes' own hash depends on how its program lays out memory.
enum PodTemplateHash {
    static let label = "pod-template-hash"

    static let alphabet = Array("bcdfghjklmnpqrstvwxz2456789")

    /// - Parameter collisions: how many other templates turned out to have the hash.
    static func hash(_ template: Node, collisions: Int = 0) -> String {
        var hash: UInt32 = 2_166_136_261
        func add(_ byte: UInt8) { hash = (hash ^ UInt32(byte)) &* 16_777_619 }
        for byte in JSONWriter.canonical(template).utf8 { add(byte) }
        if collisions > 0 { for byte in String(collisions).utf8 { add(byte) } }
        return String(String(hash).utf8.map { alphabet[Int($0) % alphabet.count] })
    }
}

extension DeploymentSpec {
    package static var podTemplateHashLabel: String { PodTemplateHash.label }

    /// What the pods of the present template carry, unless another template of the Deployment turned out to have the same.
    package var podTemplateHash: String { Self.podTemplateHash(of: template) }

    package static func podTemplateHash(of template: Node) -> String { PodTemplateHash.hash(template) }
}
