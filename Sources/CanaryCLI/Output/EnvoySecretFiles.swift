// SPDX-License-Identifier: Apache-2.0

import CanaryInsight
import CanaryResources
import CanarySystem

/// The files that Envoy reads what Secrets hold from.
struct EnvoySecretFiles {
    /// Where they are looked for when nobody says where.
    static let usualDirectory = "/etc/envoy/secrets"

    private let files: [EnvoyConfiguration.File]

    init(_ files: [EnvoyConfiguration.File]) { self.files = files }

    /// What has to be done where they are not written.
    var warnings: [String] {
        Set(files.map(\.secret)).sorted().map { secret in
            let names = files.filter { $0.secret == secret }.compactMap { $0.path.split(separator: "/").last }
            let list = names.joined(separator: ", ")
            return "Secret \(secret): Envoy reads \(list) in \(Self.usualDirectory)/\(secret):"
                + " --secrets DIR writes them to DIR instead"
        }
    }

    /// Writes each below a directory, for nobody but the owner.
    func write(to directory: String, called name: String) throws {
        for file in files {
            let path = "\(directory)/\(file.path)"
            let parent = path.split(separator: "/", omittingEmptySubsequences: false).dropLast()
            try FileWriter.makeDirectory(parent.joined(separator: "/")).orThrow(
                "cannot make the directory \(name)/\(file.secret)"
            )
            let content = unsafe file.content.withBytes { unsafe Array($0) }
            _ = try FileWriter.replace(path: path, with: content, mode: 0o600).orThrow(
                "cannot write \(name)/\(file.path)"
            )
        }
    }
}
