// SPDX-License-Identifier: Apache-2.0

import CanaryProxy
import CanaryStore
import CanarySystem
import Glibc

/// How a proxy begins with what another process opened, and ends where another one goes on.
extension ProxyService {
    /// What it begins with.
    struct Beginning {
        var takeOver: TakeOver?
        var inheritance: Inheritance
    }

    /// Asks the process that it is to take over from, or looks what the service manager passed.
    func begin(_ location: StoreLocation, _ manager: ServiceManager, _ log: ServiceLog) throws -> Beginning {
        guard let source = takeOver else {
            let inheritance = Inheritance()
            inheritance.add(activated: manager.passed).forEach(log.warn)
            return Beginning(inheritance: inheritance)
        }
        do {
            guard let takeOver = try TakeOver.begin(from: source.pid, in: location.directory) else {
                log.inform("no proxy of the store is running that could hand over")
                return Beginning(inheritance: Inheritance())
            }
            return Beginning(takeOver: takeOver, inheritance: takeOver.inheritance)
        } catch {
            throw CommandError(error)
        }
    }

    /// Tells the process before that this one serves. Where that one goes on all the same, this one is of no use.
    func complete(_ takeOver: TakeOver?, _ proxy: Proxy, _ log: ServiceLog) throws {
        guard let takeOver else { return }
        do {
            try takeOver.complete()
        } catch {
            proxy.drain()
            proxy.wait()
            throw CommandError(error)
        }
        log.inform("took over from proxy \(takeOver.process.pid)")
    }

    /// Tells the service manager that requests are accepted, and which process is the service now.
    func announce(_ proxy: Proxy, to manager: ServiceManager) {
        manager.notify(
            "MAINPID=\(getpid())",
            "READY=1",
            "STATUS=Serving on \(proxy.boundAddresses.joined(separator: ", "))"
        )
    }

    /// Has the program start anew and take over from this process.
    func beginHandOver(_ successor: Successor?, _ log: ServiceLog) {
        guard let successor else {
            return log.warn("a node does not hand over to another process: its pods would end with it")
        }
        successor.start()
    }

    /// What the service manager is told when another process serves in this one's place. Its own end is none of the service.
    static func tell(_ manager: ServiceManager, ofSuccessor pid: Int32) { manager.notify("MAINPID=\(pid)") }
}
