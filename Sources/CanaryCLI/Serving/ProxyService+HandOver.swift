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

    /// A process that serves goes on where this one would serve less: the last table of a store that cannot be read is in that one
    /// alone.
    func check(_ step: TablePublisher.Step, _ proxy: Proxy, instead takeOver: TakeOver?) throws {
        guard let takeOver else { return }
        let reason: String? =
            switch step {
            case .published: proxy.damage.first
            case .cleared: "there is no store in \(settings.storeDirectory)"
            case .kept: proxy.staleness?.reason ?? "the store cannot be read"
            case .stopped: "the store is followed no more"
            }
        guard let reason else { return }
        proxy.abandon()
        throw CommandError(ProxyError.cannotTakeOver(pid: takeOver.process.pid, reason: reason))
    }

    /// Tells the process before that this one serves. Where that one goes on all the same, this one is of no use; where this one was
    /// asked to end meanwhile, that one hears nothing of it.
    ///
    /// - Returns: the status to end with; `nil` to serve.
    func complete(
        _ takeOver: TakeOver?,
        _ proxy: Proxy,
        _ signals: SignalReader,
        _ log: ServiceLog
    ) throws -> ExitStatus? {
        guard let takeOver else { return nil }
        while let signal = signals.next(milliseconds: 0) {
            guard signal == SIGINT || signal == SIGTERM else { continue }
            end(proxy)
            log.inform("asked to end: proxy \(takeOver.process.pid) goes on")
            return signal == SIGINT ? .interrupted : .success
        }
        do {
            try takeOver.complete {
                log.warn("proxy \(takeOver.process.pid) does not answer; both serve until it does")
            }
        } catch {
            end(proxy)
            throw CommandError(error)
        }
        log.inform("took over from proxy \(takeOver.process.pid)")
        return nil
    }

    private func end(_ proxy: Proxy) {
        proxy.drain()
        proxy.wait()
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
}
