// SPDX-License-Identifier: Apache-2.0

import CLibYAML
import CanaryManifests
import CanaryResources
import Glibc

/// Compares reading manifests into resources with a bare scan of libyaml's events over the same bytes, and JSON with
/// YAML for one object of the store.
@main
struct ManifestBenchmark {
    static func main() {
        let count = CommandLine.arguments.dropFirst().first.flatMap { Int($0) } ?? 100_000
        let text = Array(SampleManifests.text(count: count).utf8)
        let before = peakMemory()
        line("\(count) manifests, \(text.count / 1_000_000) MB")
        var scan = Duration.seconds(1_000)
        for _ in 0..<3 { scan = min(scan, time { scanEvents(text) }) }
        line("libyaml events   \(scan.milliseconds) ms")
        var read = Duration.seconds(1_000)
        for _ in 0..<3 { read = min(read, time { readManifests(text) }) }
        line("resources        \(read.milliseconds) ms = \(ratio(read, scan)) x the scan")
        var check = Duration.seconds(1_000)
        for _ in 0..<3 { check = min(check, time { checkManifests(text) }) }
        line("and checked      \(check.milliseconds) ms = \(ratio(check, scan)) x the scan")
        let workers = max(1, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN))))
        var (wall, busy) = (Duration.seconds(1_000), Duration.seconds(1_000))
        for _ in 0..<3 {
            let start = ContinuousClock.now
            busy = min(busy, time { checkManifests(text, workers: workers) })
            wall = min(wall, ContinuousClock.now - start)
        }
        line("by \(workers) threads     \(busy.milliseconds) ms = \(ratio(busy, scan)) x the scan")
        line("on the wall      \(wall.milliseconds) ms = \(ratio(wall, scan)) x the scan")
        let used = peakMemory() - before
        line(
            "peak memory      \(used / 1_000_000) MB = \(used * 10 / max(text.count, 1)) tenths of the input"
        )
        compareStoredObject()
    }

    private static func checkManifests(_ text: [UInt8], workers: Int = 1) {
        let set = reader.readAndCheck([ManifestSource(name: "all.yaml", bytes: text)], workers: workers)
        precondition(!set.diagnostics.contains { $0.severity == .error })
    }

    private static let reader = ManifestReader(
        defaultNamespace: "default",
        namespaceIsExplicit: false,
        ignoreUnknownKinds: false
    )

    private static func readManifests(_ text: [UInt8]) {
        let set = reader.read([ManifestSource(name: "all.yaml", bytes: text)])
        precondition(set.diagnostics.isEmpty)
    }

    private static func scanEvents(_ text: [UInt8]) {
        let parser = UnsafeMutablePointer<yaml_parser_t>.allocate(capacity: 1)
        defer { parser.deallocate() }
        yaml_parser_initialize(parser)
        defer { yaml_parser_delete(parser) }
        text.withUnsafeBufferPointer { bytes in
            yaml_parser_set_input_string(parser, bytes.baseAddress, bytes.count)
            var event = yaml_event_t()
            repeat {
                yaml_event_delete(&event)
                precondition(yaml_parser_parse(parser, &event) == 1)
            } while event.type != YAML_STREAM_END_EVENT
            yaml_event_delete(&event)
        }
    }

    /// A VirtualService as the store keeps it.
    private static func compareStoredObject() {
        var parser = YAMLParser()
        let sample = ManifestSource(name: "sample", text: SampleManifests.virtualService(7))
        guard let node = parser.parse(sample).documents.first else { return }
        let json = JSONWriter.bytes(node)
        let rounds = 20_000
        let own = time { for _ in 0..<rounds { _ = try? JSONReader.read(json) } }
        let libyaml = time {
            for _ in 0..<rounds {
                var parser = YAMLParser()
                _ = parser.parse(ManifestSource(name: "", bytes: [0x20, 0x2d, 0x20] + json))
            }
        }
        line(
            "stored object    \(own.nanoseconds / rounds) ns by JSONReader, \(libyaml.nanoseconds / rounds) ns by libyaml"
        )
    }

    /// Processor time, which other load on the machine disturbs less than the clock on the wall.
    private static func time(_ body: () -> Void) -> Duration {
        let start = processorTime()
        body()
        return processorTime() - start
    }

    private static func processorTime() -> Duration {
        var time = timespec()
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
        return .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec)
    }

    private static func ratio(_ value: Duration, _ base: Duration) -> Double {
        Double(value.milliseconds * 100 / max(base.milliseconds, 1)) / 100
    }

    private static func peakMemory() -> Int {
        var usage = rusage()
        getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        return usage.ru_maxrss * 1024
    }

    private static func line(_ text: String) { print(text) }
}

extension Duration {
    fileprivate var nanoseconds: Int {
        Int(components.seconds) * 1_000_000_000 + Int(components.attoseconds / 1_000_000_000)
    }
}
