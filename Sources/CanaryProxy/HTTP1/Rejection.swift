// SPDX-License-Identifier: Apache-2.0

/// Why a message was refused. A refused message is never guessed at: it gets its status and a closed connection.
enum Rejection: UInt8, Error, CaseIterable {
    case malformedRequestLine, malformedStatusLine, badMethod, badTarget, badScheme
    case requestLineTooLong, unsupportedVersion
    case bareLineEnd, controlCharacter, foldedLine, malformedFieldName, spaceBeforeColon
    case headTooLarge, tooManyFields
    case missingHost, severalHosts, badHost
    case lengthAndEncoding, severalLengths, badLength
    case encodingInOldVersion, severalEncodings, badEncoding, unknownEncoding
    case badChunkSize, chunkExtensionTooLong, badChunkEnd, badTrailer, trailersTooLarge
    case unexpectedSwitch, badPath

    /// The status that a client gets for it.
    var status: Int {
        switch self {
        case .requestLineTooLong: 414
        case .headTooLarge, .tooManyFields, .trailersTooLarge: 431
        case .unknownEncoding: 501
        case .unsupportedVersion: 505
        default: 400
        }
    }

    /// The rule that the message broke, in words.
    var reason: StaticString {
        switch self {
        case .malformedRequestLine: "malformed request line"
        case .malformedStatusLine: "malformed status line"
        case .badMethod: "malformed method"
        case .badTarget: "malformed request target"
        case .badScheme: "unsupported scheme in the request target"
        case .requestLineTooLong: "request line too long"
        case .unsupportedVersion: "unsupported HTTP version"
        case .bareLineEnd: "line end that is not CRLF"
        case .controlCharacter: "control character in a field value"
        case .foldedLine: "folded header line"
        case .malformedFieldName: "malformed header name"
        case .spaceBeforeColon: "space before the colon of a header"
        case .headTooLarge: "header section too large"
        case .tooManyFields: "too many header fields"
        case .missingHost: "missing host header"
        case .severalHosts: "several host headers"
        case .badHost: "malformed host"
        case .lengthAndEncoding: "both content-length and transfer-encoding"
        case .severalLengths: "several content-length headers"
        case .badLength: "malformed content-length"
        case .encodingInOldVersion: "transfer-encoding in HTTP/1.0"
        case .severalEncodings: "several transfer-encoding headers"
        case .badEncoding: "transfer-encoding that does not end with one chunked"
        case .unknownEncoding: "unsupported transfer-encoding"
        case .badChunkSize: "malformed chunk size"
        case .chunkExtensionTooLong: "chunk extension too long"
        case .badChunkEnd: "malformed end of a chunk"
        case .badTrailer: "malformed or forbidden trailer"
        case .trailersTooLarge: "trailer section too large"
        case .unexpectedSwitch: "switch of protocols that nobody asked for"
        case .badPath: "path that cannot be normalised"
        }
    }
}

/// How much of a message head is accepted.
struct HeadLimits {
    /// Bytes of the whole head, line ends included.
    var headBytes = 65_536
    var fields = 100
    /// Bytes of the request line.
    var lineBytes = 32_768
}

/// What a parser made of the bytes that it was given.
enum ParseOutcome: Equatable {
    /// More bytes are needed.
    case incomplete
    /// The head takes this many bytes.
    case complete(Int)
    case rejected(Rejection)
}
