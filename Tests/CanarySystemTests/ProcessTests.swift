// SPDX-License-Identifier: Apache-2.0

import CLinux
import CanarySystem
import CanaryTestSupport
import Glibc
import Testing

@Suite struct ProcessTests {
    @Test func `a process is told from a later one of its number`() throws {
        let current = ProcessIdentity.current
        #expect(current.pid == getpid())
        #expect(current.isRunning)
        #expect(ProcessIdentity(of: getpid()) == current)
        #expect(!ProcessIdentity(pid: getpid(), startTicks: current.startTicks + 1).isRunning)
        // No process has this number: it is above the kernel's limit.
        #expect(ProcessIdentity(of: .max) == nil)
    }

    @Test func `code that the start needed leaves the memory, and comes back`() throws {
        func residentCode() throws -> Int {
            let maps = String(decoding: try FileReader.read(path: "/proc/self/smaps").get(), as: UTF8.self)
            var isCode = false
            return maps.split(separator: "\n").reduce(0) { sum, line in
                if line.contains(" r-xp ") || line.contains("-p ") { isCode = line.contains(" r-xp ") }
                guard isCode, line.hasPrefix("Rss:") else { return sum }
                return sum + (Int(line.filter(\.isNumber)) ?? 0)
            }
        }
        let before = try residentCode()
        canary_release_unused_pages()
        #expect(try residentCode() < before)
    }

    @Test func `one that ended and waits for its parent does not run`() throws {
        var pid = pid_t()
        var words: [UnsafeMutablePointer<CChar>?] = [strdup("true"), nil]
        defer { words.forEach { free($0) } }
        try #require(posix_spawnp(&pid, "true", nil, nil, &words, nil) == 0)
        // Waits for its end and leaves it unburied.
        var information = siginfo_t()
        try #require(waitid(P_PID, id_t(pid), &information, WEXITED | WNOWAIT) == 0)
        #expect(ProcessIdentity(of: pid) == nil)
        waitpid(pid, nil, 0)
    }

    @Test func `proc tells who the process is`() throws {
        let scratch = try ScratchDirectory()
        let path = try scratch.write("x", to: "file")
        let descriptor = open(path, O_RDONLY)
        try #require(descriptor >= 0)
        defer { close(descriptor) }
        #expect(CurrentProcess.path(of: descriptor).map { $0.hasSuffix("/file") } == true)
        #expect(CurrentProcess.path(of: -1) == nil)
        #expect(try FileReader.type(of: #require(CurrentProcess.executable)).get() == .file)
        #expect(try FileReader.type(of: #require(CurrentProcess.workingDirectory)).get() == .directory)
        #expect(CurrentProcess.environment["PATH"] == getenv("PATH").map { String(cString: $0) })
    }

    @Test func `who listens on a port is found`() throws {
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        try #require(listener >= 0)
        defer { close(listener) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isBound = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(listener, $0, length) == 0 && getsockname(listener, $0, &length) == 0
            }
        }
        try #require(isBound)
        let port = UInt16(bigEndian: address.sin_port)
        // Bound, but not listening yet.
        #expect(PortOwner.find(port: port) == nil)
        try #require(listen(listener, 1) == 0)
        let owner = try #require(PortOwner.find(port: port))
        #expect(owner.hasSuffix("(pid \(getpid()))"))
    }
}
