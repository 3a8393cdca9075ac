// SPDX-License-Identifier: Apache-2.0

import CanaryTestSupport
import Testing

@testable import CanaryProxy

/// Gateways' servers that ask clients for certificates.
@Suite(.enabled(if: Shell.finds("python3"), "python3 is not installed")) struct TLSClientCertificateTests {
    /// Who comes, and with what.
    private enum Client: String, CaseIterable {
        case nobody, good, other, expired, selfSigned, revoked
    }

    /// A server `a.example`, the clients' files, and what each client is answered: the status, or that it was refused.
    private static func answers(_ mode: String, _ more: [(String, Value)] = [], revokes: Bool = false) throws
        -> [String]
    {
        let origin = try TestOrigin { request in
            TestOrigin.response(request.field("x-forwarded-client-cert") ?? "-")
        }
        var clients: [(Client, TestAuthority.Identity)] = []
        let server = TLSScene.server(["a.example"], [("mode", .text(mode)), ("credentialName", "a")] + more)
        let scene = try TLSScene([("v1", origin.port)], servers: [server]) { authority in
            clients = [
                (.good, authority.issue("good", "URI:spiffe://x/good,DNS:good.example")),
                (.other, authority.issue("other \"quoted\"", "DNS:other.example")),
                (.expired, authority.issue("expired", "URI:spiffe://x/good", days: -3...(-1))),
                (.selfSigned, TestAuthority("good").issue("good", "URI:spiffe://x/good")),
                (.revoked, authority.issue("revoked", "URI:spiffe://x/good")),
            ]
            var trust = [("ca.crt", authority.identity.certificate)]
            if revokes { trust.append(("ca.crl", authority.revokeLast())) }
            return [TLSScene.secret("a", authority.issue("a", "DNS:a.example"), trust)]
        }
        for (client, identity) in clients { try scene.write(identity, as: client.rawValue) }
        let said = try scene.python(
            """
            for name in [\(Client.allCases.map { "'\($0.rawValue)'" }.joined(separator: ", "))]:
                answer = outcome(lambda: ask(connect(cert=None if name == 'nobody' else name), more='X-Forwarded-Client-Cert: forged\\r\\n'))
                print(name, answer[1].split(';', 1)[-1] if type(answer) is tuple else 'refused')
            """
        )
        return said.split(separator: "\n").map(String.init)
    }

    private static let good = "good Subject=\"CN=good\";URI=spiffe://x/good;DNS=good.example"
    private static let other = #"other Subject="CN=other \\\"quoted\\\"";URI=;DNS=other.example"#
    private static let revoked = "revoked Subject=\"CN=revoked\";URI=spiffe://x/good"

    @Test func `MUTUAL lets in who shows a good certificate, and tells upstreams who that is`() throws {
        #expect(
            try Self.answers("MUTUAL") == [
                "nobody refused", Self.good, Self.other, "expired refused", "selfSigned refused",
                Self.revoked,
            ]
        )
    }

    @Test func `a list of what was revoked is obeyed`() throws {
        #expect(
            try Self.answers("MUTUAL", revokes: true) == [
                "nobody refused", Self.good, Self.other, "expired refused", "selfSigned refused",
                "revoked refused",
            ]
        )
    }

    @Test func `OPTIONAL_MUTUAL lets in who shows none, but nobody with a bad one`() throws {
        #expect(
            try Self.answers("OPTIONAL_MUTUAL") == [
                "nobody -", Self.good, Self.other, "expired refused", "selfSigned refused", Self.revoked,
            ]
        )
    }

    @Test func `subject names choose among good certificates`() throws {
        #expect(
            try Self.answers("MUTUAL", [("subjectAltNames", ["spiffe://x/good"])]) == [
                "nobody refused", Self.good, "other refused", "expired refused", "selfSigned refused",
                Self.revoked,
            ]
        )
    }

    @Test func `SIMPLE asks nobody, and believes nobody`() throws {
        #expect(
            try Self.answers("SIMPLE") == [
                "nobody -", "good -", "other -", "expired -", "selfSigned -", "revoked -",
            ]
        )
    }

    /// Whose name a server has is in by that server's rules alone, however its name is written.
    @Test func `nobody gets around a certificate by another server's name`() throws {
        let origin = try TestOrigin(named: "in")
        let servers = [
            TLSScene.server(["*"], [("mode", "SIMPLE"), ("credentialName", "a")]),
            TLSScene.server(["secure.z.example"], [("mode", "MUTUAL"), ("credentialName", "a")]),
            TLSScene.server(["*.z.example"], [("mode", "SIMPLE"), ("credentialName", "a")]),
        ]
        let scene = try TLSScene([("v1", origin.port)], servers: servers) { authority in
            let own = authority.issue("a", "DNS:*.z.example,DNS:other.example")
            return [TLSScene.secret("a", own, [("ca.crt", authority.identity.certificate)])]
        }
        let said = try scene.python(
            """
            for name in ('a.z.example', 'other.example'):
                for host in ('secure.z.example', 'SECURE.z.example:443', 'secure.z.example.', name):
                    print(ask(connect(name), host)[0], end=' ')
                c = connect(name)
                c.sendall(b'GET http://secure.z.example/ HTTP/1.1\\r\\nHost: ' + name.encode() + b'\\r\\n\\r\\n')
                print(c.recv(100).split()[1].decode())
            """
        )
        #expect(said == "421 421 421 200 421\n421 421 421 200 421\n")
    }

    @Test func `who shows a certificate shows it each time`() throws {
        let origin = try TestOrigin(named: "in")
        let server = TLSScene.server(["a.example"], [("mode", "MUTUAL"), ("credentialName", "a")])
        let scene = try TLSScene([("v1", origin.port)], servers: [server]) { authority in
            [
                TLSScene.secret(
                    "a",
                    authority.issue("a", "DNS:a.example"),
                    [("ca.crt", authority.identity.certificate)]
                )
            ]
        }
        try scene.write(scene.authority.issue("client", "DNS:client"), as: "client")
        let said = try scene.python(
            """
            for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
                first = connect(cert='client', version=version)
                print(ask(first)[0], end=' ')
                print(connect(session=(first.session, first.context)).session_reused if first.session else False)
            """
        )
        #expect(said == "200 False\n200 False\n")
    }

    @Test func `an empty list of what was revoked is no list`() throws {
        let origin = try TestOrigin(named: "in")
        let server = TLSScene.server(["a.example"], [("mode", "MUTUAL"), ("credentialName", "a")])
        let scene = try TLSScene([("v1", origin.port)], servers: [server]) { authority in
            let trust = [("ca.crt", authority.identity.certificate), ("ca.crl", "")]
            return [TLSScene.secret("a", authority.issue("a", "DNS:a.example"), trust)]
        }
        #expect(
            scene.warnings == [
                "Gateway default/edge, a.example: Secret default/a: the CRL is empty: nobody could tell who was revoked;"
                    + " clients are refused"
            ]
        )
    }

    @Test func `hashes choose among good certificates`() throws {
        #expect(
            try Self.answers("MUTUAL", [("verifyCertificateHash", ["00:11"])]).allSatisfy {
                $0.hasSuffix("refused")
            }
        )
        #expect(
            try Self.answers("MUTUAL", [("verifyCertificateSpki", ["AAAA"])]).allSatisfy {
                $0.hasSuffix("refused")
            }
        )
    }
}
