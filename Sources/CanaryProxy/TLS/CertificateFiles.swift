// SPDX-License-Identifier: Apache-2.0

import CanaryResources
import CanaryRouting
import CanarySystem

/// What certificates' files held when they were looked at.
struct CertificateFiles {
    private var contents: [String: Result<KeyMaterial, TLSProblem>] = [:]

    init(_ paths: some Sequence<String>) {
        for path in paths { contents[path] = Self.content(of: path) }
    }

    private static func content(of path: String) -> Result<KeyMaterial, TLSProblem> {
        switch FileReader.read(path: path) {
        case .success(let bytes): .success(KeyMaterial(bytes))
        case .failure(let error): .failure(TLSProblem("\(path): \(error.reason)"))
        }
    }

    /// What a file held.
    func read(_ path: String) throws(TLSProblem) -> KeyMaterial {
        try (contents[path] ?? Self.content(of: path)).get()
    }

    /// What a credential is made of.
    func credential(_ credential: TLSCredential) throws(TLSProblem) -> Credential {
        switch credential {
        case .secret(let name, .none):
            throw TLSProblem("Secret \(name) does not exist, or holds no certificate")
        case .secret(_, .some(let found)): return found
        case .files(let files):
            return Credential(certificate: try read(files.certificate), key: try read(files.key))
        }
    }

    /// What some of the files held, to tell whether it has changed.
    func contents(of paths: [String]) -> [Result<KeyMaterial, TLSProblem>] {
        paths.compactMap { contents[$0] }
    }
}

extension TLSServerSettings {
    /// The files that they name.
    var paths: [String] {
        let credentialFiles = credentials.flatMap { credential -> [String] in
            guard case .files(let files) = credential else { return [] }
            return [files.certificate, files.key]
        }
        return tls.mode.terminates
            ? credentialFiles + [tls.caCertificates, tls.caCrl].compactMap(\.self) : []
    }
}
