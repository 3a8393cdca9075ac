// SPDX-License-Identifier: Apache-2.0

import CanarySystem
import Glibc

/// Which processes are a container's.
package enum UsageRoot: Hashable, Sendable {
    /// Those below its supervisor.
    case below(Int32)
    /// Its first one and those below it: others, of the tool that keeps it, are beside it.
    case from(Int32)
}

/// What processes and all below them use, by `/proc`: one look at all processes of the machine serves all containers.
package struct ProcessUsage: Sendable {
    package struct Reading: Hashable, Sendable {
        /// Of the processes and of those below them that ended, in milliseconds since their starts.
        package var cpuMilliseconds: Int64 = 0
        /// Resident bytes. What processes share counts for each.
        package var memory: Int64 = 0
        package var processes = 0
    }

    private struct Entry {
        var parent: Int32
        /// Its own ones.
        var ticks: Int64
        /// Of those that it waited for, and that these waited for.
        var endedTicks: Int64
        var pages: Int64
    }

    private var entries: [Int32: Entry] = [:]
    private var children: [Int32: [Int32]] = [:]

    /// Looks now.
    package init() {
        for name in (try? FileReader.names(in: "/proc").get()) ?? [] {
            guard let pid = Int32(name), let entry = Self.entry(pid) else { continue }
            entries[pid] = entry
            children[entry.parent, default: []].append(pid)
        }
    }

    /// Of a supervisor's processes itself is left out. It waits for orphans, so that what these used is not lost.
    package func reading(_ root: UsageRoot) -> Reading {
        switch root {
        case .below(let supervisor):
            reading(of: children[supervisor] ?? [], ended: entries[supervisor]?.endedTicks ?? 0)
        case .from(let pid): reading(of: [pid], ended: 0)
        }
    }

    /// The memory that its processes have, where what several share counts in parts for each: reading that takes the kernel a while.
    func proportionalMemory(_ root: UsageRoot) -> Int64 {
        processes(root).reduce(0) { sum, pid in
            sum + (Self.proportionalMemory(pid) ?? (entries[pid]?.pages ?? 0) * Self.pageBytes)
        }
    }

    private func processes(_ root: UsageRoot) -> [Int32] {
        var found: [Int32] = []
        var ahead =
            switch root {
            case .below(let supervisor): children[supervisor] ?? []
            case .from(let pid): [pid]
            }
        while let pid = ahead.popLast() {
            found.append(pid)
            ahead += children[pid] ?? []
        }
        return found
    }

    /// proc(5), `/proc/PID/smaps_rollup`; `nil` where nobody says it.
    private static func proportionalMemory(_ pid: Int32) -> Int64? {
        guard let bytes = try? FileReader.read(path: "/proc/\(pid)/smaps_rollup").get() else { return nil }
        let line = String(decoding: bytes, as: UTF8.self).split(separator: "\n").first {
            $0.hasPrefix("Pss:")
        }
        return line?.split(separator: " ").dropFirst().first.flatMap { Int64($0) }.map { $0 << 10 }
    }

    private func reading(of pids: [Int32], ended: Int64) -> Reading {
        var reading = Reading()
        var ticks = ended
        var ahead = pids
        while let pid = ahead.popLast() {
            guard let entry = entries[pid] else { continue }
            ticks += entry.ticks + entry.endedTicks
            reading.memory += entry.pages * Self.pageBytes
            reading.processes += 1
            ahead += children[pid] ?? []
        }
        reading.cpuMilliseconds = ticks * 1000 / Self.ticksPerSecond
        return reading
    }

    private static let pageBytes = Int64(sysconf(Int32(_SC_PAGESIZE)))
    private static let ticksPerSecond = Int64(sysconf(Int32(_SC_CLK_TCK)))

    /// proc(5), `/proc/PID/stat`: fields 4 (parent), 14 to 17 (user and system time, its own and its ended children's), 24 (pages).
    private static func entry(_ pid: Int32) -> Entry? {
        guard let bytes = try? FileReader.read(path: "/proc/\(pid)/stat").get(),
            let nameEnd = bytes.lastIndex(of: UInt8(ascii: ")"))
        else { return nil }
        let fields = bytes[(nameEnd + 1)...].split(separator: UInt8(ascii: " "))
        func field(_ number: Int) -> Int64? { Int64(String(decoding: fields[number - 3], as: UTF8.self)) }
        guard fields.count > 21, let parent = field(4), let pages = field(24) else { return nil }
        return Entry(
            parent: Int32(clamping: parent),
            ticks: (14...15).compactMap(field).reduce(0, +),
            endedTicks: (16...17).compactMap(field).reduce(0, +),
            pages: pages
        )
    }
}
