// SPDX-License-Identifier: Apache-2.0

import CLinux
import CanaryJudge
import Glibc

/// A terminal that shows one page until it is left: the alternate screen, without cursor and echo. Only lines that have changed are
/// written, at once (synchronized output, where the terminal knows it). Belongs to one thread; whoever enters it leaves it.
final class TerminalPage {
    private let stream: OutputStream
    private let style: ScreenStyle
    /// What the terminal was like before.
    private var before: termios?
    private var shown: [String] = []
    private var size = (columns: 0, rows: 0)

    init(_ stream: OutputStream, style: ScreenStyle) {
        self.stream = stream
        self.style = style
    }

    /// `nil` where standard output is no terminal that has a size.
    static func size() -> (columns: Int, rows: Int)? {
        var size = winsize()
        guard unsafe ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0, size.ws_row > 0
        else {
            return nil
        }
        return (Int(size.ws_col), Int(size.ws_row))
    }

    func enter() {
        var attributes = termios()
        if unsafe tcgetattr(STDIN_FILENO, &attributes) == 0 {
            before = attributes
            attributes.c_lflag &= ~tcflag_t(ICANON | ECHO)
            // Keys that would stop the process come as such: the terminal is to be as it was then.
            setKey(VSUSP, &attributes)
            setKey(VQUIT, &attributes)
            unsafe tcsetattr(STDIN_FILENO, TCSANOW, &attributes)
        }
        stream.write("\u{1B}[?1049h\u{1B}[?25l\u{1B}[2J")
        stream.flush()
        shown = []
    }

    private func setKey(_ key: Int32, _ attributes: inout termios) {
        unsafe withUnsafeMutableBytes(of: &attributes.c_cc) { keys in
            // _POSIX_VDISABLE
            if keys.indices.contains(Int(key)) { unsafe keys[Int(key)] = 0 }
        }
    }

    func leave() {
        stream.write("\u{1B}[0m\u{1B}[?25h\u{1B}[?1049l")
        stream.flush()
        if var attributes = before { unsafe tcsetattr(STDIN_FILENO, TCSADRAIN, &attributes) }
        before = nil
    }

    /// Stops the process as ^Z does, with the terminal as it was, and comes back when it goes on.
    func suspend() {
        leave()
        kill(getpid(), SIGSTOP)
        enter()
    }

    func show(_ lines: [ScreenLine], columns: Int, rows: Int) {
        var text = ""
        if size != (columns, rows) {
            size = (columns, rows)
            shown = []
            text += "\u{1B}[2J"
        }
        for (index, line) in lines.prefix(rows).enumerated() {
            let painted = style.text(line, columns: columns)
            guard !shown.indices.contains(index) || shown[index] != painted else { continue }
            text += "\u{1B}[\(index + 1);1H\(painted)\u{1B}[K"
            if shown.indices.contains(index) { shown[index] = painted } else { shown.append(painted) }
        }
        guard !text.isEmpty else { return }
        stream.write("\u{1B}[?2026h\(text)\u{1B}[?2026l")
        stream.flush()
    }

    /// The keys that were pressed since the last call.
    func keys() -> [UInt8] {
        var wanted = pollfd(fd: STDIN_FILENO, events: Int16(POLLIN), revents: 0)
        guard unsafe poll(&wanted, 1, 0) > 0 else { return [] }
        var bytes = [UInt8](repeating: 0, count: 64)
        let count = unsafe read(STDIN_FILENO, &bytes, bytes.count)
        return count > 0 ? Array(bytes[..<count]) : []
    }
}

/// How lines of a page become text for a terminal.
struct ScreenStyle {
    let hasColors: Bool

    init(_ style: Style) {
        hasColors = style.isOn
    }

    /// In so many columns at most, whatever the characters; nothing in it can move the cursor.
    func text(_ line: ScreenLine, columns: Int) -> String {
        var text = ""
        var left = columns
        for part in line.parts where left > 0 {
            var piece = ""
            for cell in part.text.unicodeScalars.map(TerminalCell.init) {
                guard cell.width <= left else {
                    left = 0
                    break
                }
                piece += cell.text
                left -= cell.width
            }
            text += paint(piece, part.tone)
        }
        return text
    }

    private func paint(_ text: String, _ tone: ScreenLine.Tone) -> String {
        guard let code = code(tone), !text.isEmpty else { return text }
        return "\u{1B}[\(code)m\(text)\u{1B}[0m"
    }

    /// Without colours, what is bold or faint still is.
    private func code(_ tone: ScreenLine.Tone) -> String? {
        switch tone {
        case .plain: nil
        case .bold: "1"
        case .faint: "2"
        case .good: hasColors ? "32" : nil
        case .bad: hasColors ? "1;31" : "1"
        case .stable: hasColors ? "34" : nil
        case .canary: hasColors ? "33" : nil
        }
    }
}
