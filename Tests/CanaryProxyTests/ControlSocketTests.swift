// SPDX-License-Identifier: Apache-2.0

import CanarySystem
import CanaryTestSupport
import Glibc
import Testing

@testable import CanaryProxy

/// How a proxy comes to its socket in the store's directory.
struct ControlSocketTests {
    @Test func `what a proxy left that was killed before it listened goes, once that is long ago`() throws {
        let scratch = try ScratchDirectory()
        let left = ".admin-\(UUID.random())"
        try scratch.write("", to: left)
        let now = Clock.wallMilliseconds()
        close(try ControlSocket.open(in: scratch.path, now: now).descriptor)
        #expect(try FileReader.names(in: scratch.path).get().contains(left))
        close(try ControlSocket.open(in: scratch.path, now: now + 3_600_000).descriptor)
        #expect(try !FileReader.names(in: scratch.path).get().contains(left))
    }

    @Test func `the sockets of known processes are left alone`() throws {
        let scratch = try ScratchDirectory()
        let socket = try ControlSocket.open(in: scratch.path)
        defer { close(socket.descriptor) }
        #expect(ControlSocket.owners(in: scratch.path, besides: [getpid()]).isEmpty)
        // Nobody connected.
        #expect(accept(socket.descriptor, nil, nil) == -1 && errno == EAGAIN)
        #expect(ControlSocket.owners(in: scratch.path, besides: [getpid() + 1]) == [getpid()])
    }

    @Test(arguments: [EPERM, EOPNOTSUPP])
    func `a file system without hard links will do`(number: Int32) throws {
        let scratch = try ScratchDirectory()
        let sockets = try (0..<2).map { _ in
            try ControlSocket.open(in: scratch.path) { _, _, _ in
                errno = number
                return -1
            }
        }
        defer { sockets.forEach { close($0.descriptor) } }
        let name = "admin-\(getpid())"
        #expect(sockets.map(\.path) == ["", "-1"].map { scratch.path("\(name)\($0).sock") })
        #expect(sockets.allSatisfy { $0.isInPlace })
        #expect(ControlSocket.owners(in: scratch.path) == [getpid(), getpid()])
        #expect(try FileReader.names(in: scratch.path).get() == ["\(name)-1.sock", "\(name).sock"])
    }
}
