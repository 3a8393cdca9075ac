// SPDX-License-Identifier: Apache-2.0

import CanarySystem
import Glibc

/// Where text goes: standard output, standard error, or a test's buffer.
///
/// Text is collected and written in large pieces. When the reader has gone away (`canaryctl get pods | head`), further
/// text is dropped in silence; any other failure is kept in `failure`, so that a full disk under `> file` is not taken
/// for success.
package final class OutputStream {
    package let isTerminal: Bool
    /// The terminal's width in columns, `nil` where it is not one.
    package let columns: Int?
    /// The width that help is wrapped to. Its parser can't wrap to less than its own margin.
    var helpColumns: Int { min(max(columns ?? 80, 40), 120) }
    private let sink: ([UInt8]) -> Int32
    private var pending: [UInt8] = []
    /// Whether the reader is still there, as far as the last write could tell.
    package private(set) var isOpen = true
    /// The error number of the first write that failed for another reason than a reader that went away.
    package private(set) var failure: Int32?

    /// - Parameter sink: writes all bytes; returns 0 or an error number.
    package init(isTerminal: Bool = false, columns: Int? = nil, sink: @escaping ([UInt8]) -> Int32) {
        self.isTerminal = isTerminal
        self.columns = columns
        self.sink = sink
    }

    package func write(_ text: String) {
        pending.append(contentsOf: text.utf8)
        if pending.count > 1 << 16 { flush() }
    }

    package func writeLine(_ text: String = "") {
        write(text)
        write("\n")
    }

    /// Writes text of any size without keeping a copy of it.
    package func write(_ bytes: [UInt8]) {
        flush()
        send(bytes)
    }

    package func flush() {
        send(pending)
        pending.removeAll(keepingCapacity: true)
    }

    private func send(_ bytes: [UInt8]) {
        guard !bytes.isEmpty, isOpen else { return }
        let error = sink(bytes)
        guard error != 0 else { return }
        isOpen = false
        if error != EPIPE { failure = error }
    }
}

extension OutputStream {
    /// A stream over a file descriptor.
    package static func descriptor(_ descriptor: Int32, columns: Int?) -> OutputStream {
        OutputStream(isTerminal: isatty(descriptor) == 1, columns: columns) { bytes in
            unsafe bytes.withUnsafeBytes { unsafe FileWriter.write($0, to: descriptor) }?.error.number ?? 0
        }
    }
}
