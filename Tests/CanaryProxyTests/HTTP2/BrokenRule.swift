// SPDX-License-Identifier: Apache-2.0

/// A rule of RFC 9113 or RFC 7541 that a client can break, and what comes of it.
struct BrokenRule: CustomStringConvertible, Sendable {
    enum Result: Sendable {
        /// The connection ends with one of these errors.
        case connection([UInt32])
        /// The stream alone is reset with one of these, or the connection ends with it: a server may take an error of a stream for one
        /// of the connection (RFC 9113, 5.4.1).
        case stream([UInt32])
        /// All goes on.
        case nothing
    }

    let section: String
    let frames: [Frame]
    let result: Result

    var description: String { section }

    private static let protocolError: [UInt32] = [1]
    private static let flowControl: [UInt32] = [3]
    private static let streamClosed: [UInt32] = [5]
    private static let frameSize: [UInt32] = [6]
    private static let compression: [UInt32] = [9]
    private static let head = Frame.headers(1, Frame.request(), ends: true)
    private static let openHead = Frame.headers(1, Frame.request(method: "POST"), ends: false)

    private init(_ section: String, _ frames: [Frame], _ result: Result) {
        self.section = section
        self.frames = frames
        self.result = result
    }

    static let all =
        frameFormat + streamStates + frameKinds + settingsRules + windows + messages + compressionRules

    private static let frameFormat = [
        BrokenRule("4.1 an unknown kind of frame is ignored", [Frame(0x16, [0])], .nothing),
        BrokenRule(
            "4.1 unknown flags are ignored",
            [Frame(.ping, flags: 0x16, Array(repeating: 0, count: 8))],
            .nothing
        ),
        BrokenRule(
            "4.2 a DATA frame larger than allowed",
            [openHead, .data(1, .init(repeating: 0, count: 16_385))],
            .stream(frameSize)
        ),
        BrokenRule(
            "4.2 a HEADERS frame larger than allowed",
            [.headers(1, Frame.request([("x", String(repeating: "a", count: 16_400))]))],
            .connection(frameSize)
        ),
        BrokenRule(
            "4.3 another frame within a head",
            [.headers(1, Frame.request(), endsHead: false), Frame(.ping, .init(repeating: 0, count: 8))],
            .connection(protocolError)
        ),
        BrokenRule(
            "4.3 another stream's head within a head",
            [.headers(1, Frame.request(), endsHead: false), .headers(3, Frame.request())],
            .connection(protocolError)
        ),
        BrokenRule(
            "5.5 an unknown frame within a head",
            [.headers(1, Frame.request(), endsHead: false), Frame(0x16, stream: 1)],
            .connection(protocolError)
        ),
    ]

    private static let streamStates = [
        BrokenRule("5.1 DATA of an idle stream", [.data(1, [1])], .connection(protocolError)),
        BrokenRule("5.1 RST_STREAM of an idle stream", [.reset(1)], .connection(protocolError)),
        BrokenRule(
            "5.1 WINDOW_UPDATE of an idle stream",
            [.windowUpdate(1, 100)],
            .connection(protocolError)
        ),
        BrokenRule(
            "5.1 CONTINUATION of an idle stream",
            [Frame(.continuation, flags: 4, stream: 1, Frame.block(Frame.request()))],
            .connection(protocolError)
        ),
        BrokenRule("5.1 DATA behind the end", [head, .data(1, [1], ends: true)], .stream(streamClosed)),
        BrokenRule(
            "5.1 HEADERS behind the end",
            [head, .headers(1, Frame.request())],
            .stream(streamClosed)
        ),
        BrokenRule("5.1.1 an even number", [.headers(2, Frame.request())], .connection(protocolError)),
        // Nobody remembers which streams ended long ago: it is taken for one that was reset, and gets no answer.
        BrokenRule(
            "5.1.1 a number lower than one before",
            [.headers(5, Frame.request()), .headers(3, Frame.request())],
            .nothing
        ),
    ]

    private static let frameKinds = [
        BrokenRule("6.1 DATA without a stream", [.data(0, [1])], .connection(protocolError)),
        BrokenRule(
            "6.1 DATA with more padding than there is",
            [openHead, Frame(.data, flags: Frame.padded, stream: 1, [6, 1, 2, 3])],
            .connection(protocolError)
        ),
        BrokenRule(
            "6.2 HEADERS without a stream",
            [.headers(0, Frame.request())],
            .connection(protocolError)
        ),
        BrokenRule(
            "6.2 HEADERS with more padding than there is",
            [Frame(.headers, flags: 13, stream: 1, [255] + Frame.block(Frame.request()))],
            .connection(protocolError)
        ),
        BrokenRule(
            "6.3 PRIORITY without a stream",
            [Frame(.priority, [0, 0, 0, 0, 1])],
            .connection(protocolError)
        ),
        BrokenRule(
            "6.3 PRIORITY of another length",
            [Frame(.priority, stream: 1, [0, 0, 0, 1])],
            .stream(frameSize)
        ),
        BrokenRule("6.4 RST_STREAM without a stream", [.reset(0)], .connection(protocolError)),
        BrokenRule(
            "6.4 RST_STREAM of another length",
            [openHead, Frame(.reset, stream: 1, [0, 0, 8])],
            .connection(frameSize)
        ),
        BrokenRule(
            "6.6 PUSH_PROMISE of a client",
            [openHead, Frame(.pushPromise, flags: 4, stream: 1, Frame.number(2))],
            .connection(protocolError)
        ),
        BrokenRule(
            "6.7 PING with a stream",
            [Frame(.ping, stream: 1, .init(repeating: 0, count: 8))],
            .connection(protocolError)
        ),
        BrokenRule("6.7 PING of another length", [Frame(.ping, [0, 0, 0, 0, 0, 0])], .connection(frameSize)),
        BrokenRule(
            "6.8 GOAWAY with a stream",
            [Frame(.goAway, stream: 1, .init(repeating: 0, count: 8))],
            .connection(protocolError)
        ),
        BrokenRule(
            "6.10 CONTINUATION without a stream",
            [.headers(1, Frame.request(), endsHead: false), Frame(.continuation, flags: 4, [])],
            .connection(protocolError)
        ),
        BrokenRule(
            "6.10 CONTINUATION behind a complete head",
            [openHead, Frame(.continuation, flags: 4, stream: 1, [])],
            .connection(protocolError)
        ),
        BrokenRule(
            "6.10 CONTINUATION behind DATA",
            [openHead, .data(1, [1]), Frame(.continuation, flags: 4, stream: 1, [])],
            .connection(protocolError)
        ),
    ]

    private static let settingsRules = [
        BrokenRule(
            "6.5 an acknowledgement with settings",
            [Frame(.settings, flags: 1, [0])],
            .connection(frameSize)
        ),
        BrokenRule("6.5 SETTINGS with a stream", [Frame(.settings, stream: 1)], .connection(protocolError)),
        BrokenRule("6.5 SETTINGS of a broken length", [Frame(.settings, [0, 3, 0])], .connection(frameSize)),
        BrokenRule(
            "6.5.2 ENABLE_PUSH that is neither 0 nor 1",
            [.settings([(2, 2)])],
            .connection(protocolError)
        ),
        BrokenRule(
            "6.5.2 INITIAL_WINDOW_SIZE too large",
            [.settings([(4, 1 << 31)])],
            .connection(flowControl)
        ),
        BrokenRule("6.5.2 MAX_FRAME_SIZE too small", [.settings([(5, 16_383)])], .connection(protocolError)),
        BrokenRule("6.5.2 MAX_FRAME_SIZE too large", [.settings([(5, 1 << 24)])], .connection(protocolError)),
        BrokenRule("6.5.2 an unknown setting is ignored", [.settings([(0xFF, 1)])], .nothing),
    ]

    private static let windows = [
        BrokenRule("6.9 WINDOW_UPDATE by nothing", [.windowUpdate(0, 0)], .connection(protocolError)),
        BrokenRule(
            "6.9 a stream's WINDOW_UPDATE by nothing",
            [openHead, .windowUpdate(1, 0)],
            .stream(protocolError)
        ),
        BrokenRule(
            "6.9 WINDOW_UPDATE of another length",
            [Frame(.windowUpdate, [0, 0, 1])],
            .connection(frameSize)
        ),
        BrokenRule("6.9.1 a window past 2^31 - 1", [.windowUpdate(0, 0x7FFF_FFFF)], .connection(flowControl)),
        BrokenRule(
            "6.9.1 a stream's window past 2^31 - 1",
            [openHead, .windowUpdate(1, 0x7FFF_FFFF)],
            .stream(flowControl)
        ),
    ]

    private static func message(_ section: String, _ fields: [(String, String)]) -> BrokenRule {
        BrokenRule(section, [.headers(1, fields)], .stream(protocolError))
    }

    private static let messages = [
        BrokenRule(
            "8.1 a second head without an end",
            [openHead, .headers(1, [("x", "y")], ends: false)],
            .stream(protocolError)
        ),
        BrokenRule(
            "8.1 a pseudo-header field in trailers",
            [openHead, .headers(1, [(":method", "GET")])],
            .stream(protocolError)
        ),
        BrokenRule(
            "8.1.1 less data than told",
            [
                .headers(1, Frame.request([("content-length", "3")], method: "POST"), ends: false),
                .data(1, [1], ends: true),
            ],
            .stream(protocolError)
        ),
        BrokenRule(
            "8.1.1 more data than told",
            [
                .headers(1, Frame.request([("content-length", "1")], method: "POST"), ends: false),
                .data(1, [1, 2, 3], ends: true),
            ],
            .stream(protocolError)
        ),
        message("8.1.1 a length without data", Frame.request([("content-length", "3")])),
        message("8.2.1 an upper-case name", Frame.request([("X-Own", "1")])),
        message("8.2.1 a space in a name", Frame.request([("x own", "1")])),
        message("8.2.1 a colon in a name", Frame.request([("x:own", "1")])),
        message("8.2.1 a line end in a value", Frame.request([("x", "a\r\nb: c")])),
        message("8.2.1 a bare line feed in a value", Frame.request([("x", "a\nb")])),
        message("8.2.1 a NUL in a value", Frame.request([("x", "a\u{0}b")])),
        message("8.2.1 white space around a value", Frame.request([("x", " a ")])),
        message("8.2.2 connection", Frame.request([("connection", "keep-alive")])),
        message("8.2.2 transfer-encoding", Frame.request([("transfer-encoding", "chunked")])),
        message("8.2.2 upgrade", Frame.request([("upgrade", "websocket")])),
        message("8.2.2 keep-alive", Frame.request([("keep-alive", "1")])),
        message("8.2.2 proxy-connection", Frame.request([("proxy-connection", "close")])),
        message("8.2.2 te of anything but trailers", Frame.request([("te", "gzip")])),
        message("8.3 an unknown pseudo-header field", Frame.request([(":own", "1")])),
        message("8.3 a pseudo-header field of answers", Frame.request([(":status", "200")])),
        message("8.3 a pseudo-header field behind others", [("x", "y")] + Frame.request()),
        message("8.3.1 no method", Array(Frame.request().dropFirst())),
        message("8.3.1 no scheme", Frame.request().filter { $0.0 != ":scheme" }),
        message("8.3.1 no path", Frame.request().filter { $0.0 != ":path" }),
        message("8.3.1 an empty path", Frame.request(path: "")),
        message("8.3.1 two methods", Frame.request([(":method", "GET")])),
        message("8.3.1 two paths", [(":path", "/x")] + Frame.request()),
        message("8.3.1 a space in a path", Frame.request(path: "/a b")),
    ]

    private static func block(_ section: String, _ bytes: [UInt8]) -> BrokenRule {
        BrokenRule(section, [Frame(.headers, flags: 5, stream: 1, bytes)], .connection(compression))
    }

    private static let compressionRules = [
        block("7541 2.3.3 an index past the tables", [0xFE]),
        block("7541 4.2 a table's size behind a field", Frame.block(Frame.request()) + [0x20]),
        block(
            "7541 4.2 a table larger than allowed",
            Frame.integer(1 << 20, prefix: 5, flags: 0x20) + Frame.block(Frame.request())
        ),
        block("7541 5.1 a number that never ends", [0x7F] + .init(repeating: 0xFF, count: 12)),
        block(
            "7541 5.2 padding of eight bits",
            Frame.block(Frame.request()) + [
                0x00, 0x85, 0xF2, 0xB2, 0x4A, 0x84, 0xFF, 0x84, 0x49, 0x50, 0x9F, 0xFF,
            ]
        ),
        block(
            "7541 5.2 padding of zeros",
            Frame.block(Frame.request()) + [0x00, 0x85, 0xF2, 0xB2, 0x4A, 0x84, 0xFF, 0x83, 0x49, 0x50, 0x90]
        ),
        block(
            "7541 5.2 the end of a string within it",
            Frame.block(Frame.request()) + [
                0x00, 0x85, 0xF2, 0xB2, 0x4A, 0x84, 0xFF, 0x87, 0x49, 0x51, 0xFF, 0xFF, 0xFF, 0xFA, 0x7F,
            ]
        ),
        block("7541 6.1 the index 0", [0x80]),
    ]
}
